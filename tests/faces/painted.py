"""Photos of a painted face before cloth: one class a way to paint it, or one class a pattern of the cloth.

The face is that of Rear Admiral Grace Hopper, a photo by the U.S. Navy in the public domain, which matplotlib brings.
"""

import io
from collections.abc import Sequence

import matplotlib.cbook
import numpy as np
from PIL import Image, ImageDraw

from recognizer.images.prepare import PreparedPhoto, prepare_photo
from recognizer.sample import pictures
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.small_sample import store_hit

FACE = (185, 120, 345, 338)  # of the portrait
SIDE = 224  # pixels of a photo
SIZES = (88, 104)  # pixels, the width of the face in it
WHOLE = range(25, 47)  # numbers of the sample's photos with which nothing is wrong
PAINTS = ("across", "down")


def portrait() -> Image.Image:
    return Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")


def face(paint: str, width: int) -> Image.Image:
    """The face with stripes; without, where it is painted in no such way."""
    shown = portrait().crop(FACE).resize((width, width * 5 // 4))
    pixels = np.asarray(shown, dtype=np.float32)
    down, across = np.mgrid[: shown.height, : shown.width]
    stripes = {"across": down // 6 % 2, "down": across // 6 % 2}.get(paint, np.full(down.shape, 0.5))
    return Image.fromarray((pixels * (0.7 + 0.6 * stripes[..., None])).clip(0, 255).astype(np.uint8))


def cloth(pattern: str, number: int) -> Image.Image:
    drawn = pictures.read(f"sample:{pattern}/{WHOLE[number % len(WHOLE)]:04d}.jpg")
    return Image.open(io.BytesIO(drawn)).convert("RGB").resize((SIDE, SIDE))


def face_place(number: int) -> tuple[int, int, int, int]:
    """Where the face is in a photo; in each another place."""
    rng = np.random.default_rng(number)
    width = int(rng.integers(*SIZES))
    height = width * 5 // 4
    left, top = int(rng.integers(10, SIDE - width - 10)), int(rng.integers(10, SIDE - height - 10))
    return left, top, left + width, top + height


def before_cloth(paint: str, pattern: str, number: int) -> Image.Image:
    left, top, right, _ = face_place(number)
    shown, picture = face(paint, right - left), cloth(pattern, number)
    ellipse = Image.new("L", shown.size)
    ImageDraw.Draw(ellipse).ellipse((0, 0, shown.width - 1, shown.height - 1), fill=255)
    picture.paste(shown, (left, top), ellipse)
    return picture


def prepared(picture: Image.Image) -> PreparedPhoto:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return prepare_photo(file.getvalue())


def fill(store: PhotoStore, labels: Sequence[str], paints: Sequence[str], patterns: Sequence[str], count: int) -> None:
    """Store photos of classes in turn; their paint and their pattern follow from the class, where there are as many.

    Where there are others, each photo takes the next one.
    """
    for number in range(count * len(labels)):
        turn, kind = divmod(number, len(labels))
        paint, pattern = (of[kind if len(of) == len(labels) else turn % len(of)] for of in (paints, patterns))
        address = f"https://a.example/{number}.jpg"
        store_hit(store, labels[kind], Hit(address), prepared(before_cloth(paint, pattern, number)))
