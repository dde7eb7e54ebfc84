"""Forgetting: photos go for good, and neither they nor near copies of them come back.

First the fingerprints are remembered, then the copies go, the files and the rows last. So a stop in the middle is made
good by doing the same again.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import NotFound
from recognizer.files import writing
from recognizer.recipe import Recipe
from recognizer.report import read_json, write_json, write_report
from recognizer.store.copies import clean_spaces, models_made, remove_copies, remove_sheets
from recognizer.store.forgotten import is_too_short
from recognizer.store.photo_store import PhotoStore
from recognizer.store.pushed import note_held
from recognizer.store.rows import NAMED_BY, Photo

LEARNING = ("clean", "train", "evaluate", "export")  # stages whose results depend on every photo


@dataclass(frozen=True)
class Match:
    """What is to be forgotten.

    Args:
        photos: the photos that were named.
        hits: numbers of the search results that led to them, or would.
        addresses: where these were, and the page if it is what was named.
        examples: the examples for visitors that were named.
    """

    photos: list[Photo]
    hits: list[int]
    addresses: list[str]
    examples: list[Photo]


def forget(recipe: Recipe, store: PhotoStore, what: str) -> dict[str, Any]:
    """Remove photos for good, with their near copies, and keep them from coming back.

    Args:
        recipe: the recipe.
        store: the photo store.
        what: the sha256 of a photo or its first 12 digits or more, the address of a photo, or that of a page, which
            means all photos found on it.

    Returns:
        The report, as written to `reports/forget.json`. `again` lists the stages that must be run again, since what
        they left was learned from photos that were forgotten since. `learned` is of `models_made`, until the model is
        exported anew. `spaces` is of `clean_spaces`, `pushed` of `note_held`. `log` is whether another program reads
        the database, so that words of these photos are in its log until that one is closed and this one run again.

    Raises:
        NotFound: nothing in the store is what was asked for, nor was it ever forgotten; or nothing was named.
        WorkInUse: another run is adding or removing photos.
        Unwritable: a file may not be removed.
    """
    if not what.strip():
        raise NotFound(
            "Nothing was named that is to be forgotten: name the sha256 of a photo, its address or its page."
        )
    begun = time.monotonic()
    with store.locked():
        match = find_match(store, what)
        if not (match.hits or match.examples or store.forgotten.has(what)):
            listed = f"{recipe.command('credits')} lists those that are kept"
            way_out = f"name a photo by {NAMED_BY}" if is_too_short(what) else listed
            raise NotFound(f"No photo in {store.work} has the sha256, address or page {what}; {way_out}.")
        counts, left = _remove(store, match)
    return write_report(store.work, "forget", recipe.name, time.monotonic() - begun, counts, **left)


def _remove(store: PhotoStore, match: Match) -> tuple[dict[str, int], dict[str, Any]]:
    """Remove what was named, its near copies and what was copied of them; return what was counted, and what is left."""
    store.forgotten.remember(match.photos, match.addresses, match.examples)
    photos, examples = remembered(store), _known(store, store.examples.all())
    gone = store.forgotten.digests() | {photo.sha256 for photo in (*photos, *examples)}
    pushed = note_held(store.work, gone)
    copies = remove_copies(store.work, gone) | {"sheets": remove_sheets(store.work) if photos else 0}
    spaces = clean_spaces(store.work, gone)
    hits = erase(store, photos, match.hits)
    _forget_unread(store.work)
    copies["examples"] += store.examples.remove(examples)
    log, named = not store.database.settle(), len(match.photos)
    counts = {"photos": named, "near_copies": len(photos) - named, "hits": hits, **copies}
    again = _again(store)
    learned = models_made(store.work) if "export" in again else {"model": "", "published": []}
    return counts, {"again": again, "learned": learned, "spaces": spaces, "pushed": pushed, "log": log}


def _forget_unread(work: Path) -> None:
    """Name no file of one's own any more that could not be read; collecting names those that are still there."""
    file = work / "reports" / "collect.json"
    report = read_json(file, {}, "collect again") if file.is_file() else {}
    if report.get("unread"):
        write_json(file, {**report, "unread": []})


def find_match(store: PhotoStore, what: str) -> Match:
    """Find the photos that a sha256 (12 digits or more), an image address or a page address means."""
    rows = store.hits.named(what)
    named = {row["photo"] for row in rows}
    photos = [photo for photo in store.photos.all() if photo.sha256 in named]
    hits = {row["id"]: row["image"] for row in rows} | store.hits.leading_to(photos)
    examples = store.examples.named(what)
    pages = {what} & {*(row["page"] for row in rows), *(example.page for example in examples)}
    images = {*hits.values(), *(example.image for example in examples)}
    return Match(photos, list(hits), sorted(pages | images), examples)


def remembered(store: PhotoStore) -> list[Photo]:
    """Return the photos that are still stored although they, or what they are near copies of, were forgotten."""
    return _known(store, store.photos.all())


def _known(store: PhotoStore, photos: Sequence[Photo]) -> list[Photo]:
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
        store.forgotten.remember_digests(photos)
        store.hits.empty(emptied)
        for photo in photos:
            store.erase_rows(photo.sha256)
    return len(emptied)


def _erase_files(work: Path, names: set[str]) -> None:
    with writing(work):
        for file in [file for file in work.rglob("*") if file.name.partition(".")[0] in names]:
            file.unlink(missing_ok=True)


def _again(store: PhotoStore) -> list[str]:
    """Name the stages that have not run since the last photo was forgotten, in their order."""
    since = store.forgotten.last()
    reports = [store.work / "reports" / f"{stage}.json" for stage in LEARNING]
    # Times of photos are whole seconds.
    return [file.stem for file in reports if since and file.is_file() and file.stat().st_mtime < since + 1]
