"""Any container image, from any registry, into a verified file that any engine loads.

    import dget
    result = dget.pull("alpine:3.20", output="alpine.tar.gz")

The names below are the public API; they load on first use, so that `import dget` stays cheap.
"""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.api import (
        ArchiveCheck,
        Client,
        ImageDetails,
        ImagePlan,
        LoginResult,
        LogoutResult,
        PullResult,
        TagList,
        check,
        inspect,
        login,
        logout,
        pull,
        tags,
    )
    from dget.config import Settings
    from dget.errors import DgetError
    from dget.model import ForeignLayers, Selection

__version__ = "0.1.0"

__all__ = [
    "ArchiveCheck",
    "Client",
    "DgetError",
    "ForeignLayers",
    "ImageDetails",
    "ImagePlan",
    "LoginResult",
    "LogoutResult",
    "PullResult",
    "Selection",
    "Settings",
    "TagList",
    "__version__",
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
            ".api": [
                "ArchiveCheck",
                "Client",
                "ImageDetails",
                "ImagePlan",
                "LoginResult",
                "LogoutResult",
                "PullResult",
                "TagList",
                "check",
                "inspect",
                "login",
                "logout",
                "pull",
                "tags",
            ],
            ".config": ["Settings"],
            ".errors": ["DgetError"],
            ".model": ["ForeignLayers", "Selection"],
        },
    )
