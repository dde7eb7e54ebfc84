"""Whether fine-tuning diverged: weights that are no longer numbers, or answers that are surely wrong."""

import math

import numpy as np
from torch import Tensor

from recognizer.errors import RecognizerError
from recognizer.recipe import TrainSettings
from recognizer.train.runs import OutOfFold, Trained

WORSE = 2.0  # times the loss of guessing; what has only learned nothing stays near it


def check_converged(settings: TrainSettings, trained: Trained) -> None:
    """See that fine-tuning has not diverged.

    Args:
        settings: of the recipe.
        trained: what a round gave.

    Raises:
        RecognizerError: it has.
    """
    if not settings.epochs:
        return
    why = ""
    if not all(_are_numbers(tensor) for tensor in trained.weights.values()):
        why = "its weights are no longer numbers"
    elif _is_guessing(trained.out_of_fold) and _loss(trained) > WORSE * math.log(trained.out_of_fold.logits.shape[1]):
        why = "the network does no better than guessing on photos that it has not learned from"
    if why:
        raise RecognizerError(
            f"Training diverged: with learning_rate = {settings.learning_rate} {why}. Lower it under "
            f"[train] in the recipe; {TrainSettings().learning_rate} is usual."
        )


def _are_numbers(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())


def _loss(trained: Trained) -> float:
    """Return the last loss in validation, the mean of all networks."""
    return float(np.mean([losses[-1] for losses in trained.curves.validation_loss]))


def _is_guessing(found: OutOfFold) -> bool:
    """Tell whether predictions are right no more often than always naming the commonest class would be."""
    right = found.logits.argmax(axis=1) == found.labels
    return bool(right.sum() <= np.bincount(found.labels).max())
