"""The public face: what a program, and the command line, ask of dget."""

from dget.api.archive_check import ArchiveCheck, check
from dget.api.cache import Cache
from dget.api.calls import inspect, login, logout, pull, tags
from dget.api.client import Client
from dget.api.file_results import CopyResult, FileEntry, FileList, LayerFiles, LayerList
from dget.api.results import (
    ConfigInEffect,
    ConfigPath,
    ImageDetails,
    ImagePlan,
    LayerPlan,
    LoginResult,
    LogoutResult,
    ManyResult,
    PulledImage,
    PullResult,
    QuotaReport,
    TagList,
)
from dget.engine.doctor import Diagnosis, Finding

__all__ = [
    "ArchiveCheck",
    "Cache",
    "Client",
    "ConfigInEffect",
    "ConfigPath",
    "CopyResult",
    "Diagnosis",
    "FileEntry",
    "FileList",
    "Finding",
    "ImageDetails",
    "ImagePlan",
    "LayerFiles",
    "LayerList",
    "LayerPlan",
    "LoginResult",
    "LogoutResult",
    "ManyResult",
    "PullResult",
    "PulledImage",
    "QuotaReport",
    "TagList",
    "check",
    "inspect",
    "login",
    "logout",
    "pull",
    "tags",
]
