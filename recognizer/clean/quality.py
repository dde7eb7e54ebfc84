"""Pictures of poor quality: they show next to nothing, or are tiny, or beside the others blurred, dark, light or drawn.

What is blurred, dark, light or drawn depends on what is photographed, so these are told by the photos at hand: outliers
by the modified z-score of 3.5 that Iglewicz and Hoaglin (1993) recommend. Measures: the variance of the Laplacian
(Pech-Pacheco et al., 2000), the percentiles of brightness that cleanvision uses, and for text, logos, charts and
screenshots what tells graphics from photos (Athitsos, Swain and Frankel, 1997; Lienhart and Hartmann, 2002): few
shades, and nothing but flat areas between hard edges. A photo lacks one of the two: a product on white has a shaded
subject, a striped shirt lies on cloth that is not flat.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import logit

from recognizer.clean.registration import Planes
from recognizer.store.rows import WORTH_A_LOOK, Decision, Issue, Photo

EMPTY = "empty"
CHECKS = (EMPTY, "tiny", "blurred", "dark", "light", "text")
FLAT = 8.0  # grey levels: a picture whose brightness varies less shows nothing
OUTLIER = 3.5  # modified z-score
EDGE = 32  # grey levels within 3 x 3 pixels, from which there is a hard edge
STILL = 2  # grey levels within 3 x 3 pixels, up to which a picture is flat in spite of compression
SHADES = 4  # that a drawing has besides its edges, paper and ink among them
SHADE = 9  # grey levels that count as one shade, because compression makes a drawn one waver
BLOCK = 256  # pictures that are measured at once
LEAST_SMOOTH = 0.02  # share of the pixels; what is smooth can only be judged where there is more of it
Floats = npt.NDArray[np.float64]


def measure_drawing(grey: Planes) -> tuple[float, float]:
    """Measure what tells drawings from photos: both are near 0 for a drawing.

    Args:
        grey: a picture, (height, width), at least a hundred pixels a side or so.

    Returns:
        The share of the pixels that are neither at a hard edge nor of the few commonest shades, and the share of the
        pixels away from hard edges that are not flat.
    """
    square = np.ones((3, 3), dtype=np.uint8)
    spread = cv2.dilate(grey, square) - cv2.erode(grey, square)
    smooth = spread < EDGE
    rare = _outside_common_shades(np.bincount(grey[smooth], minlength=256))
    uneven, margin = int((smooth & (spread > STILL)).sum()), LEAST_SMOOTH * grey.size
    return rare / grey.size, (uneven + margin) / (int(smooth.sum()) + margin)


def find_poor(photos: Sequence[Photo], planes: Planes, drawing: Floats, size: int) -> list[Issue]:
    """Return an issue for each photo of poor quality and each check that finds it so.

    Args:
        photos: the photos, n of them.
        planes: their pictures, as `registration.read_measured` gives them.
        drawing: what `measure_drawing` measured on each, (n, 2).
        size: pixels, the side of the square that the network sees; a photo half as large is tiny.
    """
    scores = {EMPTY: 0.5 ** (_of_each(planes, lambda block: block.std(axis=(1, 2))) / FLAT)}
    shows = scores[EMPTY] < WORTH_A_LOOK
    sides = np.array([min(photo.width, photo.height) for photo in photos])
    scores["tiny"] = np.where(shows, np.clip(1 - sides / size, 0, 1), 0)
    scores["blurred"] = _outlying(-np.log(_sharpness(planes)), shows)
    scores["dark"] = _outlying(-_of_each(planes, lambda block: np.percentile(block, 99, axis=(1, 2))), shows)
    scores["light"] = _outlying(_of_each(planes, lambda block: np.percentile(block, 5, axis=(1, 2))), shows)
    rare, uneven = drawing.T
    few_shades = _outlying(-logit(np.clip(rare, 1e-3, 1 - 1e-3)), shows)
    scores["text"] = np.minimum(few_shades, _outlying(-np.log(uneven), shows))
    return [
        Issue(photo.sha256, check, float(score))
        for check in CHECKS
        for photo, score in zip(photos, scores[check], strict=True)
        if score >= WORTH_A_LOOK
    ]


def decide_poor(issues: Sequence[Issue]) -> list[Decision]:
    """Drop the pictures that show nothing; what else is poor may still be worth having."""
    return [Decision(issue.photo, "drop", "empty picture") for issue in issues if issue.check == EMPTY]


def _outside_common_shades(counts: npt.NDArray[np.intp]) -> int:
    """Count the pixels that are of none of the commonest shades, given how many are of each grey level."""
    rest = counts.copy()
    for _ in range(SHADES):
        middle = int(np.convolve(rest, np.ones(SHADE), "same").argmax())
        rest[max(middle - SHADE // 2, 0) : middle + SHADE // 2 + 1] = 0
    return int(rest.sum())


def _of_each(planes: Planes, measure: Callable[[Planes], Floats]) -> Floats:
    """Return what is measured on each picture, block by block: as floats, all at once would fill memory."""
    return np.concatenate([measure(planes[start : start + BLOCK]) for start in range(0, len(planes), BLOCK)])


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
