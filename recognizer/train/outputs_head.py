"""The closed-form heads of several outputs: one linear layer, a slice of which belongs to each output.

heads = fit_heads(features, shares, truths, folds, settings.answered_accuracy)
heads.layer                                 # (total, channels)
heads.calibrations["age"]                   # what its slice means
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from recognizer.calibration.calibrate import LEAST_THRESHOLD, checked_threshold
from recognizer.networks.closed_form import fit_dual, scale
from recognizer.networks.lda import Layer
from recognizer.splits.split import Labels
from recognizer.splits.values import MISSING, Floats, Target

SHRINKAGES = (0.0001, 0.0003, 0.001, 0.003, 0.01)  # to choose from
TEMPERATURES = tuple(np.geomspace(0.25, 64, 25).tolist())
COVERAGE = 0.8  # of a number's interval


@dataclass(frozen=True)
class OutputCalibration:
    """What a slice of the logits means.

    Args:
        start: of the slice.
        stop: of the slice.
        centres: of a number: its value is their mean, by the softmax of the slice; none of classes.
        threshold: of classes: probability below which the answer is "not sure".
        interval: of a number: what is to be added to its value so that `COVERAGE` of the true ones lie between.
        shrinkage: of the covariance that the head was fitted with.
        photos: how many the threshold or interval were measured on, out of fold.
        checked: of classes: selective accuracy of photos that had no say in the threshold by which they were answered;
            None of a number, where none was answered, or where an earlier version chose it.
    """

    start: int
    stop: int
    centres: list[float]
    threshold: float
    interval: list[float]
    shrinkage: float
    photos: int
    checked: float | None = None

    def of(self, logits: Floats) -> Floats:
        """Return the probabilities of its classes, (n, classes), or the values of its number, (n,)."""
        probabilities = np.asarray(softmax(logits[:, self.start : self.stop], axis=1))
        return probabilities @ np.array(self.centres) if self.centres else probabilities


@dataclass(frozen=True)
class Heads:
    """Heads side by side.

    Args:
        layer: (total, channels).
        logits: out-of-fold predictions, (n, total).
        calibrations: name of an output to what its slice means.
    """

    layer: Layer
    logits: Floats
    calibrations: dict[str, OutputCalibration]


@dataclass(frozen=True)
class Truth:
    """What is known of one output.

    Args:
        target: what is learned.
        numbers: of each photo's class or bin, (n,), `MISSING` where it has no value.
        amounts: of a number: each photo's value, (n,).
    """

    target: Target
    numbers: Labels
    amounts: Floats

    def loss(self, logits: Floats, temperature: float) -> float:
        """Return how far calibrated logits are from what is known: log loss of classes, mean error of numbers."""
        known = self.numbers != MISSING
        rows = logits[known] / temperature + self.prior()
        if self.target.centres:
            return float(np.abs(self.values(rows) - self.amounts[known]).mean())
        return float(-log_softmax(rows, axis=1)[np.arange(len(rows)), self.numbers[known]].mean())

    def values(self, logits: Floats) -> Floats:
        """Return the values of a number, (n,), that its slice of the logits tells, (n, width)."""
        return np.asarray(softmax(logits, axis=1) @ np.array(self.target.centres))

    def guess(self) -> float:
        """Return what the constant guess loses: the prior of classes in log loss, the median of a number in error."""
        if self.target.centres:
            known = self.amounts[self.numbers != MISSING]
            return float(np.abs(known - np.median(known)).mean())
        return float(-(np.exp(self.prior()) * self.prior()).sum())

    def of(self, chosen: npt.NDArray[np.bool_ | np.int_]) -> "Truth":
        """Return what is known of some photos: (n,) telling which, or their places."""
        return replace(self, numbers=self.numbers[chosen], amounts=self.amounts[chosen])

    def prior(self) -> Floats:
        """Return how likely each class or bin is before a photo is seen, as logarithms."""
        return self.log_shares(np.ones(len(self.numbers)))

    def log_shares(self, drawn: Floats) -> Floats:
        """Return the share of each class or bin, as logarithms, where photos count as often as they are drawn, (n,)."""
        counts = self.counts(drawn)
        return np.asarray(np.log(np.maximum(counts, 0.5) / counts.sum()))

    def counts(self, drawn: Floats) -> Floats:
        """Return how often photos of each class or bin are drawn, (width,)."""
        known = self.numbers != MISSING
        return np.bincount(self.numbers[known], drawn[known], minlength=self.target.width).astype(float)


def fit_heads(
    features: npt.NDArray[np.floating],
    shares: npt.NDArray[np.floating],
    truths: Sequence[Truth],
    folds: Labels,
    wanted: float,
) -> Heads:
    """Fit all heads; shrinkage and temperature of each are those under which photos of other folds do best.

    Args:
        features: what the layer takes, (n, channels).
        shares: how much of the whole each channel counts, (channels,), in all 1.
        truths: of each output.
        folds: the number of each photo's fold, (n,).
        wanted: accuracy of the answers that are given.
    """
    scaled = scale(features, shares)
    kernel = scaled.rows @ scaled.rows.T
    fitted = [_fit_head(kernel, truth, folds) for truth in truths]
    weight = (scaled.rows.T @ np.concatenate([one.coefficients for one in fitted], axis=1)).T / scaled.deviation
    bias = np.concatenate([one.bias for one in fitted]) - weight @ scaled.mean
    logits = np.concatenate([one.logits for one in fitted], axis=1)
    calibrations = calibrate_outputs(truths, logits, [one.shrinkage for one in fitted], wanted)
    return Heads(Layer(weight.astype(np.float32), bias.astype(np.float32)), logits, calibrations)


@dataclass(frozen=True)
class _Head:
    """One head in terms of the photos that it was fitted to."""

    coefficients: Floats
    bias: Floats
    logits: Floats
    shrinkage: float


def _fit_head(kernel: npt.NDArray[np.floating], truth: Truth, folds: Labels) -> _Head:
    tried = []
    for shrinkage in SHRINKAGES:
        logits = _out_of_fold(kernel, truth, folds, shrinkage)
        tried += [(truth.loss(logits, temperature), temperature, shrinkage) for temperature in TEMPERATURES]
    _, temperature, shrinkage = min(tried)
    known = np.flatnonzero(truth.numbers != MISSING)
    fitted, bias = fit_dual(kernel[np.ix_(known, known)], truth.numbers[known], truth.target.width, shrinkage)
    coefficients = np.zeros((len(kernel), fitted.shape[1]))
    coefficients[known] = fitted / temperature
    logits = _out_of_fold(kernel, truth, folds, shrinkage) / temperature + truth.prior()
    return _Head(coefficients, bias / temperature + truth.prior(), logits, shrinkage)


def _out_of_fold(kernel: npt.NDArray[np.floating], truth: Truth, folds: Labels, shrinkage: float) -> Floats:
    """Return for each photo what a head says that has learned from the other folds, (n, width)."""
    logits = np.zeros((len(kernel), truth.target.width))
    for fold in np.unique(folds):
        teaching = np.flatnonzero((folds != fold) & (truth.numbers != MISSING))
        asked = np.flatnonzero(folds == fold)
        part, labels = kernel[np.ix_(teaching, teaching)], truth.numbers[teaching]
        coefficients, bias = fit_dual(part, labels, truth.target.width, shrinkage)
        logits[asked] = kernel[np.ix_(asked, teaching)] @ coefficients + bias
    return logits


def calibrate_outputs(
    truths: Sequence[Truth], logits: Floats, shrinkages: Sequence[float], wanted: float
) -> dict[str, OutputCalibration]:
    """Return what each output's slice of the logits means, by the output's name.

    Args:
        truths: of each output, of photos that were not learned from.
        logits: of these photos, (n, total).
        shrinkages: that the heads were fitted with.
        wanted: accuracy of the answers that are given.
    """
    ends = np.cumsum([truth.target.width for truth in truths]).tolist()
    return {
        truth.target.output.name: _calibrate(truth, logits[:, end - truth.target.width : end], shrinkage, end, wanted)
        for truth, shrinkage, end in zip(truths, shrinkages, ends, strict=True)
    }


def _calibrate(truth: Truth, logits: Floats, shrinkage: float, stop: int, wanted: float) -> OutputCalibration:
    known = truth.numbers != MISSING
    threshold, interval, checked = LEAST_THRESHOLD, [0.0, 0.0], None
    if truth.target.centres:
        found = truth.values(logits[known])
        tails = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
        interval = np.quantile(truth.amounts[known] - found, tails).round(4).tolist()
    elif known.any():
        probabilities = np.asarray(softmax(logits[known], axis=1))  # just those that are served
        even = np.ones(len(probabilities))
        threshold, checked = checked_threshold(probabilities, truth.numbers[known], wanted, even)
    facts: dict[str, Any] = {"centres": list(truth.target.centres), "threshold": threshold, "interval": interval}
    start = stop - truth.target.width
    return OutputCalibration(start, stop, shrinkage=shrinkage, photos=int(known.sum()), checked=checked, **facts)
