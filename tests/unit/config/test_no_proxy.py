"""Which hosts `NO_PROXY` takes off the proxy's hands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.no_proxy import NoProxy


@pytest.mark.parametrize(
    ("text", "host", "port", "covered"),
    [
        ("", "a.corp", 443, False),
        ("*", "a.corp", 443, True),
        ("other,*", "a.corp", 443, True),
        ("corp", "corp", 443, True),
        ("corp", "a.b.corp", 443, True),
        ("corp", "acorp", 443, False),
        (".corp", "a.corp", 443, True),
        (".corp", "corp", 443, False),
        ("*.corp", "a.corp", 443, True),
        ("*.corp", "corp", 443, False),
        ("A.Corp", "a.cORP", 443, True),
        ("a.corp.", "a.corp", 443, True),
        ("a.corp", "a.corp.", 443, True),
        (" x , a.corp ,y", "a.corp", 443, True),
        ("x a.corp", "a.corp", 443, True),
        ("a.corp:5000", "a.corp", 5000, True),
        ("a.corp:5000", "a.corp", 443, False),
        ("*:5000", "a.corp", 5000, True),
        ("*:5000", "a.corp", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.1/8", "10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3:5000", "10.1.2.3", 5000, True),
        ("10.1.2.3:5000", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "ten.corp", 443, False),
        ("1.2.3", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 443, True),
        ("fd00::/8", "fd00::1", 443, True),
        ("fd00::/8", "[fd00::1]", 443, True),
        ("fd00::1", "fd00::1", 443, True),
        ("[fd00::1]", "fd00::1", 443, True),
        ("[fd00::1]:5000", "fd00::1", 5000, True),
        ("[fd00::1]:5000", "fd00::1", 443, False),
        ("::1", "::1", 5000, True),
        (",:,[,/8,:99", "a.corp", 443, False),
    ],
)
def test_what_is_covered(text, host, port, covered):
    assert NoProxy.parse(text).covers(host, port) is covered


@given(st.text(max_size=40), st.text(max_size=20), st.integers(1, 65535))
def test_no_text_breaks_it(text, host, port):
    assert NoProxy.parse(text).covers(host, port) in (True, False)
