"""What a run's metrics say of a round of training."""

from typing import Any

import numpy as np

from recognizer.calibration.calibrate import Calibration, apply_temperature, calibrate, ece, expected_ece
from recognizer.networks.lda import even_weights
from recognizer.recipe import Recipe
from recognizer.train.mixing import Choice
from recognizer.train.runs import OutOfFold
from recognizer.train.writing import Trained


def figures_of(recipe: Recipe, trained: Trained) -> dict[str, Any]:
    """Return the figures of a round.

    Args:
        recipe: the recipe.
        trained: what the round gave.
    """
    return {
        "classes": recipe.labels,
        "loss": np.mean(trained.curves.training_loss, axis=0).round(4).tolist(),
        "curves": vars(trained.curves),
        "tuning": describe_tuning(trained.choice),
        **({"untuned": trained.untuned} if trained.untuned else {}),
        **judged(recipe, trained.out_of_fold),
    }


def judged(recipe: Recipe, found: OutOfFold) -> dict[str, Any]:
    """Return how logits become the answers that the recipe wants, and figures of these.

    Args:
        recipe: the recipe.
        found: predictions of photos that were not learned from.
    """
    calibration = calibrate(found.logits, found.labels, recipe.train.answered_accuracy, found.label_quality)
    return {"judged": _out_of_fold(found, calibration), "calibration": vars(calibration)}


def describe_tuning(choice: Choice) -> dict[str, Any]:
    """Say which epoch and how much of the change is kept, both 0 where nothing is, and what that gains in nats."""
    numbers = {"gain": choice.gain, "error": choice.error}
    rounded = {name: round(value, 4) if np.isfinite(value) else None for name, value in numbers.items()}
    kept, last = choice.step._asdict(), {"diverged": choice.diverged, "finite": choice.finite}
    return {**kept, **rounded, **last}


def _out_of_fold(found: OutOfFold, calibration: Calibration) -> dict[str, float]:
    """Return figures of the out-of-fold predictions.

    Doubtful labels count less in the calibration error, as they did in calibrating; accuracy is of the labels as they
    are, right or wrong. Where it is balanced, all classes count alike, however many photos they have.
    """
    probabilities = apply_temperature(found.logits, calibration.temperature)
    right = probabilities.argmax(axis=1) == found.labels
    answered = probabilities.max(axis=1) >= calibration.threshold
    even = even_weights(found.labels, np.ones(len(right)))
    return {
        "photos": len(right),
        "folds": len(set(found.folds.tolist())),
        "accuracy": round(float(right.mean()), 4),
        "balanced_accuracy": round(float(np.average(right, weights=even)), 4),
        "ece": round(ece(probabilities, found.labels, found.label_quality), 4),
        "ece_by_chance": round(expected_ece(probabilities, found.label_quality), 4),
        "coverage": round(float(answered.mean()), 4),
    }
