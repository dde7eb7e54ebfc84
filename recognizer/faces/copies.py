"""Photos as a network sees them without faces: blurred copies in the work folder, made once (`blurred/<key>/`).

A copy is called like the photo's own file, so that forgetting the photo removes it, too (store/forget.py).
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recognizer.errors import WeightsUnavailable
from recognizer.faces import blur
from recognizer.faces.boxes import boxes_key, face_boxes
from recognizer.faces.detector import INSTALL, Boxes, is_installed, weights_file
from recognizer.files import write_whole
from recognizer.images.pixels import open_rgb
from recognizer.images.prepare import JPEG_QUALITY
from recognizer.recipe import TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

FOLDER = "blurred"
VERSION = 1  # of how faces are blurred; raise it with every change


def check_faces(settings: TrainSettings) -> None:
    """See that faces can be found, where the settings want them blurred.

    Raises:
        WeightsUnavailable: they cannot.
    """
    if settings.faces != "keep" and not is_installed():
        raise WeightsUnavailable(
            f"The recipe has faces blurred, and finding them needs a package: {INSTALL}. Or set faces = "
            '"keep" under [train] in the recipe, and the network learns from faces, too.'
        )


def blurring_key() -> str:
    """Return what names everything that blurred copies depend on, the photos aside.

    Raises:
        WeightsUnavailable: the detector is not installed.
    """
    how = (VERSION, blur.WIDER, blur.STRENGTH, boxes_key(weights_file()))
    return f"blur-{hashlib.sha256(repr(how).encode()).hexdigest()[:8]}"


def blurred_photos(photos: Sequence[Photo], work: Path, watch: Watch = unwatched) -> list[Photo]:
    """Return the photos with blurred faces: those that show one have the path of a copy, the others are as they were.

    Args:
        photos: the photos.
        work: the work folder, which keeps boxes and copies.
        watch: told about photos done.

    Raises:
        WeightsUnavailable: the detector is not installed.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    boxes = face_boxes(photos, work, watch)
    folder = work / FOLDER / blurring_key()
    covered = []
    for number, photo in enumerate(photos, start=1):
        covered.append(_covered(photo, boxes[photo.sha256], folder / photo.path.name))
        watch("blurring faces", number, len(photos))
    return covered


def _covered(photo: Photo, boxes: Boxes, copy: Path) -> Photo:
    if not len(boxes):
        return photo
    if not copy.is_file():
        buffer = io.BytesIO()
        # As the photo was stored, so that what lies outside the faces stays as it was.
        blur.blur_faces(open_rgb(photo.path), boxes).save(buffer, "JPEG", quality=JPEG_QUALITY)
        write_whole(copy, buffer.getvalue())
    return replace(photo, path=copy)
