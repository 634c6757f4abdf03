"""How images are wanted: which of their platforms, into which form, under which names, and of which digests."""

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from dget.archive import Form, Format
from dget.config import Settings, machine_platform
from dget.config.lock_file import LockFile
from dget.errors import Unsupported, UsageError
from dget.model import PlatformWish, Reference, Selection
from dget.model.archive_names import archive_name, renamed


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """select: what of an image is wanted besides; names: by image as it is asked for, fully qualified, in place of its
    own; lock: which digests tags stand for.
    """

    wish: PlatformWish
    form: Form
    keep_index: bool
    select: Selection
    names: Mapping[str, tuple[str, ...]]
    lock: LockFile | None

    @classmethod
    def of(
        cls,
        wish: PlatformWish,
        form: Form,
        *,
        keep_index: bool,
        select: Selection,
        names: Mapping[str, Sequence[str]],
        lock: LockFile | None,
    ) -> Self:
        """names: as a person writes them. Raises UsageError, and Unsupported where the form cannot hold what is selected."""
        if select.companions and not form.is_oci:
            raise Unsupported(
                f"a {form.format} holds no attestations, signatures and other referrers",
                hint="take --format oci-archive or --format oci-dir",
            )
        if text := next((given for given in names.values() if isinstance(given, str)), None):
            raise UsageError(f"names are a list of texts, and {text!r} is one text", hint=f"write [{text!r}]")
        full = {image: tuple(map(archive_name, given)) for image, given in names.items() if given}
        if full and form.format is Format.ROOTFS:
            raise UsageError("a root file system has no name in it", hint="leave out --name; -o names the file")
        return cls(wish=wish, form=form, keep_index=keep_index, select=select, names=full, lock=lock)

    def names_of(self, image: str, own: Sequence[str]) -> tuple[str, ...]:
        """What engines are to call it. own: the names that it has where it is."""
        names = renamed(own, self.names[image]) if image in self.names else own
        return tuple(name for name in names if self.form.is_layout or "@" not in name)

    def locks(self, reference: Reference) -> bool:
        """Whether the digest that is asked for is the lock's. Raises UsageError, StorageError."""
        locked = self.lock.digest(reference) if self.lock else None
        return locked is not None and reference.digest == locked


def wish_of(platform: str | None, settings: Settings) -> PlatformWish:
    """platform: as a person writes it; by default the settings' own, and else this machine's."""
    wanted = platform or settings.platform
    return PlatformWish.parse(wanted) if wanted else machine_wish()


def machine_wish() -> PlatformWish:
    return PlatformWish.of_machine(machine_platform())
