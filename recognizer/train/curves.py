"""How training went, epoch by epoch."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recognizer.files import write_whole

Lists = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Curves:
    """Losses and accuracies: lists as long as there are epochs, one list a network."""

    training_loss: list[list[float]]
    validation_loss: list[list[float]]
    accuracy: list[list[float]]


def make_curves(recorded: Sequence[Sequence[Sequence[Any]]]) -> Curves:
    """Return the curves of networks.

    Args:
        recorded: of each network what fastai's recorder wrote down: training loss, validation loss and accuracy of
            each epoch; none before the first.
    """
    columns = [np.array(values, dtype=float).reshape(-1, 3).round(4).T.tolist() for values in recorded]
    return Curves(*(list(column) for column in zip(*columns, strict=True)))


def draw_curves(curves: Curves, file: Path) -> None:
    """Draw loss and accuracy by epoch, each the mean of some networks.

    Args:
        curves: at least one epoch of at least one network.
        file: the PNG to write.
    """
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for values, name in ((curves.training_loss, "training"), (curves.validation_loss, "validation")):
        _plot(left, values, "loss", name)
    _plot(right, curves.accuracy, "accuracy in validation")
    left.legend()
    save_figure(figure, file)


def save_figure(figure: Figure, file: Path) -> None:
    """Write a figure as a PNG, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    write_whole(file, buffer.getvalue())


def _plot(axes: Axes, values: Lists, what: str, name: str = "") -> None:
    axes.plot(np.arange(1, len(values[0]) + 1), np.mean(values, axis=0), marker=".", label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel(what)
