"""Pushes what was published, and notes in the work folder what the Hub then shows or names.

pushed = push(hub, work, Repository("me/bags", "space", sdk="static"), files, "static")
"""

import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any

from recognizer.files import alone_in
from recognizer.publish.folder import published_files
from recognizer.publish.hub import Hub
from recognizer.publish.index import TABLE, index_files
from recognizer.publish.repository import Files, Pushed, Repository
from recognizer.recipe import Recipe
from recognizer.report import read_json, write_json
from recognizer.store.copies import FACTS
from recognizer.store.credits import FILE
from recognizer.store.photo_store import PhotoStore
from recognizer.store.pushed import FILE_DIGITS, note_pushed, noted_push, noted_pushes, similar_in, without_photos
from recognizer.store.spaces import MARKER, REPORT

_NAMED = re.compile(rb"^\| ([0-9a-f]{16}) \|", re.MULTILINE)  # a row of the credits
_LISTED = re.compile(rb"^([0-9a-f]{16})[0-9a-f]{48},", re.MULTILINE)  # a row of the index


def push(hub: Hub, work: Path, repository: Repository, files: Files, form: str = "") -> Pushed:
    """Make a repository hold just these files; one that holds what was forgotten loses its earlier commits, too.

    Args:
        hub: the Hub.
        work: the work folder, which is noted in what the repository holds.
        repository: made if it is missing.
        files: what shall be in it.
        form: of a Space.

    Raises:
        RecognizerError: the Hub refuses, cannot be reached, or the repository holds something else.
        WorkInUse: another run is at work in the work folder.
    """
    with alone_in(work):
        before = noted_push(work, repository.name, repository.kind)
        photos = photos_in(files)
        entry = {**before, "form": form, "private": repository.private}
        note = partial(note_pushed, work, entry, {*before["photos"], *photos})  # before it is sent, however that ends
        pushed = hub.push(repository, files, note, is_squashed=before["changed"])
        note_pushed(work, {**entry, "changed": False, "commit": pushed.commit, "url": repository.url}, photos)
        _report(work)
        return pushed


def push_index(hub: Hub, recipe: Recipe, work: Path, repository: Repository) -> Pushed:
    """Push where the photos of a work folder come from; see `push`."""
    with PhotoStore(work, recipe.labels) as store:
        files = index_files(recipe, store)
    return push(hub, work, repository, files)


def space_files(folder: Path) -> dict[str, Path | bytes]:
    """Return the files of a folder that publish wrote, without what others put beside them."""
    parts = set((folder / MARKER).read_text(encoding="utf-8").splitlines()) | {MARKER}
    return {path.as_posix(): folder / path for path in published_files(folder) if path.parts[0] in parts}


def model_files(model: Path) -> dict[str, Path | bytes]:
    """Return the files of a model folder, with the mark of what was pushed from here."""
    return {MARKER: b"", **{path.as_posix(): model / path for path in published_files(model)}}


def photos_in(files: Files) -> set[str]:
    """Return the first digits of the sha256 of each photo that files show or name."""
    found: set[str] = set()
    for path, data in files.items():
        place = Path(path)
        if place.parent.name == "examples":
            found.add(hashlib.sha256(_bytes(data)).hexdigest()[:FILE_DIGITS])
        elif place.name == FACTS:
            found |= similar_in(_bytes(data))
        elif place.name in (FILE, TABLE):
            rows = _NAMED if place.name == FILE else _LISTED
            found |= {digits.decode() for digits in rows.findall(_bytes(data))}
    return found


def _bytes(data: Path | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.read_bytes()


def _report(work: Path) -> None:
    """Tell in the report of publishing what was pushed where."""
    way_out = "delete it, and publish again"
    report: dict[str, Any] = read_json(work / REPORT, {}, way_out) if (work / REPORT).is_file() else {"spaces": []}
    write_json(work / REPORT, {**report, "pushed": [without_photos(entry) for entry in noted_pushes(work)]})
