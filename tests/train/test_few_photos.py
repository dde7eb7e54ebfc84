"""Few photos of a class: it works, or one sentence says what is missing; and training that diverges is told."""

import recognizer.networks.torchvision_cure  # noqa: F401

import logging

import numpy as np
import pytest
import torch

from recognizer.clean.clean import clean
from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.recipe import Recipe, TrainSettings
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train.curves import Curves
from recognizer.train.divergence import check_converged
from recognizer.train.learner import make_learner
from recognizer.train.runs import OutOfFold, Trained, all_runs
from recognizer.train.train import load_trained, train


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 0, **settings})})


def keep_few(recipe: Recipe, store: PhotoStore, count: int, of: list[str]) -> None:
    """Drop all but some of the photos to learn from of some classes."""
    learning = split_kept(recipe, store).learning
    for label in of:
        for photo in [photo for photo in learning if photo.label == label][count:]:
            store.decisions.add(Decision(photo.sha256, "drop", "test", by="ada"))


@pytest.mark.parametrize(("count", "folds", "dealt"), [(8, 20, 8), (4, 5, 4), (2, 5, 2)])
def test_there_are_never_more_folds_than_photos_of_a_class(
    copied: PhotoStore, recipe: Recipe, count: int, folds: int, dealt: int
) -> None:
    keep_few(recipe, copied, count, recipe.labels)
    few = with_settings(recipe, folds=folds, views=1)
    assert train(few, copied)["judged"]["folds"] == dealt
    assert evaluate(few, copied)["photos"]
    trained = load_trained(few, copied)
    learner = make_learner(few, trained.split, trained.backbone, trained.network)
    label, _, probabilities = learner.predict(trained.split.held_out[0].path)
    assert label in recipe.labels and np.isfinite(probabilities).all()


def test_a_class_of_one_photo_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    keep_few(recipe, copied, 1, recipe.labels[:1])
    with pytest.raises(RecognizerError, match=f"“{recipe.labels[0]}” are too few, or too alike, for 5 folds"):
        train(with_settings(recipe, folds=5), copied)


def test_labels_of_a_small_class_are_not_checked_and_those_of_the_others_are(
    copied: PhotoStore, recipe: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    small = recipe.labels[0]
    keep_few(recipe, copied, 3, [small])
    with caplog.at_level(logging.WARNING, "recognizer"):
        clean(recipe, copied)
    assert f"There are too few training photos to check the labels of “{small}” (3)." in caplog.text
    labels = {photo.sha256: photo.found_as for photo in copied.photos.all()}
    checked = {labels[issue.photo] for issue in copied.issues.all() if issue.check == "label"}
    assert checked == set(recipe.labels[1:])


@pytest.mark.parametrize("left", [0, 1])
def test_where_no_two_classes_can_be_compared_a_sentence_says_so(copied: PhotoStore, recipe: Recipe, left: int) -> None:
    keep_few(recipe, copied, 2, recipe.labels[left:])
    with pytest.raises(RecognizerError, match=r"at least two classes need 5 training photos, and “.*” has 2;"):
        clean(recipe, copied)


def test_a_learning_rate_that_makes_training_diverge_is_told(copied: PhotoStore, recipe: Recipe) -> None:
    before = len(all_runs(copied.work))
    fast = with_settings(recipe, epochs=1, learning_rate=1.0, folds=2)
    with pytest.raises(RecognizerError, match=r"diverged: with learning_rate = 1\.0 the network .*; 0\.0001 is usual"):
        train(fast, copied)
    assert len(all_runs(copied.work)) == before


def made_up(weight: float, right: float, loss: float) -> Trained:
    """What a round of four classes gave, with a share of right answers."""
    labels = np.arange(100) % 4
    answers = np.where(np.arange(100) < 100 * right, labels, (labels + 1) % 4)
    found = OutOfFold(labels.astype(str), labels, np.eye(4)[answers], labels, np.ones(100))
    return Trained({"weight": torch.tensor([weight])}, found, Curves([[1.0]], [[loss]], [[right]]))


def test_only_what_is_surely_wrong_or_no_number_has_diverged() -> None:
    settings = TrainSettings(epochs=1)
    for fine in (made_up(1.0, 0.9, 0.4), made_up(1.0, 0.25, 1.4), made_up(1.0, 0.3, 9.0)):
        check_converged(settings, fine)
    for weight in (float("nan"), float("inf")):
        with pytest.raises(RecognizerError, match="its weights are no longer numbers"):
            check_converged(settings, made_up(weight, 0.9, 0.4))
    with pytest.raises(RecognizerError, match="no better than guessing"):
        check_converged(settings, made_up(1.0, 0.25, 9.0))
