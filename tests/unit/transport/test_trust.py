"""The system's authorities: looked up one by one where a folder has the same as the bundle."""

import pytest

from dget.transport.trust import TrustStore, trust_store

CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "ca-certificates.crt"
    path.write_bytes(2 * CERTIFICATE)
    return path


def hashed(folder, *names):
    for name in names:
        (folder / name).write_bytes(CERTIFICATE)


def test_a_folder_of_the_same_authorities_comes_in_place_of_the_bundle(bundle):
    hashed(bundle.parent, "0a1b2c3d.0", "0a1b2c3d.1")
    assert trust_store([], {}, [str(bundle)]) == TrustStore(folder=str(bundle.parent))


def test_a_person_s_own_authority_is_trusted_beside_the_folder(bundle, tmp_path):
    hashed(bundle.parent, "0a1b2c3d.0", "4e5f6a7b.0")
    own = tmp_path / "own.pem"
    own.write_bytes(CERTIFICATE)
    store = trust_store([own], {}, [str(bundle)])
    assert store.folder == str(bundle.parent)
    assert store.own is not None
    assert store.own.count(CERTIFICATE) == 1


@pytest.mark.parametrize(
    "names", [[], ["0a1b2c3d.0"], ["0a1b2c3d.0", "4e5f6a7b.0", "8c9d0e1f.0"], ["company.pem", "a.crt"]]
)
def test_a_folder_that_has_fewer_or_more_is_not_the_bundle(bundle, names):
    hashed(bundle.parent, *names)
    assert trust_store([], {}, [str(bundle)]) == TrustStore(str(bundle))


def test_a_bundle_that_the_person_names_is_read_as_it_is(bundle):
    hashed(bundle.parent, "0a1b2c3d.0", "4e5f6a7b.0")
    assert trust_store([], {"SSL_CERT_FILE": str(bundle)}, []) == TrustStore(str(bundle))
