"""The work: from a reference to a plan, from a plan to verified bytes in their places."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.engine.assemble import TO_BE_CONTINUED, Assembly
    from dget.engine.cached_image import CachedImage
    from dget.engine.converted_image import ConvertedImage
    from dget.engine.download import Download
    from dget.engine.fetched_layers import FetchedLayers
    from dget.engine.image_source import ImageSource
    from dget.engine.plan import PullPlan, make_plan
    from dget.engine.several import Part, Several
    from dget.engine.sources import Sources

__all__ = [
    "TO_BE_CONTINUED",
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

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".assemble": ["TO_BE_CONTINUED", "Assembly"],
            ".cached_image": ["CachedImage"],
            ".converted_image": ["ConvertedImage"],
            ".download": ["Download"],
            ".fetched_layers": ["FetchedLayers"],
            ".image_source": ["ImageSource"],
            ".plan": ["PullPlan", "make_plan"],
            ".several": ["Part", "Several"],
            ".sources": ["Sources"],
        },
    )
