"""How the numbers that a network tells of held-out photos are distributed, next to the true ones."""

from typing import Any

import numpy as np

from recognizer.evaluate.outputs_metrics import Answered
from recognizer.splits.values import Floats
from recognizer.train.outputs_distributions import BARS, PERCENTILES
from recognizer.words.figures import round_within


def distribution_of(one: Answered, ends: list[float]) -> dict[str, Any]:
    """Return what is drawn of a number.

    Args:
        one: what the network says of the held-out photos, and what is true.
        ends: of the range that the number may have.

    Returns:
        `range`; `percentiles`, which ones; and `true` and `predicted`, each with `photos` in every part of the range,
        from the lowest, and the `values` of the percentiles, as texts.
    """
    told = {"true": one.amounts[one.known], "predicted": one.found[one.known]}
    return {"range": ends, "percentiles": PERCENTILES} | {name: _told(values, ends) for name, values in told.items()}


def _told(values: Floats, ends: list[float]) -> dict[str, Any]:
    low, high = ends
    photos, _ = np.histogram(values, np.linspace(low, high, BARS + 1))
    marks = np.percentile(values, PERCENTILES).tolist() if len(values) else []
    return {"photos": photos.tolist(), "values": [round_within(mark, 0, (high - low) / BARS) for mark in marks]}
