"""The last layer of a network in closed form: linear discriminants of the features before it.

On few photos with some wrong labels they do better than a layer that is learned step by step (docs/experiments.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from recognizer.calibration.calibrate import fit_temperature
from recognizer.networks.discriminant import (
    SHRINKAGES,
    Floats,
    Sums,
    add_together,
    add_up,
    fit_discriminants,
    judge_folds,
)

FOLDS = 3
COMPONENTS = 768  # of the features, at most
FITTED = 4096  # views that the components are fitted to, at most
MOST_TEMPERATURE = 100.0
Numbers = npt.NDArray[np.int_]
Layer = tuple[Floats, Floats]


@dataclass(frozen=True)
class _Reduction:
    """A linear map to fewer components: `features @ projection + offset`."""

    projection: Floats
    offset: Floats

    def __call__(self, features: Floats) -> Floats:
        return features.astype(self.projection.dtype) @ self.projection + self.offset


def fit_linear(features: Floats, labels: Numbers, trust: Floats | None = None) -> Layer:
    """Fit the layer; the shrinkage and temperature are those under which labels of unseen photos are likeliest.

    Args:
        features: of all views of each photo, (n, views, channels).
        labels: the number of each photo's class, (n,), every class present.
        trust: how likely each label is right, (n,); photos count that much, and all count 1 without.

    Returns:
        Weight, (classes, channels), and bias, (classes,): logits are `features @ weight.T + bias`.
    """
    trust = np.ones(len(labels)) if trust is None else trust
    reduction = _reduce(features.reshape(-1, features.shape[2]))
    views = reduction(features)
    order = np.argsort(labels, kind="stable")
    folds = [order[fold::FOLDS] for fold in range(FOLDS)]  # of each class about as many
    parts = [_sums(views[fold], labels[fold], int(labels.max()) + 1, trust[fold]) for fold in folds]
    temperature, shrinkage = _choose(views, labels, trust, folds, parts)
    weight, bias = (values / temperature for values in fit_discriminants(add_together(parts), shrinkage))
    return (reduction.projection @ weight).T, bias + reduction.offset @ weight


def _reduce(rows: Floats) -> _Reduction:
    """Bring features to unit variance, and take their principal components."""
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:FITTED]].astype(np.float32)
    scaler = StandardScaler().fit(rows)
    components = min(COMPONENTS, *rows.shape)
    directions = PCA(components, svd_solver="randomized", random_state=0).fit(scaler.transform(rows)).components_
    projection = directions.T.astype(np.float64) / scaler.scale_[:, None]
    return _Reduction(projection, -scaler.mean_ @ projection)


def _choose(
    views: Floats, labels: Numbers, trust: Floats, folds: Sequence[Numbers], parts: Sequence[Sums]
) -> tuple[float, float]:
    """Return the temperature and shrinkage under which photos are judged best by the folds they are not in."""
    numbers, weights = np.repeat(labels, views.shape[1]), np.repeat(trust, views.shape[1])
    tried = []
    for shrinkage in SHRINKAGES:
        logits = judge_folds(views, folds, parts, shrinkage)
        rows = logits.reshape(-1, logits.shape[2])
        loss, temperature = fit_temperature(rows, numbers, 1.0, MOST_TEMPERATURE, weights=weights)
        tried.append((loss, temperature, shrinkage))
    _, temperature, shrinkage = min(tried)
    return temperature, shrinkage


def _sums(views: Floats, labels: Numbers, classes: int, trust: Floats) -> Sums:
    count = views.shape[1]
    return add_up(views.reshape(-1, views.shape[2]), np.repeat(labels, count), classes, np.repeat(trust, count))
