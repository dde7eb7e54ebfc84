"""Temperature, threshold and limit do what they promise, on made-up outputs whose truth is known."""

import numpy as np
import pytest

from recognizer.calibration.abstain import energy
from recognizer.calibration.calibrate import (
    KEPT,
    LEAST_THRESHOLD,
    WANTED_ACCURACY,
    Labels,
    Logits,
    Probabilities,
    apply_temperature,
    calibrate,
    ece,
    expected_ece,
)

PHOTOS = 8000


def drawn(spread: float, classes: int = 5, photos: int = PHOTOS) -> tuple[Logits, Labels]:
    """Logits whose probabilities are exactly right, and labels drawn from them."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, spread, (photos, classes))
    probabilities = apply_temperature(logits, 1.0)
    labels = (rng.random((photos, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return logits, labels


def of_two(confidence: list[float]) -> Probabilities:
    return np.array([[value, 1 - value] for value in confidence])


def answered(probabilities: Probabilities, labels: Labels, threshold: float) -> Labels:
    """Which of the answers that are given are right."""
    given = probabilities.max(axis=1) >= threshold
    return np.asarray((probabilities.argmax(axis=1) == labels)[given], dtype=int)


def misled(labels: Labels, share: float) -> tuple[Labels, Probabilities]:
    """Labels of which the first ones are changed, and trust that knows which."""
    wrong = np.arange(len(labels)) < share * len(labels)
    return np.where(wrong, (labels + 1) % 5, labels), np.where(wrong, 0.0, 1.0)


@pytest.mark.parametrize("sharpness", [1.0, 2.0, 3.0])
def test_temperature_undoes_false_confidence(sharpness: float) -> None:
    logits, labels = drawn(2.0)
    assert calibrate(logits * sharpness, labels).temperature == pytest.approx(sharpness, rel=0.06)


def test_temperature_gives_back_lost_confidence_but_only_so_much() -> None:
    logits, labels = drawn(2.0)
    assert calibrate(logits / 1.5, labels).temperature == pytest.approx(1 / 1.5, rel=0.06)
    assert calibrate(logits / 9, labels).temperature == pytest.approx(0.5, abs=1e-3)


def test_temperature_keeps_sums_and_the_order_of_classes() -> None:
    logits, _ = drawn(2.0)
    softer = apply_temperature(logits, 1.7)
    assert np.allclose(softer.sum(axis=1), 1)
    assert (softer.argsort(axis=1) == logits.argsort(axis=1)).all()
    assert np.allclose(apply_temperature(np.log(softer), 1 / 1.7), apply_temperature(logits, 1.0), atol=1e-9)


def test_temperature_bears_certainty() -> None:
    sure = np.array([[900.0, -900.0], [-900.0, 900.0]])
    assert np.allclose(apply_temperature(sure, 1.0), [[1, 0], [0, 1]])
    calibration = calibrate(sure, np.array([1, 0]))
    assert np.isfinite([calibration.temperature, calibration.threshold, calibration.limit]).all()


def test_threshold_is_the_lowest_that_gives_the_wanted_accuracy() -> None:
    logits, labels = drawn(2.0)
    calibration = calibrate(logits, labels)
    calibrated = apply_temperature(logits, calibration.temperature)
    assert answered(calibrated, labels, calibration.threshold).mean() >= WANTED_ACCURACY
    for lower in np.linspace(LEAST_THRESHOLD, calibration.threshold, 50, endpoint=False):
        assert answered(calibrated, labels, lower).mean() < WANTED_ACCURACY
    assert calibration.photos == PHOTOS


def test_threshold_is_never_below_the_least() -> None:
    logits, _ = drawn(2.0)
    assert calibrate(logits, logits.argmax(axis=1)).threshold == LEAST_THRESHOLD


def test_threshold_counts_answers_of_the_same_confidence_together() -> None:
    """The first of them being right says nothing about the others."""
    logits, labels = np.log(of_two([0.9] * 20 + [0.8] * 20)), np.array([0] * 10 + [1] * 10 + [0] * 20)
    calibration = calibrate(logits, labels)
    given = answered(apply_temperature(logits, calibration.temperature), labels, calibration.threshold)
    assert not len(given) or given.mean() >= WANTED_ACCURACY


def test_nothing_is_answered_where_no_threshold_helps() -> None:
    logits, labels = np.log(of_two([0.9] * 50)), np.array([0, 1] * 25)
    assert calibrate(logits, labels).threshold == 1.0


def test_the_limit_keeps_nearly_all_judged_photos() -> None:
    logits, labels = drawn(2.0)
    calibration = calibrate(logits, labels)
    kept = energy(logits / calibration.temperature) <= calibration.limit
    assert kept.mean() == pytest.approx(KEPT, abs=1 / PHOTOS)


def test_labels_that_are_not_trusted_do_not_count() -> None:
    logits, labels = drawn(2.0)
    changed, trust = misled(labels, 0.3)
    truly = calibrate(logits[trust > 0], labels[trust > 0])
    trusting, doubting = calibrate(logits, changed), calibrate(logits, changed, label_quality=trust)
    assert doubting.temperature == pytest.approx(truly.temperature, rel=1e-3)
    assert doubting.threshold == pytest.approx(truly.threshold, abs=1e-3)
    assert trusting.temperature > 1.3 * truly.temperature
    few, many = (
        len(answered(apply_temperature(logits, found.temperature), labels, found.threshold))
        for found in (trusting, doubting)
    )
    assert few < 0.9 * many
    probabilities = apply_temperature(logits, 1.0)
    assert ece(probabilities, changed, trust) == pytest.approx(ece(probabilities[trust > 0], labels[trust > 0]))


def test_trust_counts_as_so_many_photos() -> None:
    logits, labels = drawn(2.0, photos=400)
    twice = np.arange(400) < 150
    whole = calibrate(np.concatenate([logits, logits[twice]]), np.concatenate([labels, labels[twice]]))
    weighted = calibrate(logits, labels, label_quality=np.where(twice, 1.0, 0.5))
    assert weighted.temperature == pytest.approx(whole.temperature, rel=1e-3)
    assert weighted.threshold == pytest.approx(whole.threshold, abs=1e-3)


def test_calibration_error_of_true_probabilities_is_small() -> None:
    logits, labels = drawn(2.0)
    assert ece(apply_temperature(logits, 1.0), labels) < 0.02


def test_calibration_error_of_false_confidence_is_its_gap() -> None:
    probabilities, labels = of_two([0.9] * 1000), np.array([0] * 600 + [1] * 400)
    assert ece(probabilities, labels) == pytest.approx(0.3)


def test_calibration_error_falls_with_calibration() -> None:
    logits, labels = drawn(2.0)
    sharp = logits / 0.4
    softened = apply_temperature(sharp, calibrate(sharp, labels).temperature)
    assert ece(softened, labels) < 0.02 < 0.1 < ece(apply_temperature(sharp, 1.0), labels)


def test_the_error_by_chance_is_that_of_one_bin_worked_out_by_hand() -> None:
    """The mean absolute deviation of a share of n is about sqrt(2 p (1 - p) / (pi n))."""
    expected = np.sqrt(2 * 0.9 * 0.1 / (np.pi * 1000))
    assert expected_ece(of_two([0.9] * 1000)) == pytest.approx(expected, rel=0.2)


def test_true_probabilities_show_about_the_error_of_chance_and_false_ones_more() -> None:
    logits, labels = drawn(1.0, photos=1000)
    probabilities, sharp = apply_temperature(logits, 1.0), apply_temperature(logits, 0.4)
    by_chance = expected_ece(probabilities)
    assert 0.02 < by_chance < 0.05
    assert ece(probabilities, labels) < 2 * by_chance
    assert ece(sharp, labels) > 3 * expected_ece(sharp)
    assert expected_ece(probabilities) == by_chance
    assert expected_ece(probabilities, (np.arange(1000) < 250).astype(float)) > 1.5 * by_chance


def test_without_photos_nothing_is_changed() -> None:
    nothing, none = np.empty((0, 3)), np.empty(0, dtype=int)
    calibration = calibrate(nothing, none)
    assert (calibration.temperature, calibration.threshold, calibration.photos) == (1.0, LEAST_THRESHOLD, 0)
    assert ece(nothing, none) == 0.0


def test_the_limit_is_that_of_photos_whose_labels_are_likely_right() -> None:
    """One photo in ten is of no class, found under the name of one; their labels are known to be doubtful."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, 2000)
    logits = rng.normal(0, 1, (2000, 4))
    logits[np.arange(2000), labels] += 8
    stray = np.arange(2000) % 10 == 0
    logits[stray] = rng.normal(0, 0.5, (200, 4))
    quality = np.where(stray, 0.05, 1.0)
    refused = {
        name: (energy(logits[stray] / found.temperature) > found.limit).mean()
        for name, found in (("told", calibrate(logits, labels, 0.95, quality)), ("not told", calibrate(logits, labels)))
    }
    assert refused["told"] > 0.9 and refused["not told"] < 0.5
    alike = calibrate(logits, labels, 0.95, np.full(2000, 0.3))
    assert alike.limit == pytest.approx(float(np.quantile(energy(logits / alike.temperature), 0.99)))
