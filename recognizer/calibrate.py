"""Probabilities that mean what they say, and a threshold below which the answer is "not sure".

Temperature scaling: Guo et al., 2017, https://arxiv.org/abs/1706.04599.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

WANTED_ACCURACY = 0.95  # of the answers that are given
LEAST_THRESHOLD = 0.5  # an answer less likely than not is never given
BINS = 15
LEAST_TEMPERATURE = 0.5  # sharper would be certain of everything where a few photos are all right
MOST_TEMPERATURE = 4.0
FLOOR = float(np.log(1e-12))  # of a log probability, so that one wrong label does not decide alone
Probabilities = npt.NDArray[np.float64]
Logits = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int_]
Weights = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Calibration:
    """How raw outputs become answers.

    Args:
        temperature: what logits are divided by.
        threshold: probability of the likeliest class below which the answer is "not sure".
        photos: how many photos the two were measured on.
    """

    temperature: float
    threshold: float
    photos: int


def calibrate(probabilities: Probabilities, labels: Numbers, wanted: float = WANTED_ACCURACY) -> Calibration:
    """Choose temperature and threshold on photos that were not trained with.

    Args:
        probabilities: uncalibrated, (photos, classes).
        labels: the number of each photo's class, (photos,).
        wanted: accuracy of the answers that are given.
    """
    if not len(labels):
        return Calibration(1.0, LEAST_THRESHOLD, 0)
    _, temperature = fit_temperature(_logits(probabilities), labels, LEAST_TEMPERATURE, MOST_TEMPERATURE, FLOOR)
    threshold = _threshold(apply_temperature(probabilities, temperature), labels, wanted)
    return Calibration(temperature, threshold, len(labels))


def apply_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Return softmax(logits / temperature), (photos, classes), for probabilities that are softmax(logits)."""
    logits = _logits(probabilities) / temperature
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def calibration_error(probabilities: Probabilities, labels: Numbers, bins: int = BINS) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over equal-width bins."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = bin_numbers(confidence, bins)
    gaps = [abs(right[place == b].mean() - confidence[place == b].mean()) * (place == b).mean() for b in set(place)]
    return float(sum(gaps))


def bin_numbers(confidence: Probabilities, bins: int = BINS) -> Numbers:
    """Return the number of the equal-width bin that each probability is in, (photos,)."""
    return np.asarray(np.minimum((confidence * bins).astype(int), bins - 1))


def _logits(probabilities: Probabilities) -> Logits:
    return np.log(np.clip(probabilities, 1e-12, 1))


def fit_temperature(
    logits: Logits,
    labels: Numbers,
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


def _threshold(probabilities: Probabilities, labels: Numbers, wanted: float) -> float:
    """Return the lowest threshold at which the answers given are as accurate as wanted, or 1 where none is."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    for threshold in np.unique([LEAST_THRESHOLD, *confidence[confidence > LEAST_THRESHOLD]]):
        given = right[confidence >= threshold]
        if len(given) and given.mean() >= wanted:
            return float(threshold)
    return 1.0
