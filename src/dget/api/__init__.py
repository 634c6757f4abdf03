"""The public face: what a program, and the command line, ask of dget."""

from dget.api.calls import inspect, pull, tags
from dget.api.client import Client
from dget.api.results import (
    ConfigInEffect,
    ConfigPath,
    ImageDetails,
    ImagePlan,
    LayerPlan,
    PullResult,
    QuotaReport,
    TagList,
)
from dget.engine.doctor import Diagnosis, Finding

__all__ = [
    "Client",
    "ConfigInEffect",
    "ConfigPath",
    "Diagnosis",
    "Finding",
    "ImageDetails",
    "ImagePlan",
    "LayerPlan",
    "PullResult",
    "QuotaReport",
    "TagList",
    "inspect",
    "pull",
    "tags",
]
