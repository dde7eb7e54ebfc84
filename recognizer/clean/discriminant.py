"""Linear discriminant analysis on features, where each photo is judged by photos of other groups only.

The covariance is shrunk towards a multiple of the identity (Friedman, 1989, “Regularized discriminant analysis”),
since there are about as many features as photos. A fit costs one inverse: the sums that it needs are kept for each
fold and added up, so that many folds of many photos stay cheap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.intp]

FOLDS = 5
COMPONENTS = 512  # of the features, at most
FITTED = 4096  # photos that the components are fitted to, at most; more of them change little and fill memory


@dataclass(frozen=True)
class Sums:
    """What a fit needs to know of some photos.

    Args:
        counts: photos of each class, (classes,).
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


def normalised(features: Floats) -> Floats:
    """Make features fit for discriminants: signed roots (Perronnin et al., 2010), unit variance, fewer components."""
    chosen = np.random.default_rng(0).permutation(len(features))[:FITTED]
    components = min(COMPONENTS, len(chosen), features.shape[1])
    reduction = make_pipeline(
        FunctionTransformer(_signed_roots), StandardScaler(), PCA(components, svd_solver="randomized", random_state=0)
    ).fit(features[chosen])
    starts = range(0, len(features), FITTED)
    return np.concatenate([reduction.transform(features[start : start + FITTED]) for start in starts])


def _signed_roots(features: Floats) -> Floats:
    wide = features.astype(np.float32)
    return np.asarray(np.sign(wide) * np.sqrt(np.abs(wide)))


def out_of_fold(
    features: Floats,
    numbers: Numbers,
    groups: Sequence[str],
    held_out: npt.NDArray[np.bool_],
    shrinkage: float,
    seed: int,
) -> Floats:
    """Judge photos by discriminants that other photos give.

    Args:
        features: as `normalised` gives them, (n, channels).
        numbers: the number of each photo's class, (n,).
        groups: the group of each; a group is never split.
        held_out: which of them teach nothing, and are judged by all others, (n,).
        shrinkage: of the covariance, from 0 to 1.
        seed: of the folds.

    Returns:
        Discriminants, (n, classes): log probabilities of the classes, up to a number that all classes of a photo share.
    """
    classes = int(numbers.max()) + 1
    found = np.zeros((len(numbers), classes))
    folds = list(_folds(numbers, np.array(groups), held_out, seed))
    parts = [_add_up(features[fold], numbers[fold], classes) for fold in folds]
    everything = sum(parts[1:], parts[0])
    for fold, part in zip(folds, parts, strict=True):
        found[fold] = _discriminants(features[fold], everything - part, shrinkage)
    found[held_out] = _discriminants(features[held_out], everything, shrinkage)
    return found


def _folds(
    numbers: Numbers, groups: npt.NDArray[np.str_], held_out: npt.NDArray[np.bool_], seed: int
) -> Iterator[Numbers]:
    teaching = np.flatnonzero(~held_out)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for _, fold in splitter.split(teaching, numbers[teaching], groups[teaching]):
        yield teaching[fold]


def _add_up(features: Floats, numbers: Numbers, classes: int) -> Sums:
    members = np.eye(classes, dtype=features.dtype)[numbers]
    return Sums(members.sum(axis=0), members.T @ features, features.T @ features)


def _discriminants(features: Floats, taught: Sums, shrinkage: float) -> Floats:
    means = taught.sums / taught.counts[:, None]
    within = (taught.squares - means.T @ (taught.counts[:, None] * means)) / taught.counts.sum()
    channels = len(within)
    shrunk = (1 - shrinkage) * within + shrinkage * np.trace(within) / channels * np.eye(channels)
    weight = np.linalg.solve(shrunk, means.T)
    bias = np.log(taught.counts / taught.counts.sum()) - (means.T * weight).sum(axis=0) / 2
    discriminants: Floats = features @ weight + bias
    return discriminants
