"""Structs that hold secrets, and do not show them."""

import msgspec
import pytest

from dget.config import Settings
from dget.config.mirrors import Host
from dget.config.proxy import Proxy
from dget.discreet import Discreet
from dget.protocol.auth import Authority, Credential, Scope

HOLDERS = [
    Settings(username="ann", password="geheim", environment={"TOKEN": "geheim"}),
    Settings(proxy="http://ann:geheim@proxy.example:3128", environment={}),
    Host(url="https://a.example/v2", repository="b", source="c", headers=(("X-Key", "geheim"),)),
    Proxy(scheme="http", host="proxy.example", port=3128, username="ann", password="geheim"),
    Credential(username="ann", password="geheim", identity_token="geheim", registry_token="geheim"),
    Authority("https://a.example", authorizations={Scope(): ("Basic geheim", 1.0)}, newer_tokens={"geheim": "geheim"}),
]


class Note(Discreet, msgspec.Struct, frozen=True):
    secrets = frozenset(("text",))

    title: str
    text: str


def test_what_is_no_secret_is_shown_as_of_any_struct():
    assert repr(Note("one", "geheim")) == "Note(title='one')"


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_no_secret_is_shown_by_repr_or_rich(holder):
    assert "geheim" not in repr(holder) + str(holder) + repr(holder.__rich_repr__())


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_what_is_called_a_secret_is_a_field(holder):
    assert holder.secrets <= set(holder.__struct_fields__)
