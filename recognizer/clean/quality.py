"""Pictures of poor quality: they show next to nothing, or are tiny, blurred, dark or light beside the others.

What is blurred, dark or light depends on what is photographed, so these are told by the photos at hand: outliers by
the modified z-score of 3.5 that Iglewicz and Hoaglin (1993) recommend. Measures: the variance of the Laplacian
(Pech-Pacheco et al., 2000), and the percentiles of brightness that cleanvision uses.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from recognizer.clean.geometry import Planes
from recognizer.photos import WORTH_A_LOOK, Decision, Issue, Photo

EMPTY = "empty"
CHECKS = (EMPTY, "tiny", "blurred", "dark", "light")
FLAT = 8.0  # grey levels: a picture whose brightness varies less shows nothing
OUTLIER = 3.5  # modified z-score
Floats = npt.NDArray[np.float64]


def find_poor(photos: Sequence[Photo], planes: Planes, size: int) -> list[Issue]:
    """Return an issue for each photo of poor quality and each check that finds it so.

    Args:
        photos: the photos, n of them.
        planes: their pictures, as `geometry.read_planes` gives them.
        size: pixels, the side of the square that the network sees; a photo half as large is tiny.
    """
    scores = {EMPTY: 0.5 ** (planes.std(axis=(1, 2)) / FLAT)}
    shows = scores[EMPTY] < WORTH_A_LOOK
    sides = np.array([min(photo.width, photo.height) for photo in photos])
    scores["tiny"] = np.where(shows, np.clip(1 - sides / size, 0, 1), 0)
    scores["blurred"] = _outlying(-np.log(_sharpness(planes)), shows)
    scores["dark"] = _outlying(-np.percentile(planes, 99, axis=(1, 2)), shows)
    scores["light"] = _outlying(np.percentile(planes, 5, axis=(1, 2)), shows)
    return [
        Issue(photo.sha256, check, float(score))
        for check in CHECKS
        for photo, score in zip(photos, scores[check], strict=True)
        if score >= WORTH_A_LOOK
    ]


def decide_poor(issues: Sequence[Issue]) -> list[Decision]:
    """Drop the pictures that show nothing; what else is poor may still be worth having."""
    return [Decision(issue.photo, "drop", "empty picture") for issue in issues if issue.check == EMPTY]


def _sharpness(planes: Planes) -> Floats:
    return np.array([cv2.Laplacian(plane, cv2.CV_32F).var() + 1e-3 for plane in planes])


def _outlying(values: Floats, shows: npt.NDArray[np.bool_]) -> Floats:
    """Score how far values lie above the others' median; 0.5 is an outlier, and what shows nothing is none."""
    if not shows.any():
        return np.zeros(len(values))
    middle = np.median(values[shows])
    spread = max(float(np.median(np.abs(values[shows] - middle))), 1e-2)
    z = 0.6745 * (values - middle) / spread
    return np.where(shows, 1 - 0.5 ** (np.maximum(z, 0) / OUTLIER), 0.0)
