"""Probabilities that mean what they say, and the limits beyond which the answer is "not sure".

Temperature scaling: Guo et al., 2017, https://arxiv.org/abs/1706.04599.

The threshold is checked by cross-validation: chosen on four fifths of the photos, in turn, it has to keep the wanted
accuracy on the fifth that had no say. Where it does not, more is asked for in choosing it, until it does; where nothing
helps, as with few photos, the nearest is taken. What the check gave is told (`checked`).

The limit is that of photos which belong to some class. Nothing says which do: label noise knows only of wrong labels.
But a photo of no class gets its label as an answer only by chance, so where the share of such agreement among photos of
much energy falls to what chance gives, they count for nothing, however many they are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from recognizer.calibration.abstain import energy

WANTED_ACCURACY = 0.95  # selective: of the photos that get an answer
LEAST_THRESHOLD = 0.5  # no answer is less likely than not
PARTS = 5  # of the photos, by which the threshold is checked
TARGETS = 11  # accuracies that are tried in choosing it, from the wanted one up to 1
KEPT = 0.99  # share of the right answers about photos of the classes that may not count as out of distribution
NO_LIMIT = 1e9  # energy that no photo has; JSON knows no infinity
BINS = 15
TIMES = 200  # that outcomes are drawn; their mean error is then known to about 0.0005
LEAST_TEMPERATURE = 0.5  # sharper would be certain of everything where a few photos are all right
MOST_TEMPERATURE = 4.0
ROUNDING = 1e-9  # of sums of weights
FLOOR = float(np.log(1e-12))  # of a log probability, so that one wrong label does not decide alone
Probabilities = npt.NDArray[np.float64]
Logits = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int_]
Weights = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Calibration:
    """How raw outputs become answers.

    Args:
        temperature: what logits are divided by.
        threshold: probability of the likeliest class below which the answer is "not sure".
        limit: energy of the divided logits above which a photo counts as out of distribution.
        photos: how many photos the three were measured on.
        checked: selective accuracy of photos that had no say in the threshold by which they were answered; None where
            none was answered, or an earlier version chose it.
    """

    temperature: float
    threshold: float
    limit: float
    photos: int
    checked: float | None = None


def calibrate(
    logits: Logits, labels: Labels, wanted: float = WANTED_ACCURACY, label_quality: Weights | None = None
) -> Calibration:
    """Choose temperature, threshold and limit on photos that were not trained with.

    Args:
        logits: uncalibrated, (photos, classes).
        labels: the number of each photo's class, (photos,).
        wanted: selective accuracy, of the photos that get an answer.
        label_quality: how likely each label is right, between 0 and 1, (photos,); all surely, by default.
    """
    weights = _weights(labels, label_quality)
    if not weights.any():
        return Calibration(1.0, LEAST_THRESHOLD, NO_LIMIT, 0)
    _, temperature = fit_temperature(logits, labels, LEAST_TEMPERATURE, MOST_TEMPERATURE, FLOOR, weights)
    threshold, checked = checked_threshold(apply_temperature(logits, temperature), labels, wanted, weights)
    limit = _limit(logits / temperature, labels, weights)
    return Calibration(temperature, threshold, limit, len(labels), checked)


def apply_temperature(logits: Logits, temperature: float) -> Probabilities:
    """Return softmax(logits / temperature), (photos, classes)."""
    return np.asarray(softmax(logits / temperature, axis=1))


def ece(probabilities: Probabilities, labels: Labels, label_quality: Weights | None = None, bins: int = BINS) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over equal-width bins.

    Args:
        probabilities: (photos, classes).
        labels: the number of each photo's class, (photos,).
        label_quality: how likely each label is right, between 0 and 1, (photos,); all surely, by default.
        bins: how many.
    """
    right = probabilities.argmax(axis=1) == labels
    return _mean_gap(probabilities.max(axis=1), right, _weights(labels, label_quality), bins)


def expected_ece(probabilities: Probabilities, label_quality: Weights | None = None, bins: int = BINS) -> float:
    """Return the expected ECE under perfect calibration: what exactly right probabilities show on average.

    Few photos in a bin are never right just as often as they should be, so the error is above 0 even then; what is
    measured has to be seen next to this. Found by drawing outcomes many times, always the same ones.

    Args:
        probabilities: (photos, classes).
        label_quality: the weights that the error is measured with, (photos,); all alike, by default.
        bins: how many.
    """
    confidence, rng = probabilities.max(axis=1), np.random.default_rng(0)
    weights = _weights(confidence, label_quality)
    drawn = (rng.random(len(confidence)) < confidence for _ in range(TIMES))
    return float(np.mean([_mean_gap(confidence, right, weights, bins) for right in drawn]))


