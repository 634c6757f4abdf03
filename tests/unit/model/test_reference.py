"""Image names as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.errors import UsageError
from dget.model import Digest, Reference, registry_host, wire_host

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "name", "selector"),
    [
        ("alpine", "docker.io/library/alpine", "latest"),
        ("alpine:3.20", "docker.io/library/alpine", "3.20"),
        ("bitnami/redis", "docker.io/bitnami/redis", "latest"),
        ("docker.io/alpine", "docker.io/library/alpine", "latest"),
        ("index.docker.io/library/alpine:1", "docker.io/library/alpine", "1"),
        ("localhost/x", "localhost/x", "latest"),
        ("localhost:5000/x:y", "localhost:5000/x", "y"),
        ("host:5000/a/b/c/d", "host:5000/a/b/c/d", "latest"),
        ("quay.io/a/b:1", "quay.io/a/b", "1"),
        ("Upper/x", "Upper/x", "latest"),
        ("[::1]:5000/x", "[::1]:5000/x", "latest"),
        (f"alpine@{DIGEST}", "docker.io/library/alpine", DIGEST),
        (f"alpine:3.20@{DIGEST}", "docker.io/library/alpine", DIGEST),
        ("docker://alpine", "docker.io/library/alpine", "latest"),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "latest"),
    ],
)
def test_every_form_is_read(text, name, selector):
    reference = Reference.parse(text)
    assert (reference.name, reference.selector) == (name, selector)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("my image", "space"),
        ("Alpine", "upper case"),
        ("quay.io/Foo/bar", "upper case"),
        ("https://quay.io/x", "web address"),
        ("a" * 64, "image ID"),
        ("x@sha256:12", "invalid digest"),
        (DIGEST, "a digest alone"),
        ("x@md5:" + "a" * 32, "invalid digest"),
        ("x:", "invalid tag"),
        ("x:" + "t" * 129, "invalid tag"),
        ("x:-t", "invalid tag"),
        ("x//y", "invalid image name"),
        ("-x", "invalid image name"),
        ("bad_host:5000/x", "invalid registry host"),
        ("quay.io/" + "a" * 300, "longer than 255"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(text, said):
    with pytest.raises(UsageError, match=said):
        Reference.parse(text)


def test_a_name_without_a_host_is_at_the_default_registry_and_gets_library_on_docker_hub_alone():
    assert Reference.parse("x", default_domain="reg.example:5000").name == "reg.example:5000/x"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3", "docker.io/library/alpine:3"),
        (f"alpine@{DIGEST}", "docker.io/library/alpine:sha256-a1a1a1a1a1a1"),
        (f"alpine:3@{DIGEST}", "docker.io/library/alpine:3"),
    ],
)
def test_the_archive_always_carries_a_tag(text, name):
    assert Reference.parse(text).archive_name == name


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_a_usage_error(text):
    try:
        reference = Reference.parse(text)
    except UsageError:
        return
    assert Reference.parse(str(reference)).archive_name == reference.archive_name


@pytest.mark.parametrize("text", ["sha256:", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha1:" + "a" * 40, "x"])
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(ValueError, match="not a sha256"):
        Digest.parse(text)


@pytest.mark.parametrize(
    ("word", "host"),
    [
        ("quay.io", "quay.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("localhost", "localhost"),
        ("localhost:5000", "localhost:5000"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("https://registry:5000/", "registry:5000"),
        ("http://harbor", "harbor"),
        ("redis:7", None),
        ("alpine:3.20", None),
        ("alpine", None),
        ("quay.io/a/b", None),
        ("https://quay.io/a/b", None),
        ("a.b@c", None),
    ],
)
def test_a_registry_is_told_from_an_image(word, host):
    assert registry_host(word) == host


def test_docker_hub_answers_under_another_name():
    assert (wire_host("docker.io"), wire_host("quay.io")) == ("registry-1.docker.io", "quay.io")


@pytest.mark.parametrize("name", ["docker.io/quay.io/a", "docker.io/localhost/a", "docker.io/library/a/b"])
def test_no_image_is_shown_under_the_name_of_another(name):
    assert Reference.parse(str(Reference.parse(name))) == Reference.parse(f"{name}:latest")


def test_a_short_name_is_shown_short():
    assert [Reference.parse(f"docker.io/{name}").familiar_name for name in ("library/a", "a/b", "a.b")] == [
        "a",
        "a/b",
        "a.b",
    ]


@pytest.mark.parametrize("host", ["[::::]:5000", "[1]", "localhost:65536", "localhost:" + "9" * 5000])
def test_what_is_no_address_or_port_is_no_registry(host):
    with pytest.raises(UsageError):
        Reference.parse(f"{host}/x")
    assert registry_host(host) is None


def test_addresses_and_ports_are_registries():
    for host in ("[::1]", "[::1]:5000", "127.0.0.1:65535", "localhost"):
        assert Reference.parse(f"{host}/x").domain == host
