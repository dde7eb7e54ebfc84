"""What tells a run's network from others: a digest of all that it follows from.

effective(settings)                         # a recipe's [train] without what nothing follows from
fingerprints_of([…, settings], recipe.train)
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recognizer.faces.copies import blurring_key
from recognizer.recipe import TrainSettings


def effective(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's [train] with each setting that nothing follows from as it is by itself.

    Args:
        train: of a recipe of classes, as `model_dump` gives it; what is missing is as it is by itself, too.
    """
    usual = TrainSettings().model_dump()
    whole = {**usual, **train}
    return {**whole, **{key: usual[key] for key in _idle(TrainSettings.model_construct(**whole))}}


def _idle(settings: TrainSettings) -> set[str]:
    """Return which settings nothing follows from, as the others are."""
    idle = {"mixed_precision"} if settings.in_two else {"folds", "views"}
    if settings.epochs:
        return idle
    # All layers are run once over each photo either way; without `cached`, the validation photos are not learned from.
    tuned = {"tuned"} if settings.in_two or not settings.cached else set()
    return idle | tuned | {"views", "batch", "learning_rate", "mixed_precision"}


def weights_digest(settings: TrainSettings) -> str:
    """Return the digest of the file of weights that settings name; "" where they name none, or it is not there."""
    weights = Path(settings.weights)
    return _digest_of_file(weights) if settings.weights and weights.is_file() else ""


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
    digest = weights_digest(settings)
    found = [digest] if digest else []
    return [*found, blurring_key()] if settings.faces != "keep" else found


def _digest_of_file(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
