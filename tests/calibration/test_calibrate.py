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


def drawn(spread: float, classes: int = 5, photos: int = PHOTOS, seed: int = 3) -> tuple[Logits, Labels]:
    """Logits whose probabilities are exactly right, and labels drawn from them."""
    rng = np.random.default_rng(seed)
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


def test_threshold_gives_hardly_more_than_the_wanted_accuracy() -> None:
    logits, labels = drawn(2.0)
    calibration = calibrate(logits, labels)
    calibrated = apply_temperature(logits, calibration.temperature)
    given = answered(calibrated, labels, calibration.threshold)
    assert WANTED_ACCURACY <= given.mean() < WANTED_ACCURACY + 0.015
    for lower in np.linspace(LEAST_THRESHOLD, calibration.threshold - 0.03, 50):
        assert answered(calibrated, labels, lower).mean() < WANTED_ACCURACY
    assert calibration.photos == PHOTOS


def blurred(seed: int, photos: int) -> tuple[Logits, Labels]:
    """Logits of twelve classes, some of them clear and some not."""
    rng = np.random.default_rng(seed)
    labels, logits = rng.integers(0, 12, photos), rng.normal(0, 1, (photos, 12))
    logits[np.arange(photos), labels] += rng.normal(3.5, 1.5, photos)
    return logits, labels


def test_a_threshold_keeps_its_promise_on_photos_that_did_not_choose_it_and_tells_what_its_check_gave() -> None:
    """Over many small collections; the lowest that is good enough where it was chosen gives 94.5 %."""
    kept, checked = [], []
    for seed in range(40):
        calibration = calibrate(*blurred(seed, 150))
        logits, labels = blurred(1000 + seed, 3000)
        kept.append(answered(apply_temperature(logits, calibration.temperature), labels, calibration.threshold))
        checked.append(calibration.checked)
    mean = np.concatenate(kept).mean()
    assert mean >= WANTED_ACCURACY and np.mean(np.array(checked, dtype=float)) == pytest.approx(mean, abs=0.015)


def test_where_no_check_succeeds_the_nearest_threshold_is_taken_and_its_check_told() -> None:
    found = [calibrate(*drawn(2.0, photos=60, seed=seed)) for seed in range(20)]
    short = [one for one in found if one.checked is not None and one.checked < WANTED_ACCURACY]
    assert len(short) > 5 and all(one.threshold < 1 for one in short)


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


def test_the_limit_keeps_nearly_all_right_answers() -> None:
    logits, labels = drawn(2.0)
    calibration = calibrate(logits, labels)
    kept = energy(logits / calibration.temperature) <= calibration.limit
    right = logits.argmax(axis=1) == labels
    assert kept[right].mean() == pytest.approx(KEPT, abs=0.01) and kept[~right].mean() < kept[right].mean()


def test_labels_that_are_not_trusted_do_not_count() -> None:
    logits, labels = drawn(2.0)
    changed, trust = misled(labels, 0.3)
    truly = calibrate(logits[trust > 0], labels[trust > 0])
    trusting, doubting = calibrate(logits, changed), calibrate(logits, changed, label_quality=trust)
    assert doubting.temperature == pytest.approx(truly.temperature, rel=1e-3)
    assert doubting.threshold == pytest.approx(truly.threshold, abs=0.03)
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
    assert weighted.threshold == pytest.approx(whole.threshold, abs=0.1)  # checked on other parts of the photos


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


@pytest.mark.parametrize("strays", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("told", [True, False])
def test_the_limit_is_that_of_photos_that_belong_to_a_class(strays: float, told: bool) -> None:
    """Some photos are of no class, found under the name of one; whether label noise knows of that or not."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 12, 2000)
    logits = rng.normal(0, 1, (2000, 12))
    logits[np.arange(2000), labels] += 8
    stray, seen = rng.random(2000) < strays, labels.copy()
    logits[stray] = rng.normal(0, 0.6, (stray.sum(), 12))
    seen[~stray & (rng.random(2000) < 0.1)] += 1  # other labels are wrong as well
    found = calibrate(logits, seen % 12, 0.95, np.where(stray & told, 0.05, 1.0))
    refused = energy(rng.normal(0, 0.6, (1000, 12)) / found.temperature) > found.limit
    kept = energy(logits[~stray] / found.temperature) <= found.limit
    assert refused.mean() > 0.95 and kept.mean() > 0.975
