"""What stands on a disk, and layers that have everything in them that is hard to unpack."""

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

TIME = 1_600_000_000
CAPABILITY = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """first: the first of all names of this file; content: its sha256, or a link's target, or a device's number."""

    type: str
    mode: int
    owner: tuple[int, int]
    size: int
    mtime_ns: int
    content: str
    first: str
    xattrs: tuple[tuple[str, bytes], ...]


def seen(root: Path, *, without: Iterable[str] = ()) -> dict[str, Seen]:
    """Everything below `root` and itself, by path. without: extended attributes that are not looked at."""
    found: dict[str, Seen] = {}
    first: dict[int, str] = {}
    paths = [root]
    for folder, folders, files in os.walk(root):
        paths += [Path(folder, name) for name in (*folders, *files)]
    for path in sorted(paths):
        name = str(path.relative_to(root))
        status = path.lstat()
        is_folder = stat.S_ISDIR(status.st_mode)
        found[name] = Seen(
            type=stat.filemode(status.st_mode)[0],
            mode=stat.S_IMODE(status.st_mode),
            owner=(status.st_uid, status.st_gid),
            size=0 if is_folder else status.st_size,
            mtime_ns=status.st_mtime_ns,
            content=_content(path, status),
            first=name if is_folder else first.setdefault(status.st_ino, name),
            xattrs=tuple(
                (key, os.getxattr(path, key, follow_symlinks=False))
                for key in sorted(os.listxattr(path, follow_symlinks=False))
                if key not in set(without)
            ),
        )
    return found


def without_times_since(tree: dict[str, Seen], moment: int) -> dict[str, Seen]:
    """Folders that no layer has an entry of are new where a tool lets them be: their times are not compared."""
    return {name: replace(one, mtime_ns=0) if one.mtime_ns > moment else one for name, one in tree.items()}


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return str(path.readlink())
    if stat.S_ISREG(status.st_mode):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return str(status.st_rdev) if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode) else ""


class LayerMaker:
    """A layer's tar, entry by entry."""

    def __init__(self) -> None:
        self._packed = io.BytesIO()
        self._tar = tarfile.open(  # noqa: SIM115 - closed by `done`
            fileobj=self._packed, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape"
        )

    def add(
        self,
        name: str,
        content: bytes = b"",
        *,
        kind: bytes = tarfile.REGTYPE,
        target: str = "",
        mode: int = 0o644,
        owner: tuple[int, int] = (0, 0),
        device: tuple[int, int] = (0, 0),
        mtime: str = str(TIME),
        xattrs: dict[str, bytes] | None = None,
    ) -> "LayerMaker":
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mode, member.size = kind, target, mode, len(content)
        member.uid, member.gid = owner
        member.devmajor, member.devminor = device
        member.mtime = int(float(mtime))
        records = {
            f"SCHILY.xattr.{key}": value.decode(errors="surrogateescape") for key, value in (xattrs or {}).items()
        }
        member.pax_headers = {**records, "mtime": mtime} if "." in mtime else records
        self._tar.addfile(member, io.BytesIO(content))
        return self

    def folder(self, name: str, mode: int = 0o755, **more) -> "LayerMaker":
        return self.add(name, kind=tarfile.DIRTYPE, mode=mode, **more)

    def symlink(self, name: str, target: str, **more) -> "LayerMaker":
        return self.add(name, kind=tarfile.SYMTYPE, target=target, mode=0o777, **more)

    def hardlink(self, name: str, target: str) -> "LayerMaker":
        return self.add(name, kind=tarfile.LNKTYPE, target=target)

    def done(self) -> bytes:
        self._tar.close()
        return self._packed.getvalue()


class MemoryLayers:
    """Layers that a test made. opened: their numbers, in order."""

    def __init__(self, layers: Sequence[bytes]) -> None:
        self._layers = layers
        self.opened: list[int] = []

    def __len__(self) -> int:
        return len(self._layers)

    def label(self, layer: int) -> str:
        return f"layer {layer + 1}"

    def fetch(self, layers: Iterable[int]) -> None:
        """They are here."""

    def open(self, layer: int) -> io.BytesIO:
        self.opened.append(layer)
        return io.BytesIO(self._layers[layer])


def hard_layers() -> list[bytes]:
    """Whiteouts, opaque folders, replaced kinds, links across layers, attributes, devices, odd names, times and modes."""
    base = LayerMaker().folder("./", 0o755).folder("etc").folder("usr").folder("usr/lib", 0o750, owner=(3, 4))
    base.symlink("lib", "usr/lib").symlink("absolute", "/usr").symlink("dangling", "nowhere/at/all")
    base.add("etc/passwd", b"root:x:0:0\n", mode=0o640, owner=(0, 42)).add("usr/lib/libc", b"c" * 70_000, mode=0o755)
    base.add("usr/su", b"su", mode=0o4755).add(
        "usr/ping", b"ping", mode=0o755, xattrs={"security.capability": CAPABILITY}
    )
    base.add(
        "usr/noted", b"n", xattrs={"user.note": b"bin\x00ary\xff=\n", "user.other": b"x"}, mtime=f"{TIME}.123456789"
    )
    base.hardlink("usr/noted2", "usr/noted").hardlink("usr/lib/deep", "./usr/noted")
    base.add("pipe", kind=tarfile.FIFOTYPE, mode=0o620)
    base.add("null", kind=tarfile.CHRTYPE, mode=0o666, device=(1, 3)).add("disk", kind=tarfile.BLKTYPE, device=(7, 99))
    base.folder("gone").add("gone/a", b"a").folder("gone/b").add("gone/b/c", b"c")
    base.folder("opaque", 0o711).add("opaque/old", b"old").folder("opaque/sub").add("opaque/sub/old", b"old")
    base.folder("turns").add("turns/x", b"x").add("becomes", b"file").add("shared", b"one").hardlink(
        "shared2", "shared"
    )
    base.folder("closed", 0o500).add("closed/in", b"in", mode=0o400).folder("sticky", 0o1777).folder("setgid", 0o2775)
    base.add("n\udcffame", b"not utf-8").add("späce name\n", b"odd").add("d" * 120 + "/" + "e" * 150, b"long")
    middle = LayerMaker().folder("etc").add("etc/.wh.passwd").add(".wh.gone").add("opaque/new", b"new")
    middle.folder("opaque", 0o700).add("opaque/.wh..wh..opq").add("turns", b"now a file").folder("becomes").add(
        "becomes/y"
    )
    middle.add("lib/through", b"through a symlink").add("absolute/lib/through2", b"2").add("lib/.wh.libc")
    middle.add("shared", b"two", mtime=str(TIME + 5)).hardlink("shared3", "shared2").folder("implicit/later/sub")
    middle.folder("back").add("back/keep", b"keep").add(".wh.back").add("a/b/c/deep", b"deep")
    top = LayerMaker().folder("gone").add("gone/again", b"again").add("shared2", b"three").folder("usr/lib", 0o755)
    top.add("owned", b"mine", owner=(1000, 2_000_000), mode=0o604).symlink("owned-link", "owned", owner=(7, 8))
    top.symlink("becomes", "etc").hardlink("link-to-link", "absolute").add("empty").add(".wh.never-was").folder(
        "./", 0o750
    )
    return [base.done(), middle.done(), top.done()]
