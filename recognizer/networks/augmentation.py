"""The views of a photo that training sees: the whole photo, its mirror image, and parts of it in other light.

They follow from the photo's fingerprint alone, so that a view which is kept never differs from one computed anew.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.store.rows import Photo

AREA = (0.4, 1.0)  # share of the photo that a part shows
ASPECT = (0.75, 1.33)  # of a part's shape to the photo's
LIGHT = (0.8, 1.2)  # factor of brightness, and of contrast
Pixels = npt.NDArray[np.uint8]


def photo_views(photo: Photo, size: int, count: int) -> Pixels:
    """Return views of a photo, (count, 3, size, size), RGB.

    Args:
        photo: the photo.
        size: pixels, the side of a view.
        count: how many; the first is the whole photo, as predicting sees it, and the second its mirror image.
    """
    image = _open(photo.path)
    whole = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    rng = np.random.default_rng(int(photo.sha256[:16], 16))
    views = [whole, whole[:, ::-1], *(_part(image, size, rng) for _ in range(count - 2))]
    return np.stack(views[:count]).transpose(0, 3, 1, 2)


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _part(image: Image.Image, size: int, rng: np.random.Generator) -> Pixels:
    width, height = _shape(image, rng)
    left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    box = (left, top, left + width, top + height)
    part = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box), dtype=np.float32)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    mean = part.mean()
    lit = ((part - mean) * rng.uniform(*LIGHT) + mean) * rng.uniform(*LIGHT)
    return np.asarray(lit.clip(0, 255), dtype=np.uint8)


def _shape(image: Image.Image, rng: np.random.Generator) -> tuple[float, float]:
    side, stretch = np.sqrt(rng.uniform(*AREA)), np.sqrt(rng.uniform(*ASPECT))
    return image.width * min(1.0, side * stretch), image.height * min(1.0, side / stretch)
