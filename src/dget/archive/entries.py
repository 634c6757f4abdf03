"""Which members an archive has, in which order: a pure function of its contents."""

from collections.abc import Sequence

import msgspec

from dget.archive.documents import OCI_LAYOUT, blob_name, documents, index_json, manifest_json
from dget.archive.form import Format
from dget.errors import Unsupported
from dget.model import Contents, Descriptor
from dget.model.artifact_kind import describe


class Entry(msgspec.Struct, frozen=True):
    """content: the bytes of a document, or the descriptor of a blob that is still to come."""

    name: str
    content: bytes | Descriptor

    @property
    def size(self) -> int:
        return self.content.size if isinstance(self.content, Descriptor) else len(self.content)


def entries(format: Format, contents: Contents) -> Sequence[Entry]:  # noqa: A002 - the field's word
    """Those of a docker-archive or an oci-archive. Raises Unsupported where the format cannot hold the contents."""
    if format is Format.OCI_ARCHIVE:
        return oci_entries(contents)
    check_docker_holds(contents, format)
    return (*oci_entries(contents), Entry("manifest.json", manifest_json(contents)))


def oci_entries(contents: Contents) -> Sequence[Entry]:
    """An OCI layout. The documents that name the images come last, so that a cut file is refused and not half loaded."""
    return (
        Entry(*OCI_LAYOUT),
        *(Entry(blob_name(digest), raw) for digest, raw in documents(contents).items()),
        *(Entry(blob_name(blob.digest), blob) for blob in contents.blobs),
        Entry("index.json", index_json(contents)),
    )


def check_docker_holds(contents: Contents, format: Format) -> None:  # noqa: A002
    """Docker's formats know one platform a name, and images alone. Raises Unsupported."""
    for image in contents.images:
        if not image.runs:
            raise Unsupported(
                f"{', '.join(image.names) or image.manifest.descriptor.digest} is no container image but "
                f"{describe(image.manifest.value)}: a {format} cannot hold it, and no engine could load it",
                hint="keep it as an OCI layout: --format oci-archive or --format oci-dir",
            )
    if contents.companions:
        raise Unsupported(
            f"a {format} holds no attestations, signatures and other referrers",
            hint="take --format oci-archive or --format oci-dir",
        )
    for name, images in contents.by_name.items():
        if len(images) > 1:
            platforms = ", ".join(str(image.platform) for image in images)
            raise Unsupported(
                f"a {format} holds one platform a name, and {name} comes for {platforms}",
                hint="take --format oci-archive or --format oci-dir, or a file for each platform",
            )