def bin_numbers(confidence: Probabilities, bins: int = BINS) -> Labels:
    """Return the number of the equal-width bin that each probability is in, (photos,)."""
    return np.asarray(np.minimum((confidence * bins).astype(int), bins - 1))


def fit_temperature(
    logits: Logits,
    labels: Labels,
    least: float,
    most: float,
    floor: float = -np.inf,
    weights: Weights | None = None,
) -> tuple[float, float]:
    """Return the mean negative log likelihood of labels at the best temperature, and that temperature.

    Args:
        logits: (n, classes).
        labels: the number of each one's class, (n,).
        least: temperature that may be.
        most: temperature that may be.
        floor: of a log probability; labels less likely than that count no more.
        weights: of each one in the mean, (n,); all alike, by default.
    """
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels]
        return float(-np.average(np.maximum(logs, floor), weights=weights))

    best = minimize_scalar(loss, bounds=(np.log(least), np.log(most)), method="bounded")
    return float(best.fun), float(np.exp(best.x))


def checked_threshold(
    probabilities: Probabilities, labels: Labels, wanted: float, weights: Weights
) -> tuple[float, float | None]:
    """Return the first threshold that keeps the wanted selective accuracy where it is checked, or else the one that
    comes nearest to it, with that accuracy.

    Args:
        probabilities: as they are told to users, of photos that were not trained with, (photos, classes).
        labels: the number of each photo's class, (photos,).
        wanted: selective accuracy, of the photos that get an answer.
        weights: how much each photo counts, (photos,).
    """
    best, kept = 1.0, None
    for target in np.linspace(wanted, 1, TARGETS):
        threshold = _threshold(probabilities, labels, weights, target)
        checked = _check(probabilities, labels, target, weights) if threshold < 1 else None
        if checked is not None and (kept is None or checked > kept):
            best, kept = threshold, checked
        if kept is not None and kept >= wanted:
            break
    return best, kept


def _check(probabilities: Probabilities, labels: Labels, target: float, weights: Weights) -> float | None:
    """Return the selective accuracy of photos by thresholds that were chosen on others; None where none is answered."""
    parts = np.random.default_rng(0).permutation(len(labels)) % PARTS
    others = [parts != part for part in range(PARTS)]
    found = [_threshold(probabilities[one], labels[one], weights[one], target) for one in others]
    given = weights * (probabilities.max(axis=1) >= np.array(found)[parts])
    right = probabilities.argmax(axis=1) == labels
    return round(float(np.average(right, weights=given)), 4) if given.any() else None


def _threshold(probabilities: Probabilities, labels: Labels, weights: Weights, wanted: float) -> float:
    """Return the lowest threshold whose selective accuracy is as wanted, or 1 where none is."""
    confidence = probabilities.max(axis=1)
    order = np.argsort(confidence)
    right = ((probabilities.argmax(axis=1) == labels) * weights)[order]
    thresholds = np.unique([LEAST_THRESHOLD, *confidence[confidence > LEAST_THRESHOLD]])
    places = np.searchsorted(confidence[order], thresholds)
    given, kept = (np.append(np.cumsum(one[::-1])[::-1], 0.0)[places] for one in (weights[order], right))
    good = (given > 0) & (kept >= wanted * given - ROUNDING)
    return float(thresholds[good.argmax()]) if good.any() else 1.0


def _limit(logits: Logits, labels: Labels, weights: Weights) -> float:
    """Return the energy above which hardly any right answer about photos of the classes lies.

    A photo whose answer is its label counts one, any other counts against it what chance lets photos of no class agree
    with their labels (one in as many as there are classes), so that in the mean these cancel out.
    """
    right = logits.argmax(axis=1) == labels
    evidence = weights * np.where(right, 1.0, -1 / (logits.shape[1] - 1))
    energies = energy(logits)
    order = np.argsort(-energies, kind="stable")
    above = np.cumsum(evidence[order])
    few = np.flatnonzero((above <= (1 - KEPT) * above[-1]) & (above[-1] > 0))
    return float(energies[order][few[-1] + 1 if len(few) else 0])


def _mean_gap(confidence: Probabilities, right: npt.NDArray[np.bool_], weights: Weights, bins: int) -> float:
    if not weights.any():
        return 0.0
    gaps = np.bincount(bin_numbers(confidence, bins), weights=weights * (right - confidence))
    return float(np.abs(gaps).sum() / weights.sum())


def _weights(photos: npt.NDArray[np.generic], label_quality: Weights | None) -> Weights:
    return np.ones(len(photos)) if label_quality is None else label_quality
