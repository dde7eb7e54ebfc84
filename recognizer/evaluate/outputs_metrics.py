"""Figures of several outputs: each next to the constant guess, and for each group of every other output.

measure_outputs(answers)        # a list of Answered, one an output, about the same photos
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from recognizer.calibration.calibrate import Labels, ece, expected_ece
from recognizer.evaluate.metrics import accuracy_of, of_class
from recognizer.splits.values import MISSING, Floats

FEWEST = 10  # photos of a group, so that it is compared with others
SPREAD = 5  # photos, so that their errors tell how far a mean may be off
QUARTERS = 4  # groups that a number's photos are put into


@dataclass(frozen=True)
class Answered:
    """What a network says of photos, and what is true, of one output.

    Args:
        name: of the output.
        classes: their names; none of a number.
        found: probabilities, (n, classes), or values, (n,).
        numbers: of each photo's class, (n,), `MISSING` where it is not known; of a number, of its bin.
        amounts: of a number: the true values, (n,), NaN where not known.
        threshold: of classes: probability below which the answer is "not sure".
        interval: of a number: what is added to a value for its interval.
        guess: the constant guess, learned from training photos: a class's number, or a value.
        unit: of a number.
        source: the column, or part of a name, that the true ones stand in.
        checked: of classes: selective accuracy of training photos that had no say in the threshold.
    """

    name: str
    classes: list[str]
    found: Floats
    numbers: Labels
    amounts: Floats
    threshold: float
    interval: list[float]
    guess: float
    unit: str
    source: str = ""
    checked: float | None = None

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which photos have a value, (n,)."""
        return np.asarray(self.numbers != MISSING)

    @property
    def errors(self) -> Floats:
        """How far a number is from the true one, (n,); of classes 1 where the likeliest is wrong, else 0."""
        if self.classes:
            return np.asarray(self.found.argmax(axis=1) != self.numbers, dtype=np.float64)
        return np.asarray(self.found - self.amounts)

    def groups(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which photos are of each group of this output, (n,): its classes, or quarters of its range."""
        if self.classes:
            return {name: self.numbers == place for place, name in enumerate(self.classes)}
        edges = np.unique(np.nanquantile(self.amounts, np.linspace(0, 1, QUARTERS + 1)))
        pairs = list(pairwise(edges))
        last = len(pairs) - 1
        return {
            f"{low:g} – {high:g}": (self.amounts >= low) & ((self.amounts < high) | (place == last))
            for place, (low, high) in enumerate(pairs)
        }


def measure_outputs(answers: Sequence[Answered]) -> dict[str, Any]:
    """Return the figures of all outputs.

    Args:
        answers: of each output, about the same photos.

    Returns:
        `outputs`, name to its figures, among which `threshold_checked` and `too_wide` mean what they do in evaluate.py;
        `gaps`, the difference between the best and the worst group of every pair of outputs from different columns,
        largest first, classes (in shares) before numbers (in their unit); `crossed`, counts of photos.
    """
    outputs = {one.name: {**_figures(one), "groups": _by_groups(one, answers)} for one in answers}
    return {"outputs": outputs, "gaps": _gaps(answers, outputs), "crossed": _crossed(answers)}


def _figures(one: Answered) -> dict[str, Any]:
    known = one.known
    if not one.classes:
        inside = (one.errors[known] <= -one.interval[0]) & (one.errors[known] >= -one.interval[1])
        off = float(np.abs(one.guess - one.amounts[known]).mean())
        guess = {"answer": f"{one.guess:g} {one.unit}".strip(), "mean_absolute_error": _round(off)}
        return {"kind": "number", "unit": one.unit, **_number(one, known), "constant": guess, "inside": _share(inside)}
    found, numbers = one.found[known], one.numbers[known]
    answered = found.max(axis=1) >= one.threshold
    right = found.argmax(axis=1) == numbers
    constant = accuracy_of(numbers == one.guess)
    return {
        "kind": "classes",
        **accuracy_of(right),
        "constant": {"answer": one.classes[int(one.guess)], **constant},
        "ece": _round(ece(found, numbers)),
        "ece_by_chance": _round(expected_ece(found)),
        "coverage": _share(answered),
        "selective_accuracy": accuracy_of(right[answered])["accuracy"],
        "threshold_checked": one.checked,
        "per_class": {name: of_class(right[numbers == place]) for place, name in enumerate(one.classes)},
    }


def _number(one: Answered, chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return mean absolute error and bias of some photos, with intervals of 95 % where there are `SPREAD` or more."""
    errors = one.errors[chosen & one.known]
    names = ("mean_absolute_error", "bias")
    if len(errors) < 2:
        return {"photos": len(errors), **{name: None for one in names for name in (one, f"{one}_interval")}}
    figures: dict[str, Any] = {"photos": len(errors)}
    for name, values, least in zip(names, (np.abs(errors), errors), (0.0, -np.inf), strict=True):
        figures |= {name: _round(values.mean()), f"{name}_interval": _interval(values, least)}
    return figures


def _interval(values: Floats, least: float) -> list[float] | None:
    """Return the interval of a mean that is never below `least` (Student's t); None of too few values."""
    if len(values) < SPREAD:
        return None
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return [_round(max(least, values.mean() - half)), _round(values.mean() + half)]


def _by_groups(one: Answered, answers: Sequence[Answered]) -> dict[str, dict[str, Any]]:
    """Return the figures of an output for each group of every other output."""
    return {
        other.name: {group: _of_group(one, chosen) for group, chosen in other.groups().items()}
        for other in answers
        if other.name != one.name
    }


def _of_group(one: Answered, chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return of_class(one.errors[chosen & one.known] == 0) if one.classes else _number(one, chosen)


def _gaps(answers: Sequence[Answered], outputs: dict[str, Any]) -> list[dict[str, Any]]:
    # What is read from one column is the same twice: its groups would be those that are easy to tell, and come first.
    pairs = [(one, by) for one, by in permutations(answers, 2) if not one.source or one.source != by.source]
    found = [_gap(one, outputs[one.name]["groups"][by.name], by.name) for one, by in pairs]
    return sorted((gap for gap in found if gap), key=lambda gap: (gap["kind"], -gap["gap"]))


def _gap(one: Answered, groups: dict[str, Any], by: str) -> dict[str, Any]:
    """Return the best and the worst group of one output by another, among those with enough photos."""
    figure = "accuracy" if one.classes else "mean_absolute_error"
    enough = {name: figures for name, figures in groups.items() if figures["photos"] >= FEWEST}
    if len(enough) < 2:
        return {}
    ordered = sorted(enough, key=lambda name: enough[name][figure], reverse=bool(one.classes))
    best, worst = ({"group": name, **enough[name]} for name in (ordered[0], ordered[-1]))
    gap = _round(abs(best[figure] - worst[figure]))
    kind = "classes" if one.classes else "number"
    said = {"output": one.name, "by": by, "kind": kind, "figure": figure, "gap": gap, "unit": one.unit}
    return {**said, "best": best, "worst": worst}


def _crossed(answers: Sequence[Answered]) -> list[dict[str, Any]]:
    """Return for every two outputs how many photos are of each pair of their groups."""
    return [
        {
            "rows": one.name,
            "columns": other.name,
            "counts": {
                row: {column: int((a & b).sum()) for column, b in other.groups().items()}
                for row, a in one.groups().items()
            },
        }
        for place, one in enumerate(answers)
        for other in answers[place + 1 :]
    ]


def _share(chosen: npt.NDArray[np.bool_]) -> float:
    return _round(chosen.mean())


def _round(value: float | np.floating) -> float:
    return round(float(value), 4)
