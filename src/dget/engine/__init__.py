"""The work: from a reference to a plan, from a plan to verified bytes in their places."""

from dget.engine.assemble import assemble
from dget.engine.cached_image import CachedImage
from dget.engine.fetched_layers import FetchedLayers
from dget.engine.plan import PullPlan, make_plan

__all__ = ["CachedImage", "FetchedLayers", "PullPlan", "assemble", "make_plan"]
