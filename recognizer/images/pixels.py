"""How a stored photo becomes the numbers that a network takes: the one definition, for training and serving alike."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image


def square_pixels(path: Path, size: int) -> npt.NDArray[np.uint8]:
    """Return a stored photo as a square: squashed, not cropped, by bilinear resampling.

    Args:
        path: an upright picture file, as the photo store writes it.
        size: pixels, the side of the square.

    Returns:
        (3, size, size), channels first, RGB, from 0 to 255, contiguous.

    Raises:
        OSError: there is no such file, or it is no picture or a broken one.
    """
    with Image.open(path) as image:
        square = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))
