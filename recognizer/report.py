"""`reports/<stage>.json`: what a stage counted, for people and programs."""

import json
from pathlib import Path
from typing import Any

from recognizer import __version__
from recognizer.files import write_whole


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
