"""Figures in words, as every page and card tells them.

say_figure({"accuracy": 0.93, "accuracy_interval": [0.84, 0.98]})        # "93.0 % (84.0 to 98.0)"
say_gap({"kind": "classes", "gap": 0.314})                              # "31.4 points"
round_within(31.4159, 22, 43)                                            # "31"
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recognizer.words.words import SOURCE, words_in

NOTHING = "–"


def say_figure(figures: Mapping[str, Any]) -> str:
    """Return an accuracy or a mean absolute error in English, see `figure_told`."""
    told = figure_told(figures)
    return NOTHING if "name" in told else words_in(SOURCE).told(told["key"], **told["values"]).striptags()


def figure_told(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return which sentence tells an accuracy or a mean absolute error, with its interval of 95 % where there is one.

    Args:
        figures: `accuracy`, or `mean_absolute_error` and perhaps `unit`; and perhaps an interval of either.

    Returns:
        `key` and `values`, as `Words.told` takes them; `name`, a dash, where there is no figure.
    """
    if (accuracy := figures.get("accuracy")) is not None:
        return _share_told(accuracy, figures.get("accuracy_interval") or [])
    if (error := figures.get("mean_absolute_error")) is None:
        return {"name": NOTHING}
    interval = figures.get("mean_absolute_error_interval")
    low, high = interval or (error * 0.9, error)  # told to a tenth of itself
    said = {"error": {"name": f"{round_within(error, low, high)} {figures.get('unit', '')}".strip()}}
    if not interval:
        return {"key": "figures.error", "values": said}
    ends = {"low": round_within(low, low, high), "high": round_within(high, low, high)}
    return {"key": "figures.error_interval", "values": said | ends}


def say_gap(gap: Mapping[str, Any]) -> str:
    """Return how far the worst group is from the best one, in English.

    Args:
        gap: `kind`, "classes" or "number"; `gap`, a share or a mean absolute error; and perhaps the `unit` of a number.
    """
    return (
        f"{gap['gap'] * 100:.1f} points"
        if gap["kind"] == "classes"
        else f"{gap['gap']:.2f} {gap.get('unit', '')}".strip()
    )


def _share_told(accuracy: float, interval: Sequence[float]) -> dict[str, Any]:
    said = {"key": "answer.percent", "values": {"number": f"{accuracy * 100:.1f}"}}
    if not interval:
        return said
    low, high = (f"{end * 100:.1f}" for end in interval)
    return {"key": "figures.share", "values": {"share": said, "low": low, "high": high}}


def round_within(number: float, low: float, high: float) -> str:
    """Return a number with as many digits as an interval leaves of meaning: to ones where it is 10 wide or more.

    Args:
        number: to be told.
        low: where the interval begins.
        high: where it ends.
    """
    width = high - low if high > low else 1.0
    return f"{number:.{max(0, 1 - math.floor(math.log10(width)))}f}"
