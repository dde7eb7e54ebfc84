"""Forgetting: photos go for good, and neither they nor near copies of them come back.

First the fingerprints are remembered, then the copies go, the files and the rows last. So a stop in the middle is made
good by doing the same again.
"""

import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.credits import FILE, attribution
from recognizer.errors import NotFound
from recognizer.files import write_whole, writing
from recognizer.photos import Photo, PhotoStore
from recognizer.picture import sha256
from recognizer.recipe import Recipe
from recognizer.report import write_json, write_report

FEATURES = ("features/*.npz", "runs/*/judged.npz")  # rows of numbers, a row a photo
SHEETS = ("reports/*.jpg", "reports/mistakes.png", "reports/evaluate.html")  # pictures that show photos


def forget(recipe: Recipe, store: PhotoStore, what: str) -> dict[str, Any]:
    """Remove photos for good, with their near copies, and keep them from coming back.

    Args:
        recipe: the recipe.
        store: the photo store.
        what: the sha256 of a photo or its first 12 digits or more, the address of a photo, or that of a page, which
            means all photos found on it.

    Returns:
        The report, as written to `reports/forget.json`; `again` lists the stages that must be run again, since what
        they left was learned from these photos.

    Raises:
        NotFound: nothing in the store is what was asked for, nor was it ever forgotten.
        WorkInUse: another run is adding or removing photos.
        Unwritable: a file may not be removed.
    """
    begun = time.monotonic()
    with store.locked():
        match = store.match(what)
        if not match.hits and not store.is_forgotten(what):
            raise NotFound(
                f"No photo in {store.work} has the sha256, address or page {what}; "
                f"recognizer credits {recipe.name} lists those that are kept."
            )
        store.remember(match.photos, match.addresses)
        photos = store.remembered()
        copies = _remove_copies(store.work, photos)
        hits = store.erase(photos, match.hits)
        _renew_credits(recipe, store)
    named = len(match.photos)
    counts = {"photos": named, "near_copies": len(photos) - named, "hits": hits, **copies}
    again = _again(store.work) if photos else []
    return write_report(store.work, "forget", recipe.name, time.monotonic() - begun, counts, again=again)


def _again(work: Path) -> list[str]:
    """Name the stages whose results were learned from the photos."""
    left = {"clean": "reports/clean.json", "train": "runs", "evaluate": "reports/evaluate.json", "export": "model"}
    return [stage for stage, place in left.items() if (work / place).exists()]


def _remove_copies(work: Path, photos: Sequence[Photo]) -> dict[str, int]:
    """Remove what the stages have copied of photos into the work folder."""
    gone = {photo.sha256 for photo in photos}
    with writing(work):
        return {
            "examples": sum(_remove_examples(model, gone) for model in work.glob("model*") if gone),
            "features": sum(_remove_features(cache, gone) for cache in _found(work, FEATURES) if gone),
            "maps": sum(_remove(file) for file in work.glob("features/*/*.npy") if _is_of(file, gone)),
            "sheets": sum(_remove(sheet) for sheet in _found(work, SHEETS) if gone),
        }


def _found(work: Path, patterns: Sequence[str]) -> list[Path]:
    return [file for pattern in patterns for file in work.glob(pattern)]


def _is_of(file: Path, gone: set[str]) -> bool:
    """Tell whether a file is called after one of the photos."""
    return any(name.startswith(file.stem) for name in gone)


def _remove_examples(model: Path, gone: set[str]) -> int:
    """Remove a model folder's example pictures that are such photos, and their mention."""
    names = {f"examples/{file.name}" for file in model.glob("examples/*") if sha256(file.read_bytes()) in gone}
    facts_file = model / "model.json"
    if names and facts_file.is_file():
        facts = json.loads(facts_file.read_text(encoding="utf-8"))
        facts["examples"] = [example for example in facts["examples"] if example["file"] not in names]
        write_json(facts_file, facts)
    return sum(_remove(model / name) for name in names)


def _remove_features(cache: Path, gone: set[str]) -> int:
    """Remove the photos' rows from a cache of features."""
    with np.load(cache) as stored:
        arrays = dict(stored)
    stays = ~np.isin(arrays["photos"], list(gone))
    if stays.all():
        return 0
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array[stays] for name, array in arrays.items()})
    write_whole(cache, buffer.getvalue())
    return int((~stays).sum())


def _remove(file: Path) -> bool:
    file.unlink()
    return True


def _renew_credits(recipe: Recipe, store: PhotoStore) -> None:
    for file in _found(store.work, (FILE, f"model*/{FILE}")):
        write_whole(file, attribution(recipe, store.kept()).encode())
