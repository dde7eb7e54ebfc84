"""Forgetting: photos go for good, and neither they nor near copies of them come back.

First the fingerprints are remembered, then the copies go, the files and the rows last. So a stop in the middle is made
good by doing the same again.
"""

import io
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.errors import NotFound
from recognizer.files import write_whole, writing
from recognizer.images.decode import sha256
from recognizer.recipe import Recipe
from recognizer.report import write_json, write_report
from recognizer.store.credits import FILE, attribution
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo

# Files of numbers, each with a row a photo and `photos`, the sha256 of each row (networks/cache.py, train/runs.py).
FEATURES = ("features/*/*.npz", "runs/*/judged.npz")
FORMER = ("features/*.npz", "features/*/*.npy")  # of earlier versions; nothing reads them any more
SHEETS = ("reports/*.jpg", "reports/mistakes.png", "reports/evaluate.html")  # pictures that show photos


@dataclass(frozen=True)
class Match:
    """What is to be forgotten.

    Args:
        photos: the photos that were named.
        hits: numbers of the search results that led to them, or would.
        addresses: where these were, and the page if it is what was named.
    """

    photos: list[Photo]
    hits: list[int]
    addresses: list[str]


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
        match = find_match(store, what)
        if not match.hits and not store.forgotten.has(what):
            raise NotFound(
                f"No photo in {store.work} has the sha256, address or page {what}; "
                f"{recipe.command('credits')} lists those that are kept."
            )
        store.forgotten.remember(match.photos, match.addresses)
        photos = remembered(store)
        copies = _remove_copies(store.work, photos)
        hits = erase(store, photos, match.hits)
        _renew_credits(recipe, store)
    named = len(match.photos)
    counts = {"photos": named, "near_copies": len(photos) - named, "hits": hits, **copies}
    again = _again(store.work) if photos else []
    return write_report(store.work, "forget", recipe.name, time.monotonic() - begun, counts, again=again)


def find_match(store: PhotoStore, what: str) -> Match:
    """Find the photos that a sha256 (12 digits or more), an image address or a page address means."""
    rows = store.hits.named(what)
    named = {row["photo"] for row in rows}
    photos = [photo for photo in store.photos.all() if photo.sha256 in named]
    hits = {row["id"]: row["image"] for row in rows} | store.hits.leading_to(photos)
    pages = {what} & {row["page"] for row in rows}
    return Match(photos, list(hits), sorted(pages.union(hits.values())))


def remembered(store: PhotoStore) -> list[Photo]:
    """Return the photos that are still stored although they, or what they are near copies of, were forgotten."""
    photos = store.photos.all()
    return [photo for photo, gone in zip(photos, store.forgotten.are_known(photos), strict=True) if gone]


def erase(store: PhotoStore, photos: Sequence[Photo], hits: Iterable[int]) -> int:
    """Remove photos: all files named for them, and every row but the hits, which are emptied.

    Args:
        store: the photo store.
        photos: the photos.
        hits: further hits to empty, beside those of the photos.

    Returns:
        How many hits were emptied.

    Raises:
        Unwritable: a file may not be removed.
    """
    _erase_files(store.work, {photo.path.stem for photo in photos})
    leading = store.hits.leading_to(photos)
    emptied = leading.keys() | set(hits)
    with store.database.transaction():
        store.forgotten.remember_addresses(leading.values())
        store.hits.empty(emptied)
        for photo in photos:
            store.erase_rows(photo.sha256)
    store.database.settle()
    return len(emptied)


def _erase_files(work: Path, names: set[str]) -> None:
    with writing(work):
        for file in [file for file in work.rglob("*") if file.name.partition(".")[0] in names]:
            file.unlink(missing_ok=True)


def _again(work: Path) -> list[str]:
    """Name the stages whose results were learned from the photos."""
    left = {"clean": "reports/clean.json", "train": "runs", "evaluate": "reports/evaluate.json", "export": "model"}
    return [stage for stage, place in left.items() if (work / place).exists()]


def _remove_copies(work: Path, photos: Sequence[Photo]) -> dict[str, int]:
    """Remove what the stages have copied of photos into the work folder."""
    gone = {photo.sha256 for photo in photos}
    with writing(work):
        for file in _found(work, FORMER):
            file.unlink()
        for run in work.glob("runs/*"):
            _put_out_of_use(run, gone)
        rows = {file: _remove_rows(file, gone) for file in _found(work, FEATURES) if gone}
        maps = sum(number for file, number in rows.items() if "-maps-" in file.parent.name)
        return {
            "examples": sum(_remove_examples(model, gone) for model in work.glob("model*") if gone),
            "features": sum(rows.values()) - maps,
            "maps": maps,
            "sheets": sum(_remove(sheet) for sheet in _found(work, SHEETS) if gone),
        }


def _found(work: Path, patterns: Sequence[str]) -> list[Path]:
    return [file for pattern in patterns for file in work.glob(pattern)]


def _remove_examples(model: Path, gone: set[str]) -> int:
    """Remove a model folder's example pictures that are such photos, and their mention."""
    names = {f"examples/{file.name}" for file in model.glob("examples/*") if sha256(file.read_bytes()) in gone}
    facts_file = model / "model.json"
    if names and facts_file.is_file():
        facts = json.loads(facts_file.read_text(encoding="utf-8"))
        facts["examples"] = [example for example in facts["examples"] if example["file"] not in names]
        write_json(facts_file, facts)
    return sum(_remove(model / name) for name in names)


def _put_out_of_use(run: Path, gone: set[str]) -> None:
    """Keep a run that learned from such photos from being used, and take their names out of it."""
    listed = run / "photos.json"
    if listed.is_file():
        learned = set(json.loads(listed.read_text(encoding="utf-8")))
    elif (run / "judged.npz").is_file():  # of an earlier version
        with np.load(run / "judged.npz") as stored:
            learned = set(stored["photos"].tolist())
    else:
        return
    if not learned & gone:
        return
    write_json(listed, sorted(learned - gone))
    if (run / "metrics.json").is_file():
        (run / "metrics.json").replace(run / "metrics.forgotten.json")


def _remove_rows(file: Path, gone: set[str]) -> int:
    """Remove the photos' rows from a file of arrays."""
    with np.load(file) as stored:
        arrays = dict(stored)
    stays = ~np.isin(arrays["photos"], list(gone))
    if stays.all():
        return 0
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array[stays] for name, array in arrays.items()})
    write_whole(file, buffer.getvalue())
    return int((~stays).sum())


def _remove(file: Path) -> bool:
    file.unlink()
    return True


def _renew_credits(recipe: Recipe, store: PhotoStore) -> None:
    for file in _found(store.work, (FILE, f"model*/{FILE}")):
        write_whole(file, attribution(recipe, store.photos.kept()).encode())
