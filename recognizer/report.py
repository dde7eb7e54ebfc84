"""How a stage tells how far it is, without knowing who listens, and what it counted: `reports/<stage>.json`."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recognizer import __version__
from recognizer.errors import Damaged
from recognizer.files import write_whole

Watch = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is in all."""


def unwatched(what: str, done: int, total: int) -> None:
    """Listen to nothing."""


def write_report(
    work: Path, stage: str, recipe: str, seconds: float, counts: dict[str, int], **more: Any
) -> dict[str, Any]:
    """Write a stage's report into the work folder.

    Args:
        work: the work folder.
        stage: the stage's name, which the file is called after.
        recipe: the recipe's name.
        seconds: how long the stage took.
        counts: name to number.
        more: further fields that the stage has.

    Returns:
        The report as it was written, in which what is no number is None.
    """
    told = {"stage": stage, "recipe": recipe, "seconds": round(seconds, 2), "counts": counts, **more}
    report: dict[str, Any] = finite(told | {"version": __version__})
    write_whole(work / "reports" / f"{stage}.json", json_bytes(report))
    return report


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all; numbers that JSON does not know, such as NaN, become null."""
    write_whole(path, json_bytes(finite(value)))


def json_bytes(value: Any) -> bytes:
    """Return a JSON file's bytes; `finite` is for values that may hold numbers which JSON does not know."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    # Names of files that are no text become the escapes that JSON has for half characters.
    return f"{text}\n".encode(errors="backslashreplace")


def finite(value: Any) -> Any:
    """Return a value for JSON with None in place of each number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path, shape: Any, way_out: str) -> Any:
    """Return what a JSON file of this program holds.

    Args:
        path: the file.
        shape: what has to be in it: a type, a list of one shape, or an object of names and shapes.
        way_out: what to do where the file is damaged, for the end of a sentence.

    Raises:
        Damaged: it is no such file any more.
        OSError: it is not there, or may not be read.
    """
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path} is damaged ({error}); {way_out}.") from error
    if not _is_of(value, shape):
        raise Damaged(f"{path} is damaged: something that should be in it is not; {way_out}.")
    return value


def _is_of(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_is_of(value.get(key), part) for key, part in shape.items())
    if isinstance(shape, list):
        return isinstance(value, list) and all(_is_of(part, shape[0]) for part in value)
    return isinstance(value, shape)
