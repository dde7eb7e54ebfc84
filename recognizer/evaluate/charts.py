"""What the charts of the evaluation show, in numbers; `charts.svg.jinja` draws them, names as text of the page."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from recognizer.calibration.calibrate import BINS, Labels, Probabilities, bin_numbers
from recognizer.evaluate.metrics import coverage_curve
from recognizer.images.data_url import jpeg_url
from recognizer.images.pixels import open_rgb
from recognizer.store.rows import Photo

SHEET = 24  # mistakes that are shown
PAIRS = 20  # of classes that are confused most
READABLE = 20  # classes; the confusion of more cannot be read as a picture
POINTS = 200  # of a curve
SIDE = 160  # pixels of a photo that is shown
WIDE = 24  # letters of a name beside a chart, those of Chinese counted twice


class Pair(NamedTuple):
    """Photos of one class that were taken for another."""

    found_under: str
    looks_like: str
    photos: int


class Bin(NamedTuple):
    """Answers of about one probability: the number of the bin, how many photos, and which share of them is right."""

    number: int
    photos: int
    right: float


class Mistake(NamedTuple):
    """A wrong answer: the photo as a data URI, where it was found, what it was taken for, and how surely."""

    picture: str
    found_under: str
    looks_like: str
    probability: float


@dataclass(frozen=True)
class Charts:
    """What is drawn.

    Args:
        names: of the classes, shortened, each with its whole name.
        confusion: photos by class and answer; none where there are too many classes for a picture.
        pairs: of classes that are confused most.
        reliability: the bins that have photos.
        curve: shares of photos answered, and the accuracy of these answers.
        coverage: the share that the threshold gives.
        mistakes: the surest ones, less those that wait for a person who is to know no label.
    """

    names: list[tuple[str, str]]
    confusion: list[list[int]]
    pairs: list[Pair]
    reliability: list[Bin]
    curve: list[tuple[float, float]]
    coverage: float
    mistakes: list[Mistake]

    @property
    def widest(self) -> int:
        """The width of the widest shortened name, in letters."""
        return max(_width(name) for name, _ in self.names)


def make_charts(
    photos: Sequence[Photo],
    labels: Labels,
    probabilities: Probabilities,
    names: list[str],
    coverage: float,
    hidden: Collection[str] = (),
) -> Charts:
    """Return what is drawn of the answers to photos.

    Args:
        photos: n of them.
        labels: the number of each one's class, (n,).
        probabilities: (n, classes).
        names: of the classes.
        coverage: the share of the photos that gets an answer.
        hidden: the sha256 of photos that are not shown, as those of the blind sample that wait for an answer.
    """
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(len(names)))
    return Charts(
        [(shorten(name), name) for name in names],
        matrix.tolist() if len(names) <= READABLE else [],
        confused_pairs(matrix, names),
        _reliability(labels, probabilities),
        _curve(labels, probabilities),
        coverage,
        _mistakes(photos, labels, probabilities, names, hidden),
    )


def confused_pairs(matrix: npt.NDArray[np.int_], names: list[str], most: int = PAIRS) -> list[Pair]:
    """Return the pairs of classes that are confused most, the most frequent first.

    Args:
        matrix: photos by class and answer, (classes, classes).
        names: of the classes.
        most: how many, at most.
    """
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [Pair(names[row], names[column], int(wrong[row, column])) for row, column in pairs if wrong[row, column]]


def shorten(name: str, width: int = WIDE) -> str:
    """Return a name that fits beside a chart, cut where it is wider."""
    fitting = [end for end in range(len(name) + 1) if _width(name[:end]) <= width]
    return name if fitting[-1] == len(name) else name[: fitting[-1]] + "…"


def _width(name: str) -> int:
    """Return the width of a name in letters, those of Chinese counted twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)


def _reliability(labels: Labels, probabilities: Probabilities) -> list[Bin]:
    right, numbers = probabilities.argmax(axis=1) == labels, bin_numbers(probabilities.max(axis=1))
    found = (numbers == number for number in range(BINS))
    return [Bin(number, int(own.sum()), float(right[own].mean())) for number, own in enumerate(found) if own.any()]


def _curve(labels: Labels, probabilities: Probabilities) -> list[tuple[float, float]]:
    coverage, accuracy = coverage_curve(labels, probabilities)
    shown = np.unique(np.linspace(0, len(coverage) - 1, POINTS).astype(int))
    return list(zip(coverage[shown].tolist(), accuracy[shown].tolist(), strict=True))


def _mistakes(
    photos: Sequence[Photo], labels: Labels, probabilities: Probabilities, names: list[str], hidden: Collection[str]
) -> list[Mistake]:
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    shown = np.array([photo.sha256 not in hidden for photo in photos])
    wrong = np.flatnonzero((answers != labels) & shown)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHEET]
    return [
        Mistake(_data_uri(photos[n].path), names[labels[n]], names[answers[n]], float(confidence[n]))
        for n in surest.tolist()
    ]


def _data_uri(path: Path) -> str:
    return jpeg_url(open_rgb(path).resize((SIDE, SIDE)))
