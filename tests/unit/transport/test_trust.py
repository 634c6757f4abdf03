"""The system's authorities: looked up one by one where a folder has the same as the bundle."""

import pytest

from dget.transport.trust import TrustStore, trust_store

CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
LONGER = CERTIFICATE.replace(b"AAAA", b"AAAAAAAA")


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "ca-certificates.crt"
    path.write_bytes(CERTIFICATE + LONGER)
    return path


def hashed(folder, **certificates):
    for name, certificate in certificates.items():
        (folder / f"{name[1:]}.0").write_bytes(certificate)


def test_a_folder_of_the_same_authorities_comes_in_place_of_the_bundle(bundle):
    hashed(bundle.parent, _0a1b2c3d=CERTIFICATE, _4e5f6a7b=LONGER)
    assert trust_store([], {}, [str(bundle)]) == TrustStore(folder=str(bundle.parent))


def test_a_person_s_own_authority_is_trusted_beside_the_folder(bundle, tmp_path):
    hashed(bundle.parent, _0a1b2c3d=CERTIFICATE, _4e5f6a7b=LONGER)
    own = tmp_path / "own.pem"
    own.write_bytes(CERTIFICATE)
    store = trust_store([own], {}, [str(bundle)])
    assert store.folder == str(bundle.parent)
    assert store.own is not None
    assert store.own.count(CERTIFICATE) == 1


@pytest.mark.parametrize(
    "certificates",
    [
        {},
        {"_0a1b2c3d": CERTIFICATE},
        {"_0a1b2c3d": CERTIFICATE, "_4e5f6a7b": LONGER, "_8c9d0e1f": CERTIFICATE},
        # As many, and others: a company's was added to the bundle by hand, and the folder has one of its own.
        {"_0a1b2c3d": LONGER, "_4e5f6a7b": LONGER},
    ],
)
def test_a_folder_of_others_is_not_the_bundle(bundle, certificates):
    hashed(bundle.parent, **certificates)
    assert trust_store([], {}, [str(bundle)]) == TrustStore(str(bundle))


def test_a_link_that_leads_nowhere_makes_it_another_folder(bundle):
    hashed(bundle.parent, _0a1b2c3d=CERTIFICATE, _4e5f6a7b=LONGER)
    (bundle.parent / "8c9d0e1f.0").symlink_to("gone.pem")
    assert trust_store([], {}, [str(bundle)]) == TrustStore(str(bundle))


def test_an_empty_bundle_is_no_folder_of_none(bundle):
    bundle.write_bytes(b"")
    assert trust_store([], {}, [str(bundle)]) == TrustStore(str(bundle))


def test_a_bundle_that_the_person_names_is_read_as_it_is(bundle):
    hashed(bundle.parent, _0a1b2c3d=CERTIFICATE, _4e5f6a7b=LONGER)
    assert trust_store([], {"SSL_CERT_FILE": str(bundle)}, []) == TrustStore(str(bundle))
