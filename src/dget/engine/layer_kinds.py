"""Which layers an image has: what is to happen with foreign ones, and who cannot read others."""

from collections.abc import Iterator

from dget.errors import Unsupported
from dget.model import Digest, ForeignLayers, Manifest
from dget.model.media_type import is_foreign_layer, is_zstd_layer


def left_out(manifest: Manifest, foreign_layers: ForeignLayers, subject: str) -> frozenset[Digest]:
    """Layers that stay where they are. subject: the image, for errors. Raises Unsupported."""
    foreign = [layer for layer in manifest.layers if is_foreign_layer(layer.media_type)]
    match foreign_layers:
        case ForeignLayers.REFUSE if foreign:
            raise Unsupported(
                f"{subject} has a foreign layer, that its registry may not hand out itself: {foreign[0].digest}",
                hint="--foreign-layers fetch takes it from where its publisher has it, skip leaves it out",
            )
        case ForeignLayers.SKIP:
            return frozenset(layer.digest for layer in foreign)
    return frozenset()


def warnings_of(manifest: Manifest, skipped: frozenset[Digest], *, as_they_are: bool) -> Iterator[str]:
    """What a person should know of an image's layers. as_they_are: whether Docker will get them packed as they are."""
    if skipped:
        yield (
            f"{len(skipped)} foreign layers are left out (--foreign-layers skip): the image runs only where an engine has "
            "them already, or may fetch them"
        )
    if as_they_are and any(is_zstd_layer(layer.media_type) for layer in manifest.layers):
        yield (
            "this image has layers in zstd, which Docker before 23.0 cannot load: --format docker-legacy unpacks them"
        )
