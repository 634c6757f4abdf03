"""Who the person is to a registry: every place that may say so, in the order in which they are asked."""

from typing import TYPE_CHECKING

from dget.on_first_use import on_first_use

if TYPE_CHECKING:
    from dget.config.credentials.helper import BrokenHelper
    from dget.config.credentials.lookup import CredentialLookup
    from dget.config.credentials.own_store import Kept, OwnStore
    from dget.config.credentials.server_names import registry_name

__all__ = ["BrokenHelper", "CredentialLookup", "Kept", "OwnStore", "registry_name"]

if not TYPE_CHECKING:
    __getattr__ = on_first_use(
        __name__,
        {
            ".helper": ["BrokenHelper"],
            ".lookup": ["CredentialLookup"],
            ".own_store": ["Kept", "OwnStore"],
            ".server_names": ["registry_name"],
        },
    )
