"""Which images and blobs go: a decision, from what there is, what it is needed for, and what was asked."""

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from dget.model import Digest


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An image as this decision sees it. root: what its name leads to; blobs: all that it needs; used: unix time."""

    name: str
    root: Digest
    blobs: frozenset[Digest]
    used: float


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; without a word, only blobs that no image needs go.

    named: the images that may go, by name; None means all of them, if `before` is given. before: of these, those whose
    last use was earlier, unix time; max_size: bytes that all blobs may have together, the image used longest ago goes
    first.
    """

    named: Callable[[str], bool] | None = None
    before: float | None = None
    max_size: int | None = None


class Garbage(msgspec.Struct, frozen=True, kw_only=True):
    images: tuple[str, ...]
    blobs: frozenset[Digest]


def choose_garbage(
    images: Iterable[Kept], sizes: Mapping[Digest, int], in_use: Collection[Digest], rules: Rules
) -> Garbage:
    """sizes: of all blobs that are there; in_use: what running processes need, and what therefore stays.

    An image whose root is in use stays, unless it is named: then its blobs stay, and its name goes.
    """
    going: list[Kept] = []
    staying: list[Kept] = []
    for image in sorted(images, key=lambda image: (image.used, image.name)):
        (going if _is_asked_for(image, in_use, rules) else staying).append(image)
    users = _users(staying, in_use)
    if rules.max_size is not None:
        size = sum(sizes.get(digest, 0) for digest in users)
        for image in staying:
            if size <= rules.max_size:
                break
            if image.root in in_use:
                continue
            going.append(image)
            size -= sum(sizes.get(digest, 0) for digest in _last_user_leaves(users, image))
    return Garbage(
        images=tuple(image.name for image in going), blobs=frozenset(digest for digest in sizes if digest not in users)
    )


def _is_asked_for(image: Kept, in_use: Collection[Digest], rules: Rules) -> bool:
    if rules.named is None and rules.before is None:
        return False
    if rules.named is not None and not rules.named(image.name):
        return False
    if rules.before is None:
        return True
    return image.used < rules.before and image.root not in in_use


def _users(images: Iterable[Kept], in_use: Iterable[Digest]) -> dict[Digest, int]:
    """How many need each blob."""
    users = dict.fromkeys(in_use, 1)
    for image in images:
        for digest in image.blobs:
            users[digest] = users.get(digest, 0) + 1
    return users


def _last_user_leaves(users: dict[Digest, int], image: Kept) -> list[Digest]:
    """The blobs that nobody but this image needed, which are taken off."""
    gone = []
    for digest in image.blobs:
        users[digest] -= 1
        if users[digest] == 0:
            del users[digest]
            gone.append(digest)
    return gone
