"""The pictures of the evaluation, each a PNG."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import confusion_matrix

from recognizer.calibration.calibrate import BINS, Labels, Probabilities, bin_numbers
from recognizer.files import write_whole

SHEET = 24  # mistakes that are shown
Shares = npt.NDArray[np.float64]


def draw_confusion(labels: Labels, probabilities: Probabilities, names: list[str], file: Path) -> None:
    """Draw which class is taken for which, in photos."""
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(len(names)))
    figure, axes = _square(7.5)
    axes.imshow(matrix, cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    _name(axes, "looks most like photos found under", "was found under")
    for (row, column), number in np.ndenumerate(matrix):
        if number:
            shade = "white" if number > matrix.max() / 2 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=shade)
    _save(figure, file)


def draw_reliability(labels: Labels, probabilities: Probabilities, file: Path) -> None:
    """Draw how often answers of a probability are right, with the number of photos (DeGroot and Fienberg, 1983)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = bin_numbers(confidence)
    figure, axes = _square(5)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    for b in np.unique(place):
        chosen = place == b
        axes.bar((b + 0.5) / BINS, right[chosen].mean(), 0.9 / BINS, color="tab:blue", alpha=0.7)
        axes.annotate(str(chosen.sum()), ((b + 0.5) / BINS, right[chosen].mean()), ha="center", va="bottom", size=7)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.05)
    _name(axes, "probability of the answer", "share that is right; above, photos")
    _save(figure, file)


def draw_coverage(coverage: Shares, accuracy: Shares, chosen: float, file: Path) -> None:
    """Draw the accuracy of the answers that are given against how many are.

    Args:
        coverage: shares of photos answered, rising.
        accuracy: of these answers.
        chosen: the share that the threshold gives.
        file: where to.
    """
    figure, axes = _square(5)
    axes.plot(coverage, accuracy)
    axes.axvline(chosen, color="grey", linestyle=":")
    _name(axes, "share of photos answered (dotted: with the chosen threshold)", "accuracy of the answers")
    _save(figure, file)


def draw_mistakes(photos: Sequence[tuple[Path, str]], file: Path) -> None:
    """Draw a sheet of photos, each with a line of text below."""
    columns = 4
    rows = max(1, -(-len(photos) // columns))
    figure = Figure(figsize=(2.2 * columns, 2.5 * rows), layout="constrained")
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if place < len(photos):
            path, text = photos[place]
            with Image.open(path) as image:
                axes.imshow(image.convert("RGB").resize((160, 160)))
            axes.set_title(text, size=7, parse_math=False)
    _save(figure, file)


def _square(side: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(side, side), layout="constrained")
    return figure, figure.subplots()


def _name(axes: Axes, below: str, beside: str) -> None:
    axes.set_xlabel(below)
    axes.set_ylabel(beside)


def _save(figure: Figure, file: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, format="png")
    write_whole(file, buffer.getvalue())
