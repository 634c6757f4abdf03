"""The names that registries give to kinds of bytes.

Source: OCI image specification, media-types.md; distribution, docs/spec/manifest-v2-2.md.
"""

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_LAYER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd"
DOCKER_PLUGIN_CONFIG = "application/vnd.docker.plugin.v1+json"

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"

# All in one Accept: asking for index types alone makes single-manifest images fail.
ACCEPT_MANIFESTS = ", ".join(
    (OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1)
)

INDEXES = frozenset((DOCKER_INDEX, OCI_INDEX))
IMAGE_CONFIGS = frozenset((DOCKER_CONFIG, OCI_CONFIG))

_LAYER_PREFIXES = ("application/vnd.docker.image.rootfs.", "application/vnd.oci.image.layer.")


def is_layer(media_type: str) -> bool:
    """A file system layer, of any compression."""
    return media_type.startswith(_LAYER_PREFIXES)


def is_foreign_layer(media_type: str) -> bool:
    """A layer that registries may not hand out themselves (Windows bases)."""
    return is_layer(media_type) and (".foreign." in media_type or ".nondistributable." in media_type)


def is_zstd_layer(media_type: str) -> bool:
    return is_layer(media_type) and media_type.endswith(("+zstd", ".zstd"))
