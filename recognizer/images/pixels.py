"""How a stored photo becomes the numbers that a network takes: the one definition, for training and serving alike."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.errors import Damaged

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right and bottom, in pixels


def square_pixels(path: Path, size: int) -> Pixels:
    """Return a stored photo as a square: squashed, not cropped.

    Args:
        path: an upright picture file, as the photo store writes it.
        size: pixels, the side of the square.

    Returns:
        (3, size, size), channels first, RGB, from 0 to 255, contiguous.

    Raises:
        Damaged: it is no picture, or a broken one.
        OSError: there is no such file, or it may not be read.
    """
    return squish(open_rgb(path), size)


def open_rgb(path: Path) -> Image.Image:
    """Return a stored photo, decoded.

    Raises:
        Damaged: it is no picture, or a broken one.
        OSError: there is no such file, or it may not be read.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except OSError as error:
        if error.errno is not None:  # the system's own; Pillow's have no number
            raise
        raise Damaged(
            f"{path} is damaged ({error}); delete it, run recognizer collect, which fetches lost photos again, and "
            "then this command, which makes anew what is made of photos."
        ) from error


def squish(image: Image.Image, size: int, box: Box | None = None) -> Pixels:
    """Return a picture as a square by bilinear resampling.

    Args:
        image: RGB.
        size: pixels, the side of the square.
        box: the part of the picture that is wanted; the whole, by default.

    Returns:
        (3, size, size), channels first, from 0 to 255, contiguous.
    """
    square = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))
