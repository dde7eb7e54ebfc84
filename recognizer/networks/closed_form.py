"""Linear discriminants of many features and few photos, in closed form: for classes, and for numbers cut into bins.

    kernel = kernel_of(features)                            # (n, n): all that is ever needed of the features
    coefficients, bias = fit_dual(kernel, labels, classes, shrinkage)
    logits = kernel_between @ coefficients + bias           # or features @ (features_of_training.T @ coefficients)

The covariance within classes is shrunk towards a multiple of the identity, as in lda.py. Where there are more features
than photos, what is solved has one equation a photo (Woodbury's identity), so that a picture may be described by each
of its places, and every output of a recipe shares one kernel.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

IMPOSSIBLE = -1e4  # logit of a class that no photo is of
WITHIN = 1e-3  # share of all variance that is within classes, at least; where no two photos are of one, none is seen
Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int_]


class Scaled(NamedTuple):
    """Features brought to unit variance around zero.

    Args:
        rows: (n, channels), float32.
        mean: of each channel.
        deviation: of each channel.
    """

    rows: Floats
    mean: Floats
    deviation: Floats


def scale(features: Floats, shares: Floats | None = None) -> Scaled:
    """Scale features, so that none counts more for its unit; all together have about unit length.

    Args:
        features: (n, channels).
        shares: how much of the whole each channel counts, (channels,), in all 1; all alike without.
    """
    rows = np.array(features, dtype=np.float32)  # a copy, which is changed
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + np.float32(1e-6)
    deviation /= np.sqrt(1 / rows.shape[1] if shares is None else shares).astype(np.float32)
    rows -= mean
    rows /= deviation
    return Scaled(rows, mean, deviation)


def fit_dual(kernel: Floats, labels: Labels, classes: int, shrinkage: float) -> tuple[Floats, Floats]:
    """Return coefficients, (n, classes), and bias, (classes,), of log probabilities, all classes as likely before.

    Args:
        kernel: products of the rows of n photos, (n, n).
        labels: the number of each one's class, (n,); one without any photo is all but impossible.
        classes: how many.
        shrinkage: of the covariance, as a share of the mean variance.
    """
    n = len(labels)
    if not n:
        return np.zeros((0, classes)), np.full(classes, IMPOSSIBLE)
    members = np.eye(classes, dtype=kernel.dtype)[labels]
    counts = members.sum(axis=0)
    means = members / np.maximum(counts, 1)  # kernel @ means: products with the mean of each class
    products = kernel @ means
    within = _within(_within(kernel, members, means).T, members, means)
    ridge = shrinkage * max(np.trace(within), WITHIN * np.trace(kernel))
    within[np.diag_indices(n)] += ridge
    solved = cho_solve(cho_factor(within, lower=True, overwrite_a=True), _within(products, members, means))
    coefficients = (means - _within(solved, members, means)) * (n / ridge)
    bias = -np.einsum("nc,nc->c", coefficients, products) / 2
    return coefficients, np.where(counts > 0, bias, IMPOSSIBLE)


def _within(rows: Floats, members: Floats, means: Floats) -> Floats:
    """Return rows less the mean row of their class."""
    return np.asarray(rows - members @ (means.T @ rows))
