"""Photos for visitors to try, copied into the model folder with their credits."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from recognizer.recipe import Recipe
from recognizer.splits.blind import awaited_photos
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo

EXAMPLES = 6


def write_examples(recipe: Recipe, store: PhotoStore, held_out: Sequence[Photo], folder: Path) -> list[dict[str, str]]:
    """Copy a few photos, one a class: none that was learned from, and only such as come with a licence.

    Args:
        recipe: the recipe, which may want none, and gets none where its classes are groups of people.
        store: the photo store, for the examples that collecting found.
        held_out: photos that come before those, but for the blind sample, which is to stay blind.
        folder: where to; it is made.

    Returns:
        What model.json says of each: `file`, `label`, `title`, `page`, `licence` and `author`.
    """
    folder.mkdir()
    if not recipe.shows_examples:
        return []
    awaited = awaited_photos(recipe, store)
    in_order = sorted([*held_out, *store.examples.all()], key=lambda photo: photo.sha256 in awaited)
    first = {photo.label: photo for photo in reversed(in_order) if photo.licence}
    chosen = [first[label] for label in recipe.labels if label in first][:EXAMPLES]
    credits = []
    for number, photo in enumerate(chosen, start=1):
        shutil.copyfile(photo.path, folder / f"{number}.jpg")
        credits.append(credit(photo, f"examples/{number}.jpg"))
    return credits


def credit(photo: Photo, file: str) -> dict[str, str]:
    """Return what model.json says of a photo that is shown: `file`, `label`, `title`, `page`, `licence`, `author`.

    Args:
        photo: the photo.
        file: its copy in the model folder.
    """
    origin = {"title": photo.title, "page": photo.page, "licence": photo.licence, "author": photo.author}
    return {"file": file, "label": photo.label, **origin}
