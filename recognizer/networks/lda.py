"""Linear discriminant analysis (LDA) on features, and the closed-form head that it gives a network.

The covariance is shrunk towards a multiple of the identity (Friedman, 1989, “Regularized discriminant analysis”),
since there are about as many features as photos. A fit costs one system of linear equations: the sums that it needs
are kept for each fold and added up, so that many folds of many photos stay cheap. On few photos with some wrong labels
a head so made does better than one that is learned step by step (docs/experiments.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from recognizer.calibration.calibrate import Labels, fit_temperature

SHRINKAGES = (0.3, 0.5, 0.7, 0.9)  # to choose from
FEWEST = 0.5  # photos that a class counts as, so that one without any is unlikely instead of impossible
FOLDS = 3  # in which the shrinkage of a head is chosen
COMPONENTS = 768  # of the features of a head, at most
FITTED = 4096  # rows that the components are fitted to, at most
MOST_TEMPERATURE = 100.0
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ClassSums:
    """What a fit needs to know of some photos.

    Args:
        counts: photos of each class, each with its weight, (classes,).
        sums: their features added up, (classes, channels).
        squares: the outer products of their features added up, (channels, channels).
    """

    counts: Floats
    sums: Floats
    squares: Floats

    def __add__(self, other: "ClassSums") -> "ClassSums":
        return ClassSums(self.counts + other.counts, self.sums + other.sums, self.squares + other.squares)

    def __sub__(self, other: "ClassSums") -> "ClassSums":
        return ClassSums(self.counts - other.counts, self.sums - other.sums, self.squares - other.squares)


def sum_classes(features: Floats, labels: Labels, classes: int, weights: Floats | None = None) -> ClassSums:
    """Return the sums of photos.

    Args:
        features: (n, channels), around zero.
        labels: the number of each photo's class, (n,).
        classes: how many there are.
        weights: how much each photo counts, (n,); all count 1 without.
    """
    weighted = features if weights is None else (features * weights[:, None]).astype(features.dtype)
    members = np.eye(classes, dtype=features.dtype)[labels]
    counts = members.sum(axis=0) if weights is None else weights @ members
    return ClassSums(counts, members.T @ weighted, features.T @ weighted)


def add_sums(parts: Sequence[ClassSums]) -> ClassSums:
    """Return the sums of all parts' photos."""
    return sum(parts[1:], parts[0])


def fit_discriminants(sums: ClassSums, shrinkage: float) -> tuple[Floats, Floats]:
    """Return weight, (channels, classes), and bias, (classes,), of log probabilities of the classes.

    `features @ weight + bias` are log probabilities up to a number that all classes of a photo share.

    Args:
        sums: of the photos to learn from.
        shrinkage: of the covariance, from 0 to 1.
    """
    counts = np.maximum(sums.counts, FEWEST)
    means = sums.sums / counts[:, None]
    within = (sums.squares - means.T @ (sums.counts[:, None] * means)) / sums.counts.sum()
    channels = len(within)
    shrunk = (1 - shrinkage) * within
    # Where each class has one photo, nothing varies within any; then only the distance to their means counts.
    shrunk[np.diag_indices(channels)] += shrinkage * np.trace(within) / channels or shrinkage
    weight = np.linalg.solve(shrunk, means.T)
    bias = np.log(counts / counts.sum()) - (means.T * weight).sum(axis=0) / 2
    return weight, bias


def predict_out_of_fold(
    features: Floats, folds: Sequence[Labels], parts: Sequence[ClassSums], shrinkage: float
) -> Floats:
    """Return for the photos of each fold the discriminants that the other folds give.

    Args:
        features: of n photos, (n, channels), or of all their augmented views, (n, views, channels).
        folds: the places of each fold's photos among them; photos in no fold are left at zero.
        parts: the sums of each fold's photos.
        shrinkage: of the covariance, from 0 to 1.

    Returns:
        Discriminants, (n, classes) or (n, views, classes).
    """
    everything = add_sums(parts)
    found = np.zeros((*features.shape[:-1], len(everything.counts)))
    for fold, part in zip(folds, parts, strict=True):
        weight, bias = fit_discriminants(everything - part, shrinkage)
        found[fold] = features[fold] @ weight + bias
    return found


@dataclass(frozen=True)
class _Reduction:
    """A linear map to fewer components: `features @ projection + offset`."""

    projection: Floats
    offset: Floats

    def __call__(self, features: Floats) -> Floats:
        return features.astype(self.projection.dtype) @ self.projection + self.offset


def fit_linear(embeddings: Floats, labels: Labels, label_quality: Floats | None = None) -> tuple[Floats, Floats]:
    """Fit a linear layer; its shrinkage and temperature are those under which labels of other folds are likeliest.

    Args:
        embeddings: of all augmented views of each photo, (n, views, channels).
        labels: the number of each photo's class, (n,), every class present.
        label_quality: how likely each label is right, (n,); photos count that much, and all count 1 without.

    Returns:
        Weight, (classes, channels), and bias, (classes,): logits are `embeddings @ weight.T + bias`.
    """
    weights = np.ones(len(labels)) if label_quality is None else label_quality
    reduction = _reduce(embeddings.reshape(-1, embeddings.shape[2]))
    features = reduction(embeddings)
    order = np.argsort(labels, kind="stable")
    folds = [order[fold::FOLDS] for fold in range(FOLDS)]  # of each class about as many
    parts = [_sum_views(features[fold], labels[fold], int(labels.max()) + 1, weights[fold]) for fold in folds]
    temperature, shrinkage = _choose(features, labels, weights, folds, parts)
    weight, bias = (values / temperature for values in fit_discriminants(add_sums(parts), shrinkage))
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
    features: Floats, labels: Labels, weights: Floats, folds: Sequence[Labels], parts: Sequence[ClassSums]
) -> tuple[float, float]:
    """Return the temperature and shrinkage under which labels are likeliest, given what the other folds predict."""
    repeated, repeated_weights = np.repeat(labels, features.shape[1]), np.repeat(weights, features.shape[1])
    tried = []
    for shrinkage in SHRINKAGES:
        logits = predict_out_of_fold(features, folds, parts, shrinkage)
        rows = logits.reshape(-1, logits.shape[2])
        loss, temperature = fit_temperature(rows, repeated, 1.0, MOST_TEMPERATURE, weights=repeated_weights)
        tried.append((loss, temperature, shrinkage))
    _, temperature, shrinkage = min(tried)
    return temperature, shrinkage


def _sum_views(features: Floats, labels: Labels, classes: int, weights: Floats) -> ClassSums:
    count = features.shape[1]
    rows = features.reshape(-1, features.shape[2])
    return sum_classes(rows, np.repeat(labels, count), classes, np.repeat(weights, count))
