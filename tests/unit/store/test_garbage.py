"""Which images and blobs go."""

from hypothesis import given
from hypothesis import strategies as st

from dget.model import Digest
from dget.store.garbage import Kept, Rules, choose_garbage

DIGESTS = [Digest.of(bytes([number])) for number in range(12)]


@st.composite
def stocks(draw):
    """Images that share blobs, the sizes of those that are there, and what is in use."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    images = []
    for name in names:
        root = draw(st.sampled_from(DIGESTS))
        blobs = draw(st.frozensets(st.sampled_from(DIGESTS), max_size=6))
        images.append(Kept(name=name, root=root, blobs=blobs | {root}, used=draw(st.integers(0, 5))))
    sizes = draw(st.dictionaries(st.sampled_from(DIGESTS), st.integers(0, 100)))
    return images, sizes, draw(st.frozensets(st.sampled_from(DIGESTS), max_size=4))


rules = st.builds(
    Rules,
    named=st.none() | st.frozensets(st.sampled_from("abcdefgh")).map(lambda chosen: chosen.__contains__),
    before=st.none() | st.integers(0, 6),
    max_size=st.none() | st.integers(0, 400),
)


@given(stock=stocks(), rules=rules)
def test_what_is_in_use_or_needed_by_an_image_that_stays_never_goes(stock, rules):
    images, sizes, in_use = stock
    garbage = choose_garbage(images, sizes, in_use, rules)
    assert not garbage.blobs & in_use
    for image in images:
        if image.name not in garbage.images:
            assert not garbage.blobs & image.blobs


@given(stock=stocks(), rules=rules)
def test_all_that_nobody_needs_goes(stock, rules):
    images, sizes, in_use = stock
    garbage = choose_garbage(images, sizes, in_use, rules)
    needed = in_use.union(*(image.blobs for image in images if image.name not in garbage.images))
    assert garbage.blobs == sizes.keys() - needed


@given(stock=stocks())
def test_without_a_word_no_image_goes(stock):
    images, sizes, in_use = stock
    assert choose_garbage(images, sizes, in_use, Rules()).images == ()


@given(stock=stocks(), before=st.integers(0, 6))
def test_by_age_the_images_not_used_since_go_but_for_those_in_use(stock, before):
    images, sizes, in_use = stock
    garbage = choose_garbage(images, sizes, in_use, Rules(before=before))
    expected = {image.name for image in images if image.used < before and image.root not in in_use}
    assert set(garbage.images) == expected


@given(stock=stocks(), names=st.frozensets(st.sampled_from("abcdefgh")))
def test_named_images_go_and_no_others(stock, names):
    images, sizes, in_use = stock
    garbage = choose_garbage(images, sizes, in_use, Rules(named=names.__contains__))
    assert set(garbage.images) == names & {image.name for image in images}


@given(stock=stocks(), max_size=st.integers(0, 400))
def test_what_stays_has_the_size_or_is_in_use(stock, max_size):
    images, sizes, in_use = stock
    garbage = choose_garbage(images, sizes, in_use, Rules(max_size=max_size))
    size = sum(sizes.values()) - sum(sizes[digest] for digest in garbage.blobs)
    staying = [image for image in images if image.name not in garbage.images]
    assert size <= max_size or all(image.root in in_use for image in staying)


@given(stock=stocks(), max_size=st.integers(0, 400))
def test_for_size_the_image_used_longest_ago_goes_first_and_no_more_than_must(stock, max_size):
    images, sizes, in_use = stock
    gone = choose_garbage(images, sizes, in_use, Rules(max_size=max_size)).images
    by_use = [image for image in sorted(images, key=lambda one: (one.used, one.name)) if image.root not in in_use]
    assert list(gone) == [image.name for image in by_use[: len(gone)]]
    if gone:
        last = by_use[len(gone) - 1]
        needed = in_use | last.blobs
        needed = needed.union(*(image.blobs for image in images if image.name not in gone))
        assert sum(sizes.get(digest, 0) for digest in needed) > max_size


@given(stock=stocks(), rules=rules)
def test_a_second_time_nothing_more_goes(stock, rules):
    images, sizes, in_use = stock
    first = choose_garbage(images, sizes, in_use, rules)
    images = [image for image in images if image.name not in first.images]
    sizes = {digest: size for digest, size in sizes.items() if digest not in first.blobs}
    again = choose_garbage(images, sizes, in_use, rules)
    assert (again.images, again.blobs) == ((), frozenset())
