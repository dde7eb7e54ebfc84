"""What tells a run's network from others: a digest of all that it follows from."""

import hashlib
import json
from pathlib import Path
from typing import Any

from recognizer.faces.copies import blurring_key
from recognizer.recipe import TrainSettings


def fingerprints_of(parts: list[Any], settings: TrainSettings) -> dict[str, str]:
    """Return `network`, which tells networks apart, and `fingerprint`, which tells their answers apart, too.

    Args:
        parts: what the network follows from, the files that its settings mean aside.
        settings: of the recipe.

    Raises:
        WeightsUnavailable: faces are to be blurred, and the detector is not installed.
    """
    network = _digest([*parts, *_meant_files(settings)])
    return {"network": network, "fingerprint": _digest([network, settings.answered_accuracy])}


def _meant_files(settings: TrainSettings) -> list[str]:
    """Return what tells the contents of the files that settings mean; nothing where they mean none."""
    weights = Path(settings.weights)
    found = [_digest_of_file(weights)] if settings.weights and weights.is_file() else []
    return [*found, blurring_key()] if settings.faces != "keep" else found


def _digest_of_file(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
