"""Few photos of a class: it works, or a sentence says what is missing; fine-tuning that leads astray is not kept."""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from recognizer.clean.clean import clean
from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train.helped import notes
from recognizer.train.learner import make_learner
from recognizer.train.runs import Run
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
    judged = train(few, copied)["judged"]
    assert judged["folds"] == dealt and 0 <= judged["balanced_accuracy"] <= 1
    assert evaluate(few, copied)["photos"]
    trained = load_trained(few, copied)
    learner = make_learner(few, trained.split, trained.backbone, trained.network)
    label, _, probabilities = learner.predict(trained.split.held_out[0].path)
    assert label in recipe.labels and np.isfinite(probabilities).all()


def test_a_class_of_one_photo_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    keep_few(recipe, copied, 1, recipe.labels[:1])
    with pytest.raises(RecognizerError, match=f"“{recipe.labels[0]}” are too few, or too alike, for 5 folds"):
        train(with_settings(recipe, folds=5), copied)


def test_one_photo_of_each_class_is_too_few(copied: PhotoStore, recipe: Recipe) -> None:
    keep_few(recipe, copied, 1, recipe.labels)
    with pytest.raises(RecognizerError, match="too few photos to train with; collect more"):
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


def test_where_fine_tuning_leads_astray_nothing_of_it_is_kept_and_a_sentence_says_so(
    copied: PhotoStore, recipe: Recipe
) -> None:
    held_out = split_kept(recipe, copied).held_out
    closed = with_settings(recipe, folds=2)
    train(closed, copied)
    expected = load_trained(closed, copied).predict(held_out).probabilities
    fast = with_settings(recipe, epochs=1, learning_rate=1.0, folds=2)
    report = train(fast, copied)
    note, _ = report["notes"]
    assert note.startswith("Fine-tuning did not help, and is not kept")
    assert "It diverged with learning_rate = 1.0" in note and "0.003 is usual" in note
    assert (report["tuning"]["epoch"], report["tuning"]["amount"]) == (0, 0)
    assert np.abs(load_trained(fast, copied).predict(held_out).probabilities - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("rate", "tuning", "advice"),
    [
        (0.03, {"diverged": True}, "It diverged with learning_rate = 0.03; lower that"),
        (0.03, {"diverged": True, "finite": True}, "(0.003 is usual)."),
        (0.003, {"diverged": True, "finite": False}, "lower that under [train] in the recipe."),
        (0.001, {"diverged": True, "finite": True}, "learning_rate = 0.003 is usual; the recipe has less."),
        (0.003, {"diverged": True, "finite": True}, "closed-form head."),
        (0.03, {"diverged": False, "finite": True}, "closed-form head."),
    ],
)
def test_a_lower_rate_is_advised_only_where_that_is_to_blame(
    recipe: Recipe, tmp_path: Path, rate: float, tuning: dict[str, bool], advice: str
) -> None:
    (note,) = noted(with_settings(recipe, epochs=1, learning_rate=rate), tmp_path, tuning)
    assert advice in note and ("It diverged" in note) == ("lower" in note)
    assert ("diverged" in note) == ((rate > 0.003 and tuning["diverged"]) or not tuning.get("finite", True))


def test_layers_themselves_learn_slower_than_a_branch_beside_them(recipe: Recipe, tmp_path: Path) -> None:
    whole = with_settings(recipe, epochs=1, cached=False, learning_rate=0.003)
    (note,) = noted(whole, tmp_path, {"diverged": True, "finite": True})
    assert "It diverged with learning_rate = 0.003; lower that" in note and "(0.0001 is usual)." in note


def noted(recipe: Recipe, folder: Path, tuning: dict[str, bool]) -> list[str]:
    metrics = {"round": 1, "fingerprint": "", "calibration": {}, "tuning": tuning}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return notes(recipe, Run(folder))
