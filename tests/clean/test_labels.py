"""How likely labels are wrong, and what rules decide by that, on made-up features."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from recognizer.calibration.calibrate import Labels
from recognizer.clean.cross_validation import out_of_fold, teaching_folds
from recognizer.clean.features import PhotoFeatures
from recognizer.clean.label_noise import LabelNoise, fit_noise, least_wrong, uniform
from recognizer.clean.label_quality import (
    LabelEstimate,
    LdaSettings,
    Mask,
    choose_settings,
    estimate_labels,
    reduce_features,
)
from recognizer.clean.pair_noise import fit_pairs, is_by_pairs
from recognizer.clean.rules import decide_labels, surest
from recognizer.networks.lda import Floats
from recognizer.store.rows import Photo


def test_the_longest_head_of_a_ranking_that_keeps_its_precision_is_chosen() -> None:
    assert surest(np.array([0.2, 1.0, 0.9, 0.95]), 0.95).tolist() == [False, True, True, True]
    assert not surest(np.array([0.2, 0.9]), 0.95).any()
    assert surest(np.array([]), 0.95).tolist() == []


def test_rules_go_by_the_least_sure_estimate_and_rename_only_where_the_new_label_is_sure_itself() -> None:
    probabilities = np.array([[0.001, 0.998, 0.001], [0.001, 0.92, 0.079], [0.001, 0.998, 0.001]])
    surely_wrong, nothing = np.array([0.999, 0.999, 0.8]), np.zeros(3)
    names, own = ["Argyle", "Batik", "Ikat"], np.zeros(3, dtype=int)
    estimate = LabelEstimate(names, own, probabilities, surely_wrong, nothing, LabelNoise(1.0, uniform(0.1, 3), 0.0))
    photos = [Photo(str(n), "", 9, 9, "", "", "", "", "", "", "", Path()) for n in range(3)]
    decisions = decide_labels(photos, estimate, np.ones(3, dtype=bool), 0.95)
    assert [(one.photo, one.action) for one in decisions] == [("0", "relabel"), ("1", "drop")]


def test_labels_that_say_nothing_are_not_all_taken_for_wrong() -> None:
    labels = np.arange(40) % 2
    against = np.where(np.eye(2, dtype=bool)[labels], -9.0, 9.0)  # as out-of-fold predictions of chance labels may be
    noise = fit_noise(against, labels)
    assert noise.share == pytest.approx(0.5) and np.isfinite(noise.true_class(against, labels)).all()


def test_where_labels_agree_with_looks_some_are_still_likelier_wrong_than_others() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(200) % 4
    looks = random.standard_normal((200, 4)) + 12 * np.eye(4)[labels] * random.uniform(0.5, 1, 200)[:, None]
    truly = fit_noise(looks, labels).true_class(looks, labels)[np.arange(200), labels]
    own = softmax(looks, axis=1)[np.arange(200), labels]
    assert np.argmin(truly) == np.argmin(own) and len(np.unique(truly)) == 200


def looks_and_labels(photos: int, wrong: float) -> tuple[Floats, Labels, Mask]:
    """Draw discriminants of photos of four classes that are hardly ever mistaken, labels, and which of them is wrong.

    The last photo's label is wrong, and its look leaves no doubt about that.
    """
    random = np.random.default_rng(0)
    truth = np.arange(photos) % 4
    bad = random.random(photos) < wrong
    bad[-1] = True
    looks = 2 * random.standard_normal((photos, 4)) + 8 * np.eye(4)[truth]
    looks[-1] = 60 * np.eye(4)[truth[-1]]
    return looks, np.where(bad, (truth + 1) % 4, truth), bad


def surest_wrong(photos: int, wrong: float) -> float:
    looks, labels, bad = looks_and_labels(photos, wrong)
    careful = least_wrong(looks, labels, np.ones(photos, dtype=bool))
    noise = fit_noise(looks, labels)
    assert (careful <= 1 - noise.true_class(looks, labels)[np.arange(photos), labels] + 1e-9)[bad].all()
    return float(careful[-1])


def test_rules_are_the_less_sure_the_fewer_labels_are_wrong_and_the_fewer_photos_there_are() -> None:
    assert surest_wrong(1000, 0.2) > 0.97 > surest_wrong(60, 0.2)
    assert surest_wrong(1000, 0.02) < 0.8


def listed(photos: int, alike: bool) -> tuple[Floats, Labels]:
    """Draw discriminants of photos of four classes, and labels, a quarter wrong: as the class beside it, or as any."""
    random = np.random.default_rng(0)
    truth = np.arange(photos) % 4
    other = truth ^ 1 if alike else (truth + random.integers(1, 4, photos)) % 4
    looks = 3 * random.standard_normal((photos, 4)) + 6 * np.eye(4)[truth] + 3 * np.eye(4)[truth ^ 1]
    return looks, np.where(random.random(photos) < 0.25, other, truth)


def test_noise_is_by_pairs_where_labels_that_did_not_fit_it_say_so() -> None:
    assert is_by_pairs(*listed(600, alike=True)) and not is_by_pairs(*listed(600, alike=False))


def test_shares_of_pairs_are_those_of_the_labels() -> None:
    transitions = fit_pairs(*listed(2000, alike=True)).transitions
    assert transitions.sum(axis=1) == pytest.approx(1)
    assert transitions[0, 1] == pytest.approx(0.25, abs=0.1) and transitions[0, 2:].max() < 0.03
    assert fit_pairs(*listed(2000, alike=False)).share == pytest.approx(0.25, abs=0.06)


def test_wrong_labels_of_look_alikes_are_found_but_no_rule_goes_by_that() -> None:
    random = np.random.default_rng(1)
    truth = np.arange(400) % 4
    bad = random.random(400) < 0.15
    features = random.standard_normal((4, 40))[truth] * 0.6 + random.standard_normal((400, 40))
    names, groups = np.where(bad, truth ^ 1, truth).astype(str).tolist(), [str(n) for n in range(400)]
    estimate = estimate_labels(names, [LdaSettings(features, 0.5)], groups, np.zeros(400, dtype=bool), 0)
    assert (estimate.wrong > 0.5)[bad].mean() > 0.7 and (estimate.wrong > 0.5)[~bad].mean() < 0.05
    assert estimate.surely_wrong.max() < 0.5


def test_wrong_labels_teach_little() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 4, 400)
    features = random.standard_normal((4, 40))[truth] * 0.6 + random.standard_normal((400, 40))
    labels = np.where(random.random(400) < 0.35, (truth + random.integers(1, 4, 400)) % 4, truth)
    names, groups, held_out = labels.astype(str).tolist(), [str(n) for n in range(400)], np.zeros(400, dtype=bool)
    (once,) = out_of_fold(features, labels, teaching_folds(labels, groups, held_out, 0), held_out, [0.5])
    estimate = estimate_labels(names, [LdaSettings(features, 0.5)], groups, held_out, 0)
    assert (once.argmax(axis=1) != truth).mean() > 1.5 * (estimate.probabilities.argmax(axis=1) != truth).mean()


def test_planted_wrong_labels_are_found_at_the_stated_precision() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, 600)
    features = random.standard_normal((4, 40))[truth] * 0.6 + random.standard_normal((600, 40))
    wrong = random.random(600) < 0.15
    numbers = np.where(wrong, (truth + random.integers(1, 4, 600)) % 4, truth)
    names = np.array(["Argyle", "Batik", "Ikat", "Toile"])
    held_out = random.random(600) < 0.2
    photos = [Photo(str(n), "", 9, 9, "", "", "", "", "", "", "", Path()) for n in range(600)]
    seen, groups = PhotoFeatures(features, features[:, :0]), [str(n) for n in range(600)]
    labels = names[numbers].tolist()
    settings = choose_settings(labels, reduce_features(seen), groups, held_out, 0)
    estimate = estimate_labels(labels, [settings], groups, held_out, 0)
    assert estimate.noise.share == pytest.approx(wrong.mean(), abs=0.04)
    decisions = decide_labels(photos, estimate, ~held_out)
    places = [int(decision.photo) for decision in decisions]
    assert len(places) >= 0.5 * (wrong & ~held_out).sum() and not held_out[places].any()
    assert wrong[places].mean() >= 0.9
    for decision, place in zip(decisions, places, strict=True):
        assert decision.action == "drop" or decision.label != names[numbers[place]]
    assert not [decision.reason for decision in decisions if "100" in decision.reason], "no rule is certain"
