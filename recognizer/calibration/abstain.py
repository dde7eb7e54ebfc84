"""When the answer is "not sure": a class too unlikely, or a photo out of distribution; numpy is enough.

The energy of a network's outputs tells photos of no class apart (Liu et al., 2020, https://arxiv.org/abs/2010.03759).
Probabilities only compare the classes with each other; the energy also says how much the network finds of all of them
together.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.names import NOT_SURE as NOT_SURE  # where others look for it

SCORE = "energy"  # how model.json says that its limit is one of the energy
Floats = npt.NDArray[np.floating[Any]]


def energy(logits: Floats) -> npt.NDArray[np.float64]:
    """Return the out-of-distribution score -log(sum(exp(logits))), (n,): the larger, the less it is like any class.

    Args:
        logits: calibrated, (n, classes).
    """
    return np.asarray(-np.logaddexp.reduce(logits, axis=1), dtype=np.float64)


def is_answered(probabilities: Floats, energies: Floats, threshold: float, limit: float) -> npt.NDArray[np.bool_]:
    """Tell for each photo whether it gets an answer, (n,).

    Args:
        probabilities: calibrated, (n, classes).
        energies: of its logits, (n,).
        threshold: probability of the likeliest class below which there is no answer.
        limit: energy above which there is none.
    """
    return np.asarray((probabilities.max(axis=1) >= threshold) & (energies <= limit))
