"""The distance in feature space, on drawn features whose truth is known."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from recognizer.openset import DIMENSIONS, Distance, Floats, Numbers, fit_distance

CLASSES, CHANNELS, EACH = 6, 256, 80


def drawn(seed: int) -> tuple[Floats, Numbers, Floats]:
    """Features of photos of the classes, their classes, and features of photos of none."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(0, 1, (CLASSES, CHANNELS))
    labels = np.repeat(np.arange(CLASSES), EACH)
    known = centres[labels] + rng.normal(0, 0.8, (len(labels), CHANNELS))
    return known, labels, rng.normal(0, 1.2, (200, CHANNELS))


def test_photos_of_no_class_are_far() -> None:
    known, labels, _ = drawn(1)
    distance = fit_distance(known, labels)
    fresh, _, other = drawn(2)
    limited = distance.limited(distance.score(fresh))
    scores = np.concatenate([distance.score(fresh), distance.score(other)])
    assert roc_auc_score([0] * len(fresh) + [1] * len(other), scores) > 0.99
    assert limited.is_far(fresh).mean() == pytest.approx(0.01, abs=0.005)
    assert limited.is_far(other).mean() > 0.9


def test_json_keeps_every_score_and_is_small() -> None:
    known, labels, other = drawn(1)
    distance = fit_distance(known, labels).limited(np.arange(100.0))
    again = Distance.from_json(json.loads(json.dumps(distance.to_json())))
    assert np.array_equal(again.score(other), distance.score(other))
    assert again.limit == distance.limit
    wide = fit_distance(np.random.default_rng(0).normal(0, 1, (300, 1280)), np.arange(300) % 12)
    assert wide.projection.shape == (1280, DIMENSIONS)
    assert len(json.dumps(wide.to_json())) < 300_000


def test_the_length_of_features_makes_no_difference() -> None:
    known, labels, other = drawn(1)
    distance = fit_distance(known, labels)
    assert np.allclose(distance.score(other * 7), distance.score(other))


def test_few_photos_are_enough() -> None:
    known, labels, _ = drawn(1)
    few = slice(None, None, EACH // 2)
    scores = fit_distance(known[few], labels[few]).score(known[few])
    assert np.isfinite(scores).all()
