"""Photos that belong together, and the part of them that is held out.

Copies of one picture form a group, and a group is held out or used for training as a whole. Which of the two follows
from the fingerprint of the group's first photo alone, so it stays the same when photos are added, but for a copy that
the store lists before that photo.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from recognizer.photos import Issue, Photo


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
    left, right = np.array(pairs, dtype=int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(left)), (left, right)), shape=(len(photos), len(photos)))
    _, numbers = connected_components(links, directed=False)
    first: dict[int, str] = {}
    for number, photo in zip(numbers, photos, strict=True):
        first.setdefault(int(number), photo.sha256)
    return [first[int(number)] for number in numbers]


def is_held_out(group: str, share: float) -> bool:
    """Tell whether a group is held out.

    Args:
        group: the sha256 that names the group.
        share: of all groups, between 0 and 1.
    """
    return int(group[:8], 16) / 2**32 < share


def split_photos(photos: Sequence[Photo], groups: Sequence[str], share: float) -> tuple[list[Photo], list[Photo]]:
    """Split photos into a training part and a held-out part.

    Args:
        photos: the photos.
        groups: the group of each.
        share: of the groups, held out.

    Returns:
        The photos to train with, and those held out.
    """
    pairs = list(zip(photos, groups, strict=True))
    training = [photo for photo, group in pairs if not is_held_out(group, share)]
    return training, [photo for photo, group in pairs if is_held_out(group, share)]
