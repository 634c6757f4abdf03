"""The public face: what a program, and the command line, ask of dget."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
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

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".archive_check": ["ArchiveCheck", "check"],
            ".cache": ["Cache"],
            ".calls": ["inspect", "login", "logout", "pull", "tags"],
            ".client": ["Client"],
            ".file_results": ["CopyResult", "FileEntry", "FileList", "LayerFiles", "LayerList"],
            ".results": [
                "ConfigInEffect",
                "ConfigPath",
                "ImageDetails",
                "ImagePlan",
                "LayerPlan",
                "LoginResult",
                "LogoutResult",
                "ManyResult",
                "PullResult",
                "PulledImage",
                "QuotaReport",
                "TagList",
            ],
            "dget.engine.doctor": ["Diagnosis", "Finding"],
        },
    )
