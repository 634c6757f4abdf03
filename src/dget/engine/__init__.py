"""The work: from a reference to a plan, from a plan to verified bytes in their places."""

from dget.engine.assemble import Assembly
from dget.engine.cached_image import CachedImage
from dget.engine.fetched_layers import FetchedLayers
from dget.engine.plan import PullPlan, make_plan

__all__ = ["Assembly", "CachedImage", "FetchedLayers", "PullPlan", "make_plan"]
