"""Whether two pictures are one: they are laid over each other, and what remains is compared pixel by pixel.

The overlay is found by maximising the enhanced correlation coefficient (Evangelidis and Psarakis, 2008,
https://doi.org/10.1109/TPAMI.2008.113) over affine maps, which needs no keypoints, so plain pictures work as well;
brightness and contrast do not matter to it. The verdict is the correlation of the fine detail alone: two photos of
similar things agree in their coarse light and dark, but only copies agree in their threads and edges. The cells that
differ most are left out of it: a watermark covers few, another shot of the same thing differs everywhere.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.report import Watch, unwatched

SIDE = 96  # pixels, of the square that pictures are compared at first
CLOSE = 192  # pixels, of the square that those that seem to be one are compared at again
COARSE = 24  # pixels, for the first overlay
DETAIL = 2.0  # pixels; what a Gaussian blur of this width removes is detail
PLAIN = 4.0  # grey levels; a row of pixels that varies less is a border, for compression makes it vary by this much
UNLIKE = 0.3  # correlation of two coarse pictures below which they are not compared further
CELLS = 12  # along each side, in which detail is compared
COVERED = 0.15  # share of the cells, those that differ most, which may lie under a watermark
STRETCH = 1.25  # a fifth cut off, or added
STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
Plane = npt.NDArray[np.float32]
Planes = npt.NDArray[np.uint8]
Measures = npt.NDArray[np.float64]


def read_planes(paths: Sequence[Path], side: int = SIDE, watch: Watch = unwatched) -> Planes:
    """Read pictures as small grey squares without their borders, (n, side, side)."""
    return read_measured(paths, lambda grey: (), side, watch)[0]


def read_measured(
    paths: Sequence[Path],
    measure: Callable[[Planes], tuple[float, ...]],
    side: int = SIDE,
    watch: Watch = unwatched,
) -> tuple[Planes, Measures]:
    """Read pictures once, as small grey squares, and measure something on them before they are made small.

    Args:
        paths: of the pictures, n of them.
        measure: takes a whole picture, grey, its shorter side mostly between 2 and 4 times `SIDE`.
        side: pixels, of the squares.
        watch: told about pictures.

    Returns:
        Squares without their borders, (n, side, side), and what was measured, (n, measures).
    """

    def look(path: Path) -> tuple[Planes, tuple[float, ...]]:
        grey = _read(path)
        square = cv2.resize(_without_border(grey), (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(square, dtype=np.uint8), measure(grey)

    planes = np.empty((len(paths), side, side), dtype=np.uint8)
    measures = []
    with ThreadPoolExecutor() as pool:
        for place, (plane, measured) in enumerate(pool.map(look, paths)):
            planes[place] = plane
            measures.append(measured)
            watch("looking at photos", place + 1, len(paths))
    return planes, np.array(measures, dtype=np.float64)


def likeness(first: Planes, second: Planes) -> float:
    """Tell how surely two pictures are one, mirrored or not.

    Args:
        first: a grey square, (side, side).
        second: another, as large.

    Returns:
        The correlation of their detail after the overlay, from 0 (nothing in common) to 1.
    """
    left, right = (np.divide(plane, 255, dtype=np.float32) for plane in (first, second))
    mirrored = np.ascontiguousarray(right[:, ::-1])
    coarse = [_correlation(_resized(left, COARSE), _resized(plane, COARSE)) for plane in (right, mirrored)]
    if max(coarse) < UNLIKE:
        return 0.0
    nearer = mirrored if coarse[1] > coarse[0] else right
    # Repeated patterns can lead one way astray and not the other.
    return max(0.0, _overlaid(left, nearer), _overlaid(nearer, left))


def detail(plane: Plane) -> Plane:
    """Return what a blur removes from a picture."""
    rest: Plane = plane - cv2.GaussianBlur(plane, (0, 0), DETAIL)
    return rest


def _read(path: Path) -> Planes:
    with Image.open(path) as image:
        image.draft("L", (2 * SIDE, 2 * SIDE))
        return np.asarray(image.convert("L"))


def _without_border(grey: Planes) -> Planes:
    """Cut plain rows and columns off the edges; a picture that is plain all over stays as it is."""
    rows, columns = (np.flatnonzero(grey.std(axis=axis) > PLAIN) for axis in (1, 0))
    if not rows.size or not columns.size:
        return grey
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _correlation(first: Plane, second: Plane) -> float:
    """Return Pearson's correlation of two planes, 0 where one of them is constant."""
    left, right = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / scale if scale > 1e-6 else 0.0


def _overlaid(first: Plane, second: Plane) -> float:
    transform = _transform(first, second)
    if transform is None or not _is_modest(transform):
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second, transform, second.shape, flags=flags)
    inside = cv2.warpAffine(np.ones_like(second), transform, second.shape, flags=flags) > 0.99
    return _agreement(detail(first), detail(moved), inside) if inside.mean() >= 0.5 else 0.0


def _agreement(first: Plane, second: Plane, inside: npt.NDArray[np.bool_]) -> float:
    """Return the correlation of two planes where they overlap, but for the cells that differ most."""
    left, right = (np.where(inside, plane, 0) / (plane[inside].std() + 1e-6) for plane in (first, second))
    cells = cv2.resize((left - right) ** 2, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    alike = (cells <= np.quantile(cells, 1 - COVERED)).astype(np.uint8)
    used = inside & (cv2.resize(alike, inside.shape, interpolation=cv2.INTER_NEAREST) > 0)
    return _correlation(first[used], second[used])


def _is_modest(transform: Plane) -> bool:
    """Tell whether a map stretches no more than a crop or a border would; else it forces unlike things together."""
    stretches = np.linalg.svd(transform[:, :2], compute_uv=False)
    return bool(stretches[1] > 1 / STRETCH and stretches[0] < STRETCH)


def _transform(first: Plane, second: Plane) -> Plane | None:
    """Find the affine map that lays the second picture over the first, coarse to fine; None where there is none."""
    transform: Plane | None = None
    for side in (COARSE, len(first) // 2, len(first)):
        transform = _refined(_resized(first, side), _resized(second, side), transform, side / len(first))
    return transform


def _refined(first: Plane, second: Plane, transform: Plane | None, scale: float) -> Plane | None:
    start = np.eye(2, 3, dtype=np.float32) if transform is None else transform.copy()
    start[:, 2] *= scale
    try:
        _, found = cv2.findTransformECC(first, second, start, cv2.MOTION_AFFINE, STEPS, None, 3)
    except cv2.error:  # it does not converge: at this scale the pictures have nothing in common, or show nothing
        return None
    found[:, 2] /= scale
    return np.asarray(found, dtype=np.float32)


def _resized(plane: Plane, side: int) -> Plane:
    return np.asarray(cv2.resize(plane, (side, side), interpolation=cv2.INTER_AREA))
