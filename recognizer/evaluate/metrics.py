"""Figures of answers whose truth is known."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from recognizer.calibration.calibrate import Labels, Probabilities, ece, expected_ece

TOP = 3
TOO_WIDE = 0.4  # of an interval: it then tells next to nothing
MANY = 6  # classes, from which on it tells something that the right one is among the likeliest three


def measure(
    labels: Labels,
    probabilities: Probabilities,
    names: list[str],
    threshold: float,
    out_of_distribution: npt.NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Return the figures of a report.

    `balanced_accuracy` is the mean over the classes that have photos; `too_wide` says of a class that its interval is
    too wide to mean anything.

    Args:
        labels: the number of each photo's class, (photos,).
        probabilities: (photos, classes).
        names: of the classes.
        threshold: probability below which the answer is "not sure".
        out_of_distribution: whether each photo is too unlike all classes for an answer, (photos,); none is, by default.
    """
    right = probabilities.argmax(axis=1) == labels
    answered = probabilities.max(axis=1) >= threshold
    if out_of_distribution is not None:
        answered &= ~out_of_distribution
    per_class = {name: of_class(right[labels == number]) for number, name in enumerate(names)}
    of_answers = accuracy_of(right[answered])
    return {
        **accuracy_of(right),
        "balanced_accuracy": round(float(np.mean([right[labels == number].mean() for number in np.unique(labels)])), 4),
        "top3": round(float(top_right(labels, probabilities, TOP).mean()), 4),
        "ece": round(ece(probabilities, labels), 4),
        "ece_by_chance": round(expected_ece(probabilities), 4),
        "coverage": round(float(answered.mean()), 4),
        "selective_accuracy": of_answers["accuracy"],
        "selective_interval": of_answers["accuracy_interval"],
        "per_class": per_class,
    }


def accuracy_of(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return accuracy, its 95 % interval (Wilson) and the number of photos."""
    if not len(right):
        return {"accuracy": None, "accuracy_interval": None, "photos": 0}
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, method="wilson")
    low, high = round(float(interval.low), 4), round(float(interval.high), 4)
    return {"accuracy": round(float(right.mean()), 4), "accuracy_interval": [low, high], "photos": len(right)}


def of_class(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return the figures of one class's photos, and whether their interval is `too_wide` to mean anything."""
    figures = accuracy_of(right)
    low, high = figures["accuracy_interval"] or (0, 1)
    return {**figures, "too_wide": high - low > TOO_WIDE}


def top_right(labels: Labels, probabilities: Probabilities, top: int) -> npt.NDArray[np.bool_]:
    """Tell for each photo whether its class is among the likeliest."""
    likeliest = probabilities.argsort(axis=1)[:, -top:]
    return np.asarray((likeliest == labels[:, None]).any(axis=1))


def coverage_curve(
    labels: Labels, probabilities: Probabilities
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return shares of photos answered, surest first, and the accuracy of these answers."""
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    right = (probabilities.argmax(axis=1) == labels)[order]
    given = np.arange(1, len(right) + 1)
    return given / len(right), right.cumsum() / given
