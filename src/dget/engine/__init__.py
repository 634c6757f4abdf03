"""The work: from a reference to a plan, from a plan to verified bytes in their places."""

from dget.engine.assemble import Assembly
from dget.engine.cached_image import CachedImage
from dget.engine.converted_image import CONVERTED_FROM, ConvertedImage
from dget.engine.download import Download
from dget.engine.fetched_layers import FetchedLayers
from dget.engine.image_source import ImageSource
from dget.engine.plan import PullPlan, make_plan
from dget.engine.several import Part, Several
from dget.engine.sources import Sources

__all__ = [
    "CONVERTED_FROM",
    "Assembly",
    "CachedImage",
    "ConvertedImage",
    "Download",
    "FetchedLayers",
    "ImageSource",
    "Part",
    "PullPlan",
    "Several",
    "Sources",
    "make_plan",
]
