"""What was pushed to the Hub: noted in the work folder, so that `forget` can tell what still shows or names a photo.

note_pushed(work, {"repository": "me/bags", "kind": "space", …}, photos)
holding = note_held(work, gone)          # before anything goes
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recognizer.report import read_json, write_json

PUSHED = "pushed.json"  # in the work folder
FILE_DIGITS = 16  # of a photo's sha256, by which its files are named
_SIMILAR = re.compile(rb'"similar/([0-9a-f]{16})\.jpg"')  # in a model.json
_SHAPE = [{"repository": str, "kind": str, "form": str, "changed": bool, "photos": [str]}]


def noted_pushes(work: Path) -> list[dict[str, Any]]:
    """Return what was pushed: `repository`, `kind`, `form`, `changed` (it holds what was forgotten since), `photos`.

    Args:
        work: the work folder.

    Raises:
        Damaged: the file is not as it was written.
    """
    file = work / PUSHED
    if not file.is_file():
        return []
    way_out = "delete it, and push again to each repository"
    found: list[dict[str, Any]] = read_json(file, _SHAPE, way_out)
    return found


def note_pushed(work: Path, entry: dict[str, Any], photos: Iterable[str]) -> None:
    """Note what a repository holds.

    Args:
        work: the work folder.
        entry: `repository`, `kind` and whatever else is to be known of it.
        photos: the first 16 digits of the sha256 of each photo that it shows or names.

    Raises:
        Damaged: the file is not as it was written.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    others = [other for other in noted_pushes(work) if not _is_same(other, entry)]
    write_json(work / PUSHED, [*others, {**entry, "photos": sorted(photos)}])


def noted_push(work: Path, repository: str, kind: str) -> dict[str, Any]:
    """Return what is noted of one repository; of one that is new, that it holds nothing."""
    wanted = {"repository": repository, "kind": kind}
    return next(
        (entry for entry in noted_pushes(work) if _is_same(entry, wanted)), {**wanted, "changed": False, "photos": []}
    )


def names_of_kind(work: Path, kind: str) -> tuple[str, ...]:
    """Return the names of the repositories of a kind that a push was finished to."""
    return tuple(entry["repository"] for entry in noted_pushes(work) if entry["kind"] == kind and "commit" in entry)


def note_held(work: Path, gone: set[str]) -> list[dict[str, Any]]:
    """Note the repositories that hold something of photos, and return all that are to be pushed to again.

    Args:
        work: the work folder.
        gone: the sha256 of the photos.

    Returns:
        The entries, without their photos.

    Raises:
        Damaged: the file is not as it was written.
        Unwritable: the work folder may not be written.
    """
    names = {digest[:FILE_DIGITS] for digest in gone}
    pushes = noted_pushes(work)
    told = [{**entry, "changed": entry["changed"] or not names.isdisjoint(entry["photos"])} for entry in pushes]
    if told != pushes:
        write_json(work / PUSHED, told)
    return [without_photos(entry) for entry in told if entry["changed"]]


def similar_in(facts: bytes) -> set[str]:
    """Return the first digits of the sha256 of each photo that a model.json names as one to stand beside an answer."""
    return {digits.decode() for digits in _SIMILAR.findall(facts)}


def without_photos(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as a report has it."""
    return {key: value for key, value in entry.items() if key != "photos"}


def _is_same(entry: dict[str, Any], other: dict[str, Any]) -> bool:
    return (entry["repository"], entry["kind"]) == (other["repository"], other["kind"])
