"""The pictures of training and evaluating."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recognizer.cached import Curves

matplotlib.use("Agg")


def draw_curves(curves: Curves, file: Path) -> None:
    """Draw loss and accuracy by epoch, the mean of the folds."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for values, name in ((curves.training_loss, "learned from"), (curves.validation_loss, "not seen")):
        left.plot(np.arange(1, len(values[0]) + 1), np.mean(values, axis=0), marker=".", label=name)
    right.plot(np.arange(1, len(curves.accuracy[0]) + 1), np.mean(curves.accuracy, axis=0), marker=".")
    _name(left, "epoch", "loss")
    _name(right, "epoch", "accuracy on photos not seen")
    left.legend()
    _save(figure, file)


def _name(axes: Axes, below: str, beside: str) -> None:
    axes.set_xlabel(below)
    axes.set_ylabel(beside)


def _save(figure: Figure, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
