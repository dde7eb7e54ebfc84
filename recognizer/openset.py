"""The energy of a network's outputs, by which a photo of no class is told apart; numpy is enough.

Liu et al., 2020, https://arxiv.org/abs/2010.03759. Probabilities only compare the classes with each other; the energy
also says how much the network finds of all of them together.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

KIND = "energy"  # how model.json says that its limit is one of the energy


def energy(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return -log(sum(exp(logits))) of each photo, (n,): the larger, the less it is like any class.

    Args:
        logits: (n, classes).
    """
    return np.asarray(-np.logaddexp.reduce(logits, axis=1), dtype=np.float64)
