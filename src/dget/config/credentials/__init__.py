"""Who the person is to a registry: every place that may say so, in the order in which they are asked."""

from dget.config.credentials.helper import BrokenHelper
from dget.config.credentials.lookup import CredentialLookup
from dget.config.credentials.own_store import Kept, OwnStore
from dget.config.credentials.server_names import registry_name

__all__ = ["BrokenHelper", "CredentialLookup", "Kept", "OwnStore", "registry_name"]
