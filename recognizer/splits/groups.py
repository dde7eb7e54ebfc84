"""Photos that belong together, and which are held out by their fingerprints; `splits.py` brings the two together."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from recognizer.store.rows import Issue, Photo


def group_photos(photos: Sequence[Photo], issues: Iterable[Issue]) -> list[str]:
    """Name the group of each photo.

    Args:
        photos: all photos of the store, n of them, in its order.
        issues: all issues; those with a twin bind two photos together.

    Returns:
        For each photo the sha256 of the first photo of its group, n of them.
    """
    place = {photo.sha256: number for number, photo in enumerate(photos)}
    pairs = [(place[i.photo], place[i.twin]) for i in issues if i.twin in place and i.photo in place]
    numbers = number_groups(pairs, len(photos))
    first: dict[int, str] = {}
    for number, photo in zip(numbers, photos, strict=True):
        first.setdefault(number, photo.sha256)
    return [first[number] for number in numbers]


def number_groups(pairs: Collection[tuple[int, int]], count: int) -> list[int]:
    """Number the group of each of `count` things, of which those in a pair belong together."""
    left, right = np.array(list(pairs), dtype=int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(left)), (left, right)), shape=(count, count))
    _, numbers = connected_components(links, directed=False)
    groups: list[int] = numbers.tolist()
    return groups


def tested_groups(photos: Sequence[Photo], groups: Sequence[str], share: float) -> set[str]:
    """Return the groups of those photos that are held out.

    Args:
        photos: n photos.
        groups: the group of each.
        share: of the photos, held out.
    """
    return {group for photo, group in zip(photos, groups, strict=True) if is_held_out(photo.sha256, share)}


def is_held_out(sha256: str, share: float) -> bool:
    """Tell whether a photo is held out.

    Args:
        sha256: its fingerprint, which alone decides, so that it stays the same when photos are added.
        share: of all photos, between 0 and 1.
    """
    return int(sha256[:8], 16) / 2**32 < share
