"""From a locator to the image that it means."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dget.archive.readers.docker_save import images_in_docker_archive, is_docker_archive
from dget.archive.readers.file_image import FileImage
from dget.archive.readers.listed import Listed, choose, name_from_file
from dget.archive.readers.members import Members
from dget.archive.readers.oci_layout import images_in_layout, is_layout, manifest_of_digest
from dget.archive.readers.open_members import open_members
from dget.errors import DamagedFile, UsageError
from dget.flow import Cancel, Observer, Warned
from dget.model import FileLocator, Reference


@contextmanager
def open_image(locator: FileLocator, *, cancel: Cancel, observer: Observer) -> Iterator[FileImage]:
    """The file stays open within the block. Raises NotFound, UsageError, DamagedFile, Unsupported, StorageError."""
    members = open_members(Path(locator.path), cancel=cancel, observer=observer)
    try:
        yield _image(members, locator, cancel, observer)
    finally:
        members.close()


def image_names(locator: FileLocator, *, cancel: Cancel, observer: Observer) -> list[str]:
    """Of all images in a file, as they can be asked for. Raises what `open_image` raises."""
    members = open_members(Path(locator.path), cancel=cancel, observer=observer)
    try:
        images = _images(members, locator, cancel, observer)
        return [name for image in images for name in image.names]
    finally:
        members.close()


def _image(members: Members, locator: FileLocator, cancel: Cancel, observer: Observer) -> FileImage:
    images = _images(members, locator, cancel, observer)
    behind = manifest_of_digest(members, locator.digest) if locator.digest else None
    names: tuple[str, ...] = (name_from_file(members.where, None),)
    if behind and not any(locator.digest in image.digests for image in images):
        # No name leads to it: it is one of an index's platforms.
        loaded, named = behind, False
    else:
        image, names = choose(images, locator)
        loaded, named = image.load(), image.named
    if not named:
        observer(Warned(text=f"the file gives this image no name: it is called {', '.join(names)}"))
    reference = Reference.parse(next((name for name in names if "@" not in name), names[0]))
    return FileImage(
        members=members,
        reference=reference,
        names=names,
        root=loaded.root,
        made=loaded.made,
        places=loaded.places,
        cancel=cancel,
    )


def _images(members: Members, locator: FileLocator, cancel: Cancel, observer: Observer) -> list[Listed]:
    _check_transport(locator)
    if locator.transport == "docker-archive":
        return images_in_docker_archive(members, cancel, observer)
    if locator.transport or is_layout(members):
        return images_in_layout(members)
    if is_docker_archive(members):
        return images_in_docker_archive(members, cancel, observer)
    raise DamagedFile(
        f"{locator.path} holds no image: neither index.json nor manifest.json is in it",
        hint="it was cut, or is no archive of images",
    )


def _check_transport(locator: FileLocator) -> None:
    is_folder = Path(locator.path).is_dir()
    if locator.transport == "oci" and not is_folder:
        raise UsageError(f"oci: is for a folder, and {locator.path} is a file", hint=f"oci-archive:{locator.path}")
    if locator.transport not in {None, "oci"} and is_folder:
        raise UsageError(f"{locator.path} is a folder", hint=f"an OCI image layout in a folder: oci:{locator.path}")
