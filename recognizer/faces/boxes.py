"""The boxes of the faces in stored photos: found once, and kept in the work folder beside the features.

In the cache (networks/cache.py) a face is a row, numbered from 1; row 0 says that a photo has been looked at.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recognizer.faces.any_size import any_size
from recognizer.faces.detector import DETECTOR, Boxes, FaceDetector, weights_file
from recognizer.images.pixels import open_rgb
from recognizer.networks.cache import FOLDER, FeatureCache, Row
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

SAVED_AFTER = 256  # photos; a stop loses no more
NAME = "boxes"  # of the array


def boxes_key(weights: Path) -> str:
    """Return what names everything that the boxes depend on, the photos aside."""
    return hashlib.sha256(weights.read_bytes() + repr(DETECTOR).encode()).hexdigest()[:12]


def face_boxes(photos: Sequence[Photo], work: Path, watch: Watch = unwatched) -> dict[str, Boxes]:
    """Return the boxes of the faces in photos, by sha256, looking only at photos that have not been looked at yet.

    Args:
        photos: the photos.
        work: the work folder, which keeps the boxes.
        watch: told about photos done.

    Returns:
        For each photo left, top, right and bottom in pixels, and a score, (faces, 5); none has no row.

    Raises:
        WeightsUnavailable: the detector is not installed.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    weights = weights_file()
    cache = FeatureCache(work / FOLDER / f"faces-{boxes_key(weights)}")
    unknown = {photo.sha256: photo for photo in photos if cache.missing([(photo.sha256, 0)])}
    if unknown:
        _look(list(unknown.values()), FaceDetector(any_size(weights)), cache, watch)
    return _gather(photos, cache)


def _look(photos: Sequence[Photo], detector: FaceDetector, cache: FeatureCache, watch: Watch) -> None:
    found: dict[Row, Boxes] = {}
    for number, photo in enumerate(photos, start=1):
        found[photo.sha256, 0] = np.zeros(5, dtype=np.float32)
        boxes = detector.find(open_rgb(photo.path))
        found |= {(photo.sha256, face): box for face, box in enumerate(boxes, start=1)}
        watch("finding faces, to cover them", number, len(photos))
        if number % SAVED_AFTER == 0 or number == len(photos):
            cache.add(list(found), {NAME: np.stack(list(found.values()))})
            found = {}


def _gather(photos: Sequence[Photo], cache: FeatureCache) -> dict[str, Boxes]:
    wanted = {photo.sha256: np.zeros((0, 5), dtype=np.float32) for photo in photos}
    rows = sorted(row for row in cache.rows if row[0] in wanted and row[1])
    boxes = cache.gather(rows, [NAME]).get(NAME, ())
    for (name, _), box in zip(rows, boxes, strict=True):
        wanted[name] = np.vstack([wanted[name], box])
    return wanted
