"""Which photos that a network learned from may be shown beside an answer: licensed ones, of recipes not about people.

similar/<first 16 of sha256>.jpg      small copies
similar.npz                           their sha256 (`photos`) and embeddings, (photos, channels), of length 1
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from recognizer.export.examples import credit
from recognizer.export.onnx_forms import onnx_pixels
from recognizer.images.pixels import open_rgb
from recognizer.networks.onnx_session import open_session
from recognizer.recipe import Recipe
from recognizer.store.rows import Photo

ARRAYS, FOLDER = "similar.npz", "similar"
MOST = 20  # photos of a class
SIDE = 200  # pixels of a copy's longest side
QUALITY = 80


def write_similar(recipe: Recipe, photos: Sequence[Photo], network: Path, size: int) -> list[dict[str, str]]:
    """Write small copies of photos and their embeddings beside an ONNX network.

    Args:
        recipe: the recipe; of one whose classes are groups of people, nothing is written.
        photos: that the network has learned under their label; those without a known licence are left out.
        network: as `write_onnx` writes it.
        size: pixels, the side of the square that it takes.

    Returns:
        For each copy, in the order of the embeddings: `file`, `label`, `title`, `page`, `licence`, `author`.
    """
    chosen = [] if recipe.people else _licensed(recipe, photos)
    if not chosen:
        return []
    session, folder = open_session(network), network.parent
    pixels = (onnx_pixels(photo.path, size) for photo in chosen)
    embeddings = np.concatenate([session.run(["embedding"], {"pixels": one})[0] for one in pixels])
    np.savez(folder / ARRAYS, photos=[photo.sha256 for photo in chosen], embeddings=embeddings.astype(np.float16))
    (folder / FOLDER).mkdir()
    return [_copied(photo, folder) for photo in chosen]


def _licensed(recipe: Recipe, photos: Sequence[Photo]) -> list[Photo]:
    licensed = [photo for photo in photos if photo.licence]
    by_class = ((photo for photo in licensed if photo.label == label) for label in recipe.labels)
    return [photo for of_class in by_class for photo in islice(of_class, MOST)]


def _copied(photo: Photo, folder: Path) -> dict[str, str]:
    """Write a small copy; returns who made the photo."""
    name = f"{FOLDER}/{photo.sha256[:16]}.jpg"
    image = open_rgb(photo.path)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    image.save(folder / name, "JPEG", quality=QUALITY)
    return credit(photo, name)
