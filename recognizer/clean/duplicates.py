"""Copies of one picture: near in perceptual hash, and confirmed by the features of the backbone.

The hash finds candidates quickly but calls many plain, similarly lit pictures near; two photos are called copies only
where the features agree as well.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recognizer.features import Features
from recognizer.photos import Decision, Issue, Photo

CHECK = "duplicate"
HASH_DISTANCE = 12  # of 64 bits
LIKENESS = 0.90  # cosine of two photos' features
BLOCK = 1024  # photos compared with all others at once


def find_duplicates(photos: Sequence[Photo], features: Features) -> list[Issue]:
    """Return an issue for each photo that is a copy of another one.

    Args:
        photos: the photos, n of them.
        features: their features, (n, channels).

    Returns:
        Issues on all but the best copy of each pair; the score is the likeness, `twin` names the better copy.
    """
    best: dict[str, Issue] = {}
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    for left, right in _near_pairs(photos):
        likeness = float(features[left] @ features[right])
        if likeness >= LIKENESS:
            worse, better = sorted((photos[left], photos[right]), key=_goodness)
            issue = Issue(worse.sha256, CHECK, min(likeness, 1.0), twin=better.sha256)
            best[worse.sha256] = max(issue, best.get(worse.sha256, issue), key=lambda i: i.score)
    return list(best.values())


def decide_duplicates(photos: Sequence[Photo], issues: Sequence[Issue]) -> list[Decision]:
    """Drop the worse copies; copies found under different labels are left for a person."""
    found_as = {photo.sha256: photo.found_as for photo in photos}
    return [
        Decision(issue.photo, "drop", f"copy of {issue.twin[:16]}")
        for issue in issues
        if issue.twin and found_as[issue.photo] == found_as[issue.twin]
    ]


def _goodness(photo: Photo) -> tuple[int, str]:
    """Rank copies: more pixels are better; the fingerprint settles ties."""
    return photo.width * photo.height, photo.sha256


def _near_pairs(photos: Sequence[Photo]) -> list[tuple[int, int]]:
    hashes = np.array([int(photo.phash, 16) for photo in photos], dtype=np.uint64)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(hashes), BLOCK):
        distances = np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes[None, :])
        left, right = np.nonzero(distances <= HASH_DISTANCE)
        pairs += _ordered(left + start, right)
    return pairs


def _ordered(left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    once = left < right
    return list(zip(left[once].tolist(), right[once].tolist(), strict=True))
