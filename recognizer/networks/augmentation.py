"""The augmented views of a photo that training uses: the whole photo, its mirror image, and parts of it in other light.

They follow from the photo's fingerprint alone, so that a view whose features are kept never differs from one made anew.
"""

import numpy as np
from PIL import Image

from recognizer.images.pixels import Pixels, open_rgb, squish
from recognizer.store.rows import Photo

AREA = (0.4, 1.0)  # share of the photo that a part shows
ASPECT = (0.75, 1.33)  # of a part's shape to the photo's
LIGHT = (0.8, 1.2)  # factor of brightness, and of contrast


def augmented_views(photo: Photo, size: int, count: int) -> Pixels:
    """Return augmented views of a photo, (count, 3, size, size), RGB.

    Args:
        photo: the photo.
        size: pixels, the side of a view.
        count: how many; the first is the whole photo, as predicting sees it, and the second its mirror image.
    """
    image = open_rgb(photo.path)
    whole = squish(image, size)
    rng = np.random.default_rng(int(photo.sha256[:16], 16))
    views = [whole, whole[:, :, ::-1], *(_part(image, size, rng) for _ in range(count - 2))]
    return np.stack(views[:count])


def _part(image: Image.Image, size: int, rng: np.random.Generator) -> Pixels:
    width, height = _shape(image, rng)
    left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    part = squish(image, size, (left, top, left + width, top + height)).astype(np.float32)
    if rng.random() < 0.5:
        part = part[:, :, ::-1]
    mean = part.mean()
    lit = ((part - mean) * rng.uniform(*LIGHT) + mean) * rng.uniform(*LIGHT)
    return np.asarray(lit.clip(0, 255), dtype=np.uint8)


def _shape(image: Image.Image, rng: np.random.Generator) -> tuple[float, float]:
    side, stretch = np.sqrt(rng.uniform(*AREA)), np.sqrt(rng.uniform(*ASPECT))
    return image.width * min(1.0, side * stretch), image.height * min(1.0, side / stretch)
