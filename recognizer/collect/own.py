"""What is to be said of a folder of one's own photos: files that could not be read, and classes that have none.

unread_files(folder, recipe.labels, store)     # [{"file": "Mugs/notes.txt", "reason": "not_an_image"}]
look_into(Path("photos"), recipe.classes)      # subfolders that are empty, and those that no class is called like
check_filled(recipe, store)                    # stops a build of which a class has no photo
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from recognizer.collect.engines.folder import Folder
from recognizer.collect.moved import addresses
from recognizer.errors import RecognizerError
from recognizer.recipe import PhotoClass, Recipe
from recognizer.store.photo_store import PhotoStore

# Why a file gave no photo, in words; by the reason that its hit has.
REASONS = {
    "not_an_image": "not a picture",
    "unsupported_format": "a format that is not read",
    "truncated": "broken or cut off",
    "too_small": "too few pixels",
    "too_large": "too many bytes or pixels",
    "too_complex": "too much work to decode",
    "no_such_file": "not there, or not readable",
}


class Looked(NamedTuple):
    """What was seen in a folder.

    Args:
        empty: subfolders of classes that have no file.
        left_out: subfolders that no class is called like.
    """

    empty: list[Path]
    left_out: list[Path]


def look_into(folder: Path, classes: Sequence[PhotoClass]) -> Looked:
    """Return which subfolders are empty, and which are none of a class.

    Args:
        folder: of one's own photos.
        classes: the classes.

    Raises:
        EngineRefused: the folder or a class's subfolder cannot be read.
    """
    engine = Folder(folder)
    found = engine.called(classes)
    taken = {path for paths in found.values() for path in paths}
    empty = [paths[0] for label, paths in found.items() if len(paths) == 1 and not engine.search(label, 1)]
    others = [path for path in engine.subfolders() if path not in taken and not path.name.startswith(".")]
    return Looked(empty, sorted(others))


def unread_files(folder: Folder, labels: Sequence[str], store: PhotoStore) -> list[dict[str, str]]:
    """Return the files that are there and could not be read: `file`, seen from the folder, and `reason`.

    Args:
        folder: the engine, after its check.
        labels: the recipe's classes.
        store: the photo store.
    """
    there = {address for label in labels for address in addresses(folder, label)}
    failed = {row["image"]: row["reason"] for row in store.hits.failed_of(folder.name) if row["image"] in there}
    return [{"file": _readable(folder.file(image)), "reason": reason} for image, reason in failed.items()]


def check_filled(recipe: Recipe, store: PhotoStore) -> None:
    """See that each class has a photo, where all are one's own; what comes after collecting could not mend that.

    Args:
        recipe: the recipe.
        store: the photo store, after collecting.

    Raises:
        RecognizerError: a class has none.
    """
    kept = {photo.label for photo in store.photos.kept()}  # with those that a person put under another class
    lacking = [label for label in recipe.labels if label not in kept and not store.photos.usable(label)]
    if recipe.collect.engines != [Folder.name] or not lacking:
        return
    folder = Folder(Path(recipe.collect.folder).expanduser())
    places = folder.called(recipe.classes)
    says = [_lack(folder, label, places[label]) for label in lacking]
    what = "the class" if len(lacking) == 1 else "the classes"
    named = ", ".join(f"“{label}”" for label in lacking)
    raise RecognizerError(f"{'; '.join(says)}: put photos there, or remove {what} {named} from {recipe.to_edit}.")


def _lack(folder: Folder, label: str, places: Sequence[Path]) -> str:
    """Say why a class has no photo."""
    if folder.search(label, 1):
        return f"No file in {places[0]} became a photo of its own"
    return f"{places[0]} is empty"


def _readable(file: Path) -> str:
    """Return a path as text, with a question mark for each byte that is none."""
    return file.as_posix().encode("utf-8", "replace").decode()
