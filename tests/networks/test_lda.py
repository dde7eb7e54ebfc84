"""Linear discriminants agree with scikit-learn's, and the layer made of them learns."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from recognizer.networks import lda
from recognizer.networks.lda import Floats, Layer, fit_discriminants, fit_heads, fit_linear, sum_classes

CHANNELS = 40


def made_up(classes: int, kind: type[np.floating]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int_]]:
    """Features around a centre for each class, on different scales, and one that is always the same."""
    rng = np.random.default_rng(1)
    labels = np.arange(30 * classes) % classes
    features = rng.normal(0, 1, (classes, CHANNELS))[labels] + rng.normal(0, 2, (len(labels), CHANNELS))
    features = features * rng.uniform(0.1, 10, CHANNELS) + rng.uniform(-5, 5, CHANNELS)
    features[:, 7] = 4.0
    return features.astype(kind), labels


def logits_of(features: npt.NDArray[np.floating], layer: Layer) -> Floats:
    return np.asarray(features @ layer.weight.T + layer.bias)


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_discriminants_agree_with_those_of_scikit_learn(classes: int) -> None:
    features, labels = made_up(classes, np.float64)
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    weight, bias = fit_discriminants(sum_classes(features, labels, classes), 0.3)
    expected = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3).fit(features, labels)
    found = features @ weight + bias
    found = found - np.log(np.exp(found).sum(axis=1, keepdims=True))
    assert np.abs(found - expected.predict_log_proba(features)).max() < 1e-6


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 4])
def test_the_closed_form_head_learns_from_all_views(classes: int, kind: type[np.floating]) -> None:
    features, labels = made_up(classes, kind)
    views = np.stack([features, features + 0.1], axis=1)
    layer = fit_linear(views, labels)
    assert (layer.weight.shape, layer.bias.shape) == ((classes, CHANNELS), (classes,))
    logits = logits_of(features, layer)
    assert (logits.argmax(axis=1) == labels).mean() > 0.8
    assert np.abs(logits).max() < 50  # divided by a temperature


def test_a_class_of_one_photo_is_learned_too() -> None:
    features, labels = made_up(3, np.float64)
    few = np.flatnonzero((labels != 2) | (np.arange(len(labels)) == 2))
    layer = fit_linear(features[few][:, None], labels[few])
    assert np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()


def test_where_nothing_varies_within_a_class_the_nearest_mean_counts() -> None:
    labels = np.arange(3)
    embeddings = np.random.default_rng(0).normal(size=(3, 1, CHANNELS))
    logits = logits_of(embeddings[:, 0], fit_linear(embeddings, labels))
    assert np.isfinite(logits).all() and logits.argmax(axis=1).tolist() == [0, 1, 2]


def test_doubtful_labels_do_not_mislead() -> None:
    features, labels = made_up(3, np.float64)
    wrong = np.arange(len(labels)) % 4 == 0
    found = np.where(wrong, (labels + 1) % 3, labels)
    doubted = logits_of(features, fit_linear(features[:, None], found, np.where(wrong, 1e-6, 1.0)))
    left_out = logits_of(features, fit_linear(features[~wrong][:, None], labels[~wrong]))
    misled = logits_of(features, fit_linear(features[:, None], found))
    assert np.abs(doubted - left_out).max() < np.abs(misled - left_out).max() / 3
    assert (doubted.argmax(axis=1) == labels).mean() > (misled.argmax(axis=1) == labels).mean()


def test_the_heads_of_folds_have_not_learned_from_them() -> None:
    features, labels = made_up(4, np.float32)
    folds = np.arange(len(labels)) // 4 % 5
    shuffled = np.random.default_rng(2).permutation(labels)
    right = []
    for taught in (labels, shuffled):
        logits = fit_heads(features[:, None], taught, folds).say_of_folds(features, folds)
        right.append((logits.argmax(axis=1) == taught).mean())
    assert right[0] > 0.7 and right[1] < 0.4  # what was learned by heart would be right


def test_a_class_with_twenty_times_the_photos_is_not_twenty_times_as_likely() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], [400, 20])
    features = rng.normal(0, 1, (len(labels), 8)) + 1.5 * labels[:, None] * np.eye(8)[0]
    fresh = np.repeat([0, 1], 500)
    shown = rng.normal(0, 1, (1000, 8)) + 1.5 * fresh[:, None] * np.eye(8)[0]
    right = logits_of(shown, fit_linear(features[:, None], labels)).argmax(axis=1) == fresh
    assert min(right[fresh == 0].mean(), right[fresh == 1].mean()) > 0.6


def test_of_more_photos_than_components_are_taken_of_some_tell_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = made_up(4, np.float32)
    whole = logits_of(features, fit_linear(features[:, None], labels)).argmax(axis=1)
    monkeypatch.setattr(lda, "BASIS", 50)
    some = logits_of(features, fit_linear(features[:, None], labels)).argmax(axis=1)
    assert (whole == labels).mean() > 0.9 and (some == whole).mean() > 0.9


def test_of_photos_that_are_all_alike_nothing_is_learned() -> None:
    layer = fit_linear(np.ones((6, 1, 200), np.float16), np.arange(6) % 2)
    assert np.isfinite(logits_of(np.ones((1, 200)), layer)).all() and np.isfinite(layer.weight).all()


def test_what_has_no_share_says_nothing_and_what_has_more_says_more() -> None:
    features, labels = made_up(3, np.float32)
    tells, misleads = features[:, :20], np.random.default_rng(6).normal(0, 1, (len(labels), 400)).astype(np.float32)
    shares = np.repeat([1 / 20 - 1e-9, 1e-9 / 20], [20, 400])
    both = np.concatenate([tells, misleads], axis=1)
    weighed, alone = fit_linear(both[:, None], labels, None, shares), fit_linear(tells[:, None], labels)
    assert logits_of(both, weighed) == pytest.approx(logits_of(tells, alone), abs=0.05)
    assert np.abs(logits_of(both, fit_linear(both[:, None], labels)) - logits_of(tells, alone)).max() > 0.5


def test_three_hundred_classes_of_two_photos_are_learned() -> None:
    labels = np.repeat(np.arange(300), 2)
    rng = np.random.default_rng(4)
    features = rng.normal(0, 1, (300, 60))[labels] + rng.normal(0, 0.3, (600, 60))
    rows, folds = features.astype(np.float16), np.arange(600) % 2
    said = fit_heads(rows[:, None], labels, folds).say_of_folds(rows, folds)
    assert (said.argmax(axis=1) == labels).mean() > 0.9
