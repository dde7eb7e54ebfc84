"""Linear discriminant analysis (LDA) on features, and the closed-form head that it gives a network.

The covariance is shrunk towards a multiple of the identity (Friedman, 1989, “Regularized discriminant analysis”),
since there are about as many features as photos; of far more, the principal components are taken first. A fit costs
one system of linear equations: the sums that it needs are kept for each fold and added up, so that many folds of many
photos stay cheap. On few photos with some wrong labels a head so made does better than one that is learned step by step
(docs/experiments.md).

To a head all classes are as likely, however many photos of each were found: a search engine's numbers say nothing of
what visitors will show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recognizer.calibration.calibrate import Labels, fit_temperature
from recognizer.networks.closed_form import WITHIN, scale

SHRINKAGES = (0.3, 0.5, 0.7, 0.9)  # to choose from
FEWEST = 0.5  # photos that a class counts as, so that one without any is unlikely instead of impossible
FOLDS = 3  # in which the shrinkage of a head is chosen where no others are named
BASIS = 2048  # rows that the components of a head's features are fitted to, and so components, at most
HELD = 2**26  # numbers of these rows, at most: a quarter of a gigabyte
AT_ONCE = 512  # rows that are reduced at once, since all of them in single precision would fill memory
LEAST = 1e-6  # variance of a component, as a share of the largest; less is what rounding leaves
TINY = 1e-12
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
    varying = max(np.trace(within), WITHIN * np.trace(sums.squares) / sums.counts.sum())
    shrunk[np.diag_indices(channels)] += shrinkage * varying / channels or shrinkage
    weight = np.linalg.solve(shrunk, means.T)
    bias = np.log(counts / counts.sum()) - (means.T * weight).sum(axis=0) / 2
    return weight, bias


Fit = Callable[[ClassSums, float], tuple[Floats, Floats]]


def predict_out_of_fold(
    features: Floats,
    folds: Sequence[Labels],
    parts: Sequence[ClassSums],
    shrinkage: float,
    fit: Fit = fit_discriminants,
) -> Floats:
    """Return for the photos of each fold the discriminants that the other folds give.

    Args:
        features: of n photos, (n, channels), or of all their augmented views, (n, views, channels).
        folds: the places of each fold's photos among them; photos in no fold are left at zero.
        parts: the sums of each fold's photos.
        shrinkage: of the covariance, from 0 to 1.
        fit: makes weight and bias of sums.

    Returns:
        Discriminants, (n, classes) or (n, views, classes).
    """
    everything = add_sums(parts)
    found = np.zeros((*features.shape[:-1], len(everything.counts)))
    for fold, part in zip(folds, parts, strict=True):
        weight, bias = fit(everything - part, shrinkage)
        found[fold] = features[fold] @ weight + bias
    return found


@dataclass(frozen=True)
class Layer:
    """A linear layer: logits are `embeddings @ weight.T + bias`.

    Args:
        weight: (classes, channels).
        bias: (classes,).
    """

    weight: Floats
    bias: Floats


@dataclass(frozen=True)
class _Reduction:
    """A linear map to fewer components: `(features - mean) / deviation @ projection`.

    Args:
        mean: of each channel.
        deviation: of each channel.
        projection: (channels, components).
    """

    mean: Floats
    deviation: Floats
    projection: Floats

    def __call__(self, features: Floats) -> Floats:
        """Reduce rows."""
        reduced = np.empty((*features.shape[:-1], self.projection.shape[1]), np.float32)
        for start in range(0, len(features), AT_ONCE):
            some = (features[start : start + AT_ONCE].astype(np.float32) - self.mean) / self.deviation
            reduced[start : start + AT_ONCE] = some @ self.projection
        return reduced

    def layer(self, weight: Floats, bias: Floats) -> Layer:
        """Return the layer that does of the features what weight, (components, classes), and bias do of these."""
        whole = (self.projection @ weight.astype(np.float32)).T / self.deviation
        return Layer(whole, bias - whole.astype(np.float64) @ self.mean)


@dataclass(frozen=True)
class Heads:
    """Closed-form heads of one collection.

    Args:
        whole: learned from all photos.
        folds: number of a fold to weight and bias, in components, of the head that is learned from the others.
        reduction: to these components.
    """

    whole: Layer
    folds: dict[int, tuple[Floats, Floats]]
    reduction: _Reduction

    def say_of_folds(self, embeddings: Floats, folds: Labels) -> npt.NDArray[np.float64]:
        """Return what the head of each fold says of its photos, (n, classes).

        Args:
            embeddings: of n photos, (n, channels).
            folds: the number of each one's fold, (n,).
        """
        features, logits = self.reduction(embeddings), np.empty((len(folds), len(self.whole.bias)))
        for fold, (weight, bias) in self.folds.items():
            chosen = folds == fold
            logits[chosen] = features[chosen] @ weight + bias
        return logits


def even_weights(labels: Labels, weights: Floats) -> npt.NDArray[np.float64]:
    """Return weights under which all classes count alike in all, (n,), in the mean as much as before."""
    totals = np.bincount(labels, weights)
    even = weights / np.where(totals > 0, totals, 1)[labels]
    return np.asarray(even * weights.sum() / (even.sum() or 1))


def fit_heads(
    embeddings: Floats,
    labels: Labels,
    folds: Labels,
    label_quality: Floats | None = None,
    shares: Floats | None = None,
) -> Heads:
    """Fit a head to all photos, and one to all but those of each fold.

    Their components are those of all photos, or of `BASIS` of them, which no label has a say in; their shrinkage and
    temperature are those under which labels are likeliest, given what the other folds predict, each class counting
    alike.

    Args:
        embeddings: of all augmented views of each photo, (n, views, channels).
        labels: the number of each photo's class, (n,), every class present.
        folds: the number of each one's fold, (n,).
        label_quality: how likely each label is right, (n,); photos count that much, and all count 1 without.
        shares: how much of the whole each channel counts, (channels,); all alike without.
    """
    weights = np.ones(len(labels)) if label_quality is None else label_quality
    reduction = _reduce(embeddings.reshape(-1, embeddings.shape[2]), shares)
    features = reduction(embeddings)
    numbers = np.unique(folds).tolist()
    places = [np.flatnonzero(folds == number) for number in numbers]
    parts = [_sum_views(features[place], labels[place], int(labels.max()) + 1, weights[place]) for place in places]
    temperature, shrinkage = _choose(features, labels, weights, places, parts)
    everything = add_sums(parts)

    def head(sums: ClassSums) -> tuple[Floats, Floats]:
        weight, bias = _fit_even(sums, shrinkage)
        return weight / temperature, bias / temperature

    fitted = {number: head(everything - part) for number, part in zip(numbers, parts, strict=True)}
    return Heads(reduction.layer(*head(everything)), fitted, reduction)


def fit_linear(
    embeddings: Floats, labels: Labels, label_quality: Floats | None = None, shares: Floats | None = None
) -> Layer:
    """Return the head of all photos, its settings chosen in a few folds of like classes; see `fit_heads`."""
    folds = np.empty(len(labels), dtype=int)
    folds[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % FOLDS
    return fit_heads(embeddings, labels, folds, label_quality, shares).whole


def _fit_even(sums: ClassSums, shrinkage: float) -> tuple[Floats, Floats]:
    """Return what `fit_discriminants` does, for classes that are all as likely."""
    weight, bias = fit_discriminants(sums, shrinkage)
    return weight, bias - np.log(np.maximum(sums.counts, FEWEST))


def _reduce(rows: Floats, shares: Floats | None) -> _Reduction:
    """Bring features to unit variance, let them count as they are to, and take the principal components of some.

    They are taken of the products of rows, since there are far more features than rows; of more rows than `BASIS`, a
    part tells enough (Williams and Seeger, 2001, “Using the Nyström method to speed up kernel machines”).
    """
    most = min(BASIS, HELD // rows.shape[1])
    basis = scale(rows[np.random.default_rng(0).permutation(len(rows))[:most]], shares)
    variances, vectors = np.linalg.eigh((basis.rows @ basis.rows.T).astype(np.float64))
    kept = variances >= LEAST * variances[-1]
    directions = vectors[:, kept] / np.sqrt(np.maximum(variances[kept], TINY))  # of photos that are all alike, any
    return _Reduction(basis.mean, basis.deviation, basis.rows.T @ directions.astype(np.float32))


def _choose(
    features: Floats, labels: Labels, weights: Floats, folds: Sequence[Labels], parts: Sequence[ClassSums]
) -> tuple[float, float]:
    """Return the temperature and shrinkage under which labels are likeliest, given what the other folds predict."""
    repeated = np.repeat(labels, features.shape[1])
    repeated_weights = np.repeat(even_weights(labels, weights), features.shape[1])
    tried = []
    for shrinkage in SHRINKAGES:
        logits = predict_out_of_fold(features, folds, parts, shrinkage, _fit_even)
        rows = logits.reshape(-1, logits.shape[2])
        loss, temperature = fit_temperature(rows, repeated, 1.0, MOST_TEMPERATURE, weights=repeated_weights)
        tried.append((loss, temperature, shrinkage))
    _, temperature, shrinkage = min(tried)
    return temperature, shrinkage


def _sum_views(features: Floats, labels: Labels, classes: int, weights: Floats) -> ClassSums:
    count = features.shape[1]
    rows = features.reshape(-1, features.shape[2]).astype(np.float64)
    return sum_classes(rows, np.repeat(labels, count), classes, np.repeat(weights, count))
