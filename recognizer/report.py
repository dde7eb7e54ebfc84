"""How a stage tells how far it is, without knowing who listens, and what it counted: `reports/<stage>.json`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recognizer import __version__
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
        The report as it was written.
    """
    report = {"stage": stage, "recipe": recipe, "seconds": round(seconds, 2), "counts": counts, **more}
    report["version"] = __version__
    write_json(work / "reports" / f"{stage}.json", report)
    return report


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())
