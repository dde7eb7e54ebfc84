"""Temperature and threshold do what they promise, on made-up outputs whose truth is known."""

import numpy as np
import pytest

from recognizer.calibrate import (
    LEAST_THRESHOLD,
    WANTED_ACCURACY,
    Numbers,
    Probabilities,
    apply_temperature,
    calibrate,
    calibration_error,
)

PHOTOS = 8000


def drawn(spread: float, classes: int = 5) -> tuple[Probabilities, Numbers]:
    """Probabilities that are exactly right, and labels drawn from them."""
    rng = np.random.default_rng(3)
    scores = np.exp(rng.normal(0, spread, (PHOTOS, classes)))
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    labels = (rng.random((PHOTOS, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, labels


def of_two(confidence: list[float]) -> Probabilities:
    return np.array([[value, 1 - value] for value in confidence])


def answered(probabilities: Probabilities, labels: Numbers, threshold: float) -> Numbers:
    """Which of the answers that are given are right."""
    given = probabilities.max(axis=1) >= threshold
    return np.asarray((probabilities.argmax(axis=1) == labels)[given], dtype=int)


@pytest.mark.parametrize("sharpness", [1.0, 2.0, 3.0])
def test_temperature_undoes_false_confidence(sharpness: float) -> None:
    probabilities, labels = drawn(2.0)
    assert calibrate(apply_temperature(probabilities, 1 / sharpness), labels).temperature == pytest.approx(
        sharpness, rel=0.06
    )


def test_temperature_gives_back_lost_confidence_but_only_so_much() -> None:
    probabilities, labels = drawn(2.0)
    assert calibrate(apply_temperature(probabilities, 1.5), labels).temperature == pytest.approx(1 / 1.5, rel=0.06)
    assert calibrate(apply_temperature(probabilities, 9.0), labels).temperature == pytest.approx(0.5, abs=1e-3)


def test_temperature_keeps_sums_and_the_order_of_classes() -> None:
    probabilities, _ = drawn(2.0)
    softer = apply_temperature(probabilities, 1.7)
    assert np.allclose(softer.sum(axis=1), 1)
    assert (softer.argsort(axis=1) == probabilities.argsort(axis=1)).all()
    assert np.allclose(apply_temperature(softer, 1 / 1.7), probabilities, atol=1e-9)


def test_temperature_bears_certainty() -> None:
    assert np.allclose(apply_temperature(np.array([[1.0, 0.0], [0.0, 1.0]]), 1.0), [[1, 0], [0, 1]])
    calibration = calibrate(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 0]))
    assert np.isfinite([calibration.temperature, calibration.threshold]).all()


def test_threshold_is_the_lowest_that_gives_the_wanted_accuracy() -> None:
    probabilities, labels = drawn(2.0)
    calibration = calibrate(probabilities, labels)
    calibrated = apply_temperature(probabilities, calibration.temperature)
    assert answered(calibrated, labels, calibration.threshold).mean() >= WANTED_ACCURACY
    for lower in np.linspace(LEAST_THRESHOLD, calibration.threshold, 50, endpoint=False):
        assert answered(calibrated, labels, lower).mean() < WANTED_ACCURACY
    assert calibration.photos == PHOTOS


def test_threshold_is_never_below_the_least() -> None:
    probabilities, labels = drawn(2.0)
    labels = probabilities.argmax(axis=1)
    assert calibrate(probabilities, labels).threshold == LEAST_THRESHOLD


def test_threshold_counts_answers_of_the_same_confidence_together() -> None:
    """The first of them being right says nothing about the others."""
    probabilities, labels = of_two([0.9] * 20 + [0.8] * 20), np.array([0] * 10 + [1] * 10 + [0] * 20)
    calibration = calibrate(probabilities, labels)
    given = answered(apply_temperature(probabilities, calibration.temperature), labels, calibration.threshold)
    assert not len(given) or given.mean() >= WANTED_ACCURACY


def test_nothing_is_answered_where_no_threshold_helps() -> None:
    probabilities, labels = of_two([0.9] * 50), np.array([0, 1] * 25)
    assert calibrate(probabilities, labels).threshold == 1.0


def test_calibration_error_of_true_probabilities_is_small() -> None:
    assert calibration_error(*drawn(2.0)) < 0.02


def test_calibration_error_of_false_confidence_is_its_gap() -> None:
    probabilities, labels = of_two([0.9] * 1000), np.array([0] * 600 + [1] * 400)
    assert calibration_error(probabilities, labels) == pytest.approx(0.3)


def test_calibration_error_falls_with_calibration() -> None:
    probabilities, labels = drawn(2.0)
    sharp = apply_temperature(probabilities, 0.4)
    softened = apply_temperature(sharp, calibrate(sharp, labels).temperature)
    assert calibration_error(softened, labels) < 0.02 < 0.1 < calibration_error(sharp, labels)


def test_without_photos_nothing_is_changed() -> None:
    nothing, none = np.empty((0, 3)), np.empty(0, dtype=int)
    calibration = calibrate(nothing, none)
    assert (calibration.temperature, calibration.threshold, calibration.photos) == (1.0, LEAST_THRESHOLD, 0)
    assert calibration_error(nothing, none) == 0.0
