"""Figures in words, as every page and card tells them.

say_figure({"accuracy": 0.93, "accuracy_interval": [0.84, 0.98]})        # "93.0 % (84.0 to 98.0)"
round_within(31.4159, 22, 43)                                            # "31"
"""

import math
from collections.abc import Mapping
from typing import Any

NOTHING = "–"


def say_figure(figures: Mapping[str, Any]) -> str:
    """Return an accuracy or a mean absolute error, with its interval of 95 % where there is one.

    Args:
        figures: `accuracy`, or `mean_absolute_error` and perhaps `unit`; and perhaps an interval of either.
    """
    if (accuracy := figures.get("accuracy")) is not None:
        ends = figures.get("accuracy_interval") or []
        told = f" ({' to '.join(f'{end * 100:.1f}' for end in ends)})" if ends else ""
        return f"{accuracy * 100:.1f} %{told}"
    if (error := figures.get("mean_absolute_error")) is None:
        return NOTHING
    low, high = figures.get("mean_absolute_error_interval") or (error * 0.9, error)  # told to a tenth of itself
    said = f"{round_within(error, low, high)} {figures.get('unit', '')}".strip() + " off on average"
    ends = [round_within(end, low, high) for end in (low, high)]
    return said + (f" ({' to '.join(ends)})" if "mean_absolute_error_interval" in figures else "")


def round_within(number: float, low: float, high: float) -> str:
    """Return a number with as many digits as an interval leaves of meaning: to ones where it is 10 wide or more.

    Args:
        number: to be told.
        low: where the interval begins.
        high: where it ends.
    """
    width = high - low if high > low else 1.0
    return f"{number:.{max(0, 1 - math.floor(math.log10(width)))}f}"
