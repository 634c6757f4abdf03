"""The public face: what a program, and the command line, ask of dget."""

from dget.api.calls import inspect, login, logout, pull, tags
from dget.api.client import Client
from dget.api.results import (
    ImageDetails,
    ImagePlan,
    LayerPlan,
    LoginResult,
    LogoutResult,
    PullResult,
    TagList,
)

__all__ = [
    "Client",
    "ImageDetails",
    "ImagePlan",
    "LayerPlan",
    "LoginResult",
    "LogoutResult",
    "PullResult",
    "TagList",
    "inspect",
    "login",
    "logout",
    "pull",
    "tags",
]
