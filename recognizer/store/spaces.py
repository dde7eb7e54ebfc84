"""The folders that publish wrote: noted in the work folder, so that what is forgotten goes from them, too.

note_space(work, to)                     # before anything is written there
take_note_back(work, to)                 # where nothing was written
for space in noted_spaces(work): ...
note_changed(work, [space])              # before anything goes from there
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recognizer.report import read_json, write_json

MARKER = ".recognizer-space"  # says that publish wrote a folder
PUBLISHED = "published"  # in a work folder: the folders of what was pushed without a folder of its own
MODEL = "model"  # where the model lies in it
REPORT = Path("reports", "publish.json")


def note_space(work: Path, space: Path) -> dict[str, list[str]]:
    """Note a folder in the report of publishing, and return what is noted there once it has been written.

    Args:
        work: the work folder.
        space: the folder.

    Returns:
        `spaces`, all folders that were written; `changed`, those of them that something was forgotten from since.

    Raises:
        Damaged: the report is not as it was written.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    report, name = _report(work), str(space.resolve())
    spaces = list(dict.fromkeys([*report["spaces"], name]))
    write_json(work / REPORT, {**report, "spaces": spaces})
    return {"spaces": spaces, "changed": [changed for changed in report["changed"] if changed != name]}


def take_note_back(work: Path, space: Path) -> None:
    """Note no more that a folder was written, since it was not.

    Args:
        work: the work folder.
        space: the folder.

    Raises:
        Damaged: the report is not as it was written.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    report, name = _report(work), str(space.resolve())
    left = {key: [one for one in report[key] if one != name] for key in ("spaces", "changed")}
    write_json(work / REPORT, {**report, **left})


def note_changed(work: Path, spaces: Iterable[Path]) -> list[str]:
    """Note folders that something is forgotten from, and return all that are to be pushed or written again.

    Args:
        work: the work folder.
        spaces: the folders.

    Raises:
        Damaged: the report is not as it was written.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    report = _report(work)
    changed = list(dict.fromkeys([*report["changed"], *map(str, spaces)]))
    if changed != report["changed"]:
        write_json(work / REPORT, {**report, "changed": changed})
    return changed


def noted_spaces(work: Path) -> list[Path]:
    """Return the folders that were published into, whatever has become of them since.

    Raises:
        Damaged: the report of publishing is not as it was written.
    """
    return [Path(space) for space in _report(work)["spaces"]]


def is_space(folder: Path) -> bool:
    """Tell whether a folder is still there and one that publish wrote."""
    return (folder / MARKER).is_file()


def _report(work: Path) -> dict[str, Any]:
    file = work / REPORT
    if not file.is_file():
        return {"spaces": [], "changed": []}
    way_out = "delete it, and publish again into each folder"
    return {"changed": [], **read_json(file, {"spaces": [str]}, way_out)}
