"""Copies under two labels: the labels and the picture tell which is right; a person is asked about the other copy."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from recognizer.clean.clean import clean
from recognizer.clean.conflicts import suggest_labels, true_class_of_copies
from recognizer.clean.duplicates import CONFLICT
from recognizer.clean.label_noise import LabelNoise, uniform
from recognizer.clean.label_quality import LabelEstimate
from recognizer.recipe import Recipe
from recognizer.review.queue import read_entries
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Issue, Photo
from tests.clean.planting import plant_conflict

CLASSES = ["Batik", "Ikat", "Kilim"]
NOISE = LabelNoise(temperature=1.0, transitions=uniform(0.1, 3), likelihood=0.0)
PICTURE = np.array([2.0, 1.0, -1.0])


def photo(name: str, label: str) -> Photo:
    return Photo(name, "", 9, 9, label, label, "", "", "", "", "", Path(name))


def estimated(photos: list[Photo], pictures: list[np.ndarray]) -> LabelEstimate:
    numbers = np.array([CLASSES.index(photo.label) for photo in photos])
    truly = NOISE.true_class(np.array(pictures), numbers)
    nothing = np.zeros(len(photos))
    return LabelEstimate(CLASSES, numbers, truly, nothing, nothing, NOISE)


def test_each_label_counts_and_the_picture_once() -> None:
    photos = [photo("a", "Ikat"), photo("b", "Batik"), photo("c", "Ikat")]
    right, wrong = np.log(0.9), np.log(0.1 / 2)
    told = {
        2: np.array([wrong + right, right + wrong, 2 * wrong]),
        3: np.array([right + 2 * wrong, 2 * right + wrong, 3 * wrong]),
    }
    estimate = estimated(photos, [PICTURE] * 3)
    for copies, labels in told.items():
        expected = softmax(log_softmax(PICTURE) + labels)
        assert true_class_of_copies(estimate, range(copies)) == pytest.approx(expected)
    alone = true_class_of_copies(estimate, [0])
    assert alone == pytest.approx(estimate.probabilities[0])


def test_the_copy_whose_label_is_likelier_wrong_is_put_to_a_person() -> None:
    small, large, other = photo("small", "Batik"), photo("large", "Ikat"), photo("other", "Kilim")
    conflicts = [Issue("small", CONFLICT, 0.9, twin="large"), Issue("other", CONFLICT, 0.8, twin="large")]
    estimate = estimated([small, large, other], [PICTURE, PICTURE, -PICTURE])
    first, second = suggest_labels(conflicts, [small, large, other], estimate)
    assert (first.photo, first.twin, first.label, first.score) == ("large", "small", "Batik", 0.9)
    assert first.probability == pytest.approx(true_class_of_copies(estimate, [0, 1])[0])
    assert (second.photo, second.twin) == ("other", "large") and second.label in ("Ikat", "Kilim")


def test_a_conflict_stays_with_the_copy_that_was_dropped() -> None:
    conflict = Issue("small", CONFLICT, 0.9, twin="large")
    small, large = photo("small", "Batik"), photo("large", "Ikat")
    for kept, flagged in ((small, "large"), (large, "small")):
        (issue,) = suggest_labels([conflict], [kept], estimated([kept], [PICTURE]))
        assert (issue.photo, issue.label) == (flagged, None)


def test_a_person_is_told_the_label_and_what_is_settled_does_not_come_back(copied: PhotoStore, recipe: Recipe) -> None:
    copy = plant_conflict(copied, recipe.labels[0])
    clean(recipe, copied)
    (conflict,) = [issue for issue in copied.issues.all() if issue.check == CONFLICT]
    photo, twin = copied.photos.get(conflict.photo), copied.photos.get(conflict.twin or "")
    assert photo and twin and copy in (photo.sha256, twin.sha256)
    assert conflict.label == twin.found_as != photo.found_as
    assert conflict.probability and 0.5 < conflict.probability <= 1
    assert not {photo.sha256, twin.sha256} & {decision.photo for decision in copied.decisions.current()}
    copied.decisions.add(Decision(photo.sha256, "relabel", "as suggested", label=conflict.label, by="ada"))
    clean(recipe, copied)
    waiting = [entry for entry in read_entries(copied, 0.2) if entry.state == "waiting"]
    assert CONFLICT not in {issue.check for entry in waiting for issue in entry.issues}
