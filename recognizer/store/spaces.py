"""The folders that publish wrote: noted in the work folder, so that what is forgotten goes from them, too.

note_space(work, to)                     # before anything is written there
for space in noted_spaces(work): ...
"""

from pathlib import Path
from typing import Any

from recognizer.report import read_json, write_json

MARKER = ".recognizer-space"  # says that publish wrote a folder
MODEL = "model"  # where the model lies in it
REPORT = Path("reports", "publish.json")


def note_space(work: Path, space: Path) -> list[str]:
    """Note a folder in the report of publishing, and return all that are noted there.

    Args:
        work: the work folder.
        space: the folder.

    Raises:
        Damaged: the report is not as it was written.
        Unwritable: the disk is full, or the work folder may not be written.
    """
    spaces = list(dict.fromkeys([*map(str, noted_spaces(work)), str(space.resolve())]))
    write_json(work / REPORT, {**_report(work), "spaces": spaces})
    return spaces


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
        return {"spaces": []}
    report: dict[str, Any] = read_json(file, {"spaces": [str]}, "delete it, and publish again into each folder")
    return report
