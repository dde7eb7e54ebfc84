"""Photos among those of people that seem to show nobody: no face is found in them, and they are unlike those with one.

A missing face alone says little: people in festival dress turn away. So what counts is how far a photo is from those
most like it that show a face, which is blurred for that, so that the rest of the picture tells; an issue is what is
much farther from them than nearly all of these are from each other. For people to look at: no rule goes by it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recognizer.networks.lda import Floats
from recognizer.store.rows import WORTH_A_LOOK, Issue, Photo

CHECK = "no_person"
NEAREST = 5  # photos with a face that a photo is compared with
NEARLY_ALL = 0.99  # of the photos with a face
FARTHER = 1.5  # times than nearly all of these are from each other, from which a photo is an issue
BLOCK = 1024  # photos compared with those that show a face at once
LEAST = 20  # photos with a face; fewer say little of how alike such photos are


def find_no_person(photos: Sequence[Photo], features: Floats, shows_face: npt.NDArray[np.bool_]) -> list[Issue]:
    """Return an issue for each photo without a face that is unlike the photos with one.

    Args:
        photos: the photos, n of them.
        features: of each, of those with a face when that is blurred, (n, channels).
        shows_face: whether a face is found in each, (n,).
    """
    if shows_face.sum() < LEAST:
        return []
    distances = _distances(features, shows_face)
    limit = FARTHER * max(float(np.quantile(distances[shows_face], NEARLY_ALL)), 1e-9)
    scores = 1 - 0.5 ** (distances / limit)
    return [
        Issue(photo.sha256, CHECK, float(score))
        for photo, score, shown in zip(photos, scores, shows_face, strict=True)
        if not shown and score >= WORTH_A_LOOK
    ]


def _distances(features: Floats, shows_face: npt.NDArray[np.bool_]) -> Floats:
    """Return the mean cosine distance of each photo to the nearest other photos that show a face, (n,)."""
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    own = np.cumsum(shows_face) - 1  # the place of a photo among those with a face
    blocks = []
    for start in range(0, len(unit), BLOCK):
        shown = shows_face[start : start + BLOCK]
        alike = unit[start : start + BLOCK] @ unit[shows_face].T
        alike[np.flatnonzero(shown), own[start : start + BLOCK][shown]] = -np.inf  # itself
        alike.partition(alike.shape[1] - NEAREST, axis=1)
        blocks.append(1 - alike[:, -NEAREST:].mean(axis=1))
    return np.concatenate(blocks)
