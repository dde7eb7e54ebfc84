"""Linear discriminant analysis on features, from sums that can be added up and taken apart.

The covariance is shrunk towards a multiple of the identity (Friedman, 1989, “Regularized discriminant analysis”),
since there are about as many features as photos. A fit costs one system of linear equations: the sums that it needs
are kept for each fold and added up, so that many folds of many photos stay cheap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SHRINKAGES = (0.3, 0.5, 0.7, 0.9)  # to choose from
FEWEST = 0.5  # photos that a class counts as, so that one which nobody showed is unlikely instead of impossible
Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sums:
    """What a fit needs to know of some photos.

    Args:
        counts: photos of each class, each with its weight, (classes,).
        sums: their features added up, (classes, channels).
        squares: the outer products of their features added up, (channels, channels).
    """

    counts: Floats
    sums: Floats
    squares: Floats

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.counts + other.counts, self.sums + other.sums, self.squares + other.squares)

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.counts - other.counts, self.sums - other.sums, self.squares - other.squares)


def add_up(features: Floats, numbers: Numbers, classes: int, weights: Floats | None = None) -> Sums:
    """Return the sums of photos.

    Args:
        features: (n, channels), around zero.
        numbers: the number of each photo's class, (n,).
        classes: how many there are.
        weights: how much each photo counts, (n,); all count 1 without.
    """
    weighted = features if weights is None else (features * weights[:, None]).astype(features.dtype)
    members = np.eye(classes, dtype=features.dtype)[numbers]
    counts = members.sum(axis=0) if weights is None else weights @ members
    return Sums(counts, members.T @ weighted, features.T @ weighted)


def fit_discriminants(taught: Sums, shrinkage: float) -> tuple[Floats, Floats]:
    """Return weight, (channels, classes), and bias, (classes,), of log probabilities of the classes.

    `features @ weight + bias` are log probabilities up to a number that all classes of a photo share.

    Args:
        taught: the sums of the photos to learn from.
        shrinkage: of the covariance, from 0 to 1.
    """
    counts = np.maximum(taught.counts, FEWEST)
    means = taught.sums / counts[:, None]
    within = (taught.squares - means.T @ (taught.counts[:, None] * means)) / taught.counts.sum()
    channels = len(within)
    shrunk = (1 - shrinkage) * within
    shrunk[np.diag_indices(channels)] += shrinkage * np.trace(within) / channels
    weight = np.linalg.solve(shrunk, means.T)
    bias = np.log(counts / counts.sum()) - (means.T * weight).sum(axis=0) / 2
    return weight, bias


def judge_folds(features: Floats, folds: Sequence[Numbers], parts: Sequence[Sums], shrinkage: float) -> Floats:
    """Judge the photos of each fold by discriminants that the other folds give.

    Args:
        features: of n photos, (n, channels), or of all their views, (n, views, channels).
        folds: the places of each fold's photos among them; photos in no fold are left at zero.
        parts: the sums of each fold's photos.
        shrinkage: of the covariance, from 0 to 1.

    Returns:
        Discriminants, (n, classes) or (n, views, classes).
    """
    everything = add_together(parts)
    found = np.zeros((*features.shape[:-1], len(everything.counts)))
    for fold, part in zip(folds, parts, strict=True):
        weight, bias = fit_discriminants(everything - part, shrinkage)
        found[fold] = features[fold] @ weight + bias
    return found


def add_together(parts: Sequence[Sums]) -> Sums:
    """Return the sums of all parts' photos."""
    return sum(parts[1:], parts[0])
