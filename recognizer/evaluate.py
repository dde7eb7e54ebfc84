"""The evaluate stage: what the trained network does on the held-out part, which nothing before it has seen.

The labels of held-out photos are those of the search that found them, unless a person corrected them; no rule does.
Where searches return wrong photos the accuracy here is therefore lower than the truth, never higher.
"""

import recognizer.torchvision_cure  # noqa: F401

import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from recognizer.calibrate import Numbers, Probabilities, calibration_error
from recognizer.errors import RecognizerError
from recognizer.photos import PhotoStore
from recognizer.recipe import Recipe
from recognizer.report import write_report
from recognizer.train import load_trained, predict, split_kept

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def evaluate(recipe: Recipe, store: PhotoStore) -> dict[str, Any]:
    """Measure the last trained network on the held-out photos.

    Returns:
        The report, as written to `reports/evaluate.json`: `accuracy` and `accuracy_interval` (Wilson, 95 %), `photos`,
        `ece` (15 bins), `coverage` (share of the photos that get an answer), `selective_accuracy` (of those answers),
        and `per_class`, each class with its own accuracy, interval and number of photos. Pictures lie beside it.

    Raises:
        RecognizerError: nothing is trained, or no photo is held out.
    """
    begun = time.monotonic()
    learner, calibration = load_trained(recipe, store)
    photos = split_kept(recipe, store).held_out
    if not photos:
        raise RecognizerError("No photo is held out; collect more photos, or raise train.held_out in the recipe.")
    labels = np.array([recipe.labels.index(photo.label) for photo in photos])
    probabilities = predict(learner, photos)
    draw_confusion(labels, probabilities, recipe.labels, store.work / "reports" / "confusion.png")
    figures = measure(labels, probabilities, recipe.labels, calibration.threshold)
    seconds = time.monotonic() - begun
    return write_report(store.work, "evaluate", recipe.name, seconds, {"photos": len(photos)}, **figures)


def measure(labels: Numbers, probabilities: Probabilities, names: list[str], threshold: float) -> dict[str, Any]:
    """Return the figures of a report.

    Args:
        labels: the number of each photo's class, (photos,).
        probabilities: (photos, classes).
        names: of the classes.
        threshold: probability below which the answer is "not sure".
    """
    right = probabilities.argmax(axis=1) == labels
    answered = probabilities.max(axis=1) >= threshold
    per_class = {name: _accuracy(right[labels == number]) for number, name in enumerate(names)}
    return {
        **_accuracy(right),
        "ece": round(calibration_error(probabilities, labels), 4),
        "coverage": round(float(answered.mean()), 4),
        "selective_accuracy": round(float(right[answered].mean()), 4) if answered.any() else None,
        "per_class": per_class,
    }


def _accuracy(right: Any) -> dict[str, Any]:
    """Return accuracy, its 95 % interval and the number of photos."""
    if not len(right):
        return {"accuracy": None, "accuracy_interval": None, "photos": 0}
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, method="wilson")
    low, high = round(float(interval.low), 4), round(float(interval.high), 4)
    return {"accuracy": round(float(right.mean()), 4), "accuracy_interval": [low, high], "photos": len(right)}


def draw_confusion(labels: Numbers, probabilities: Probabilities, names: list[str], file: Path) -> None:
    """Draw which class is taken for which, in photos."""
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(len(names)))
    figure, axes = plt.subplots(figsize=(7.5, 7), layout="constrained")
    axes.imshow(matrix, cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("looks most like photos found under")
    axes.set_ylabel("was found under")
    for (row, column), number in np.ndenumerate(matrix):
        if number:
            shade = "white" if number > matrix.max() / 2 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=shade)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)
