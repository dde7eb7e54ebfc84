"""How many of a ranking can be decided without a person, at a stated precision."""

import numpy as np
import numpy.typing as npt

from recognizer.recipe import CleanSettings

PRECISION = CleanSettings().precision


def surest(probabilities: npt.NDArray[np.floating], precision: float) -> npt.NDArray[np.bool_]:
    """Choose the longest head of a ranking that keeps a precision.

    Args:
        probabilities: of being right, calibrated, (n,).
        precision: the mean probability that the chosen ones keep.

    Returns:
        Which are chosen, (n,).
    """
    order = np.argsort(-probabilities, kind="stable")
    means = np.cumsum(probabilities[order]) / np.arange(1, len(order) + 1)
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[means >= precision]] = True
    return chosen
