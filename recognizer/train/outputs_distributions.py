"""How the numbers that a network tells are distributed, next to the true ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recognizer.splits.values import MISSING, Floats
from recognizer.train.curves import save_figure
from recognizer.train.outputs_head import OutputCalibration, Truth

BARS = 20
PERCENTILES = (25, 50, 75, 95)


def draw_distributions(
    truths: Sequence[Truth], calibrations: Mapping[str, OutputCalibration], logits: Floats, file: Path
) -> None:
    """Draw both distributions of each number, with their percentiles; nothing where a recipe has no number.

    Args:
        truths: of each output, of n photos.
        calibrations: name of an output to what its slice of the logits means.
        logits: of these photos, which were not learned from, (n, total).
        file: the PNG to write.
    """
    numbers = [truth for truth in truths if truth.target.centres]
    if not numbers:
        return
    figure = Figure(figsize=(7, 3 * len(numbers)), layout="constrained")
    for axes, truth in zip(figure.subplots(len(numbers), squeeze=False)[:, 0], numbers, strict=True):
        known = truth.numbers != MISSING
        told = calibrations[truth.target.output.name].of(logits)
        _draw(axes, truth, truth.amounts[known], told[known])
    save_figure(figure, file)


def _draw(axes: Axes, truth: Truth, true: Floats, told: Floats) -> None:
    output = truth.target.output
    low, high = output.range
    edges = np.linspace(low, high, BARS + 1).tolist()
    for values, name, colour in ((true, "true", "C0"), (told, "predicted", "C1")):
        marks = np.percentile(values, PERCENTILES)
        said = ", ".join(f"{mark:.0f}" for mark in marks)
        axes.hist(values, edges, histtype="step", color=colour, label=f"{name}: {said}")
        axes.vlines(marks, 0, axes.get_ylim()[1] * 0.05, colors=colour)
    axes.set_xlabel(f"{output.name}, {output.unit}" if output.unit else output.name)
    axes.set_ylabel("photos")
    axes.legend(title="percentiles " + ", ".join(map(str, PERCENTILES)))
