"""Tells whether a model folder is of the newest training, from its model.json and the report of training alone.

is_of_newest(work / "model")             # no network is opened for it, nor is torch imported
"""

from pathlib import Path

from recognizer.errors import Damaged
from recognizer.report import read_json
from recognizer.serve.facts import read_facts


def is_of_newest(model: Path) -> bool:
    """Tell whether a model was exported from the run that the newest training in its work folder settled on.

    Args:
        model: the model folder in a work folder.

    Returns:
        False only where both name a run, and not the same; earlier versions named none in model.json.

    Raises:
        ModelError: the model folder has no facts.
    """
    exported, trained = read_facts(model).get("run"), _trained(model.parent / "reports" / "train.json")
    return not (exported and trained) or exported == trained


def _trained(report: Path) -> str:
    """Return the fingerprint of the run that a training settled on; "" where its report does not say it."""
    try:
        found: str = read_json(report, {"fingerprint": str}, "train again")["fingerprint"]
        return found
    except (FileNotFoundError, Damaged):
        return ""
