"""The public face: what a program, and the command line, ask of dget."""

from dget.api.calls import inspect, login, logout, pull, tags
from dget.api.client import Client
from dget.api.file_results import CopyResult, FileEntry, FileList, LayerFiles, LayerList
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
    "CopyResult",
    "FileEntry",
    "FileList",
    "ImageDetails",
    "ImagePlan",
    "LayerFiles",
    "LayerList",
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
