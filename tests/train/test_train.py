"""Training: what is tuned, what is said, and what is not trained again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.calibration.calibrate import Calibration, calibrate
from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.networks.backbone import load_backbone
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import unwatched
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import LabelQuality
from recognizer.train.fitting import of_round
from recognizer.train.runs import Run
from recognizer.train.train import last_run, load_trained, train


def test_what_is_trained_is_not_trained_again(copied: PhotoStore, recipe: Recipe) -> None:
    before = sorted(copied.work.glob("runs/*/*"))
    stamps = [file.stat().st_mtime_ns for file in before]
    train(recipe, copied)
    assert sorted(copied.work.glob("runs/*/*")) == before
    assert [file.stat().st_mtime_ns for file in before] == stamps


def test_another_share_of_right_answers_moves_the_threshold_and_trains_nothing(
    copied: PhotoStore, recipe: Recipe
) -> None:
    careful = with_settings(recipe, answered_accuracy=0.999)
    shutil.rmtree(copied.work / "features", ignore_errors=True)
    first = last_run(recipe, copied)
    train(careful, copied)
    run = last_run(careful, copied)
    assert run.folder != first.folder
    assert run.metrics["fingerprint"] != first.metrics["fingerprint"]  # figures of the first are not of this one
    assert not (copied.work / "features").exists()  # no photo went through the layers
    assert run.calibration == calibrate_again(first, 0.999)
    weights = run.weights
    assert all(torch.equal(weights[name], tensor) for name, tensor in first.weights.items())
    assert load_trained(careful, copied).calibration == run.calibration
    for wanted, found in ((careful, run), (recipe, first), (careful, run)):
        train(wanted, copied)
        assert load_trained(wanted, copied).run == found


def test_a_recipe_that_is_changed_back_has_its_run_back(copied: PhotoStore, recipe: Recipe) -> None:
    runs, fitted = [], with_settings(recipe, epochs=0)
    for wanted in (recipe, fitted, recipe, fitted):
        train(wanted, copied)
        runs.append(load_trained(wanted, copied).run.folder.name)
    assert runs == ["1", "2", "1", "2"]


def test_labels_that_were_never_checked_are_told(copied: PhotoStore, recipe: Recipe) -> None:
    photos = split_kept(recipe, copied).learning
    tail = "recognizer clean small checks labels, where a class has enough photos."
    for checked, told in ((0, "right"), (3, "likely right as the others of their class")):
        copied.label_quality.replace([LabelQuality(photo.sha256, photo.label, 1.0) for photo in photos[:checked]])
        number = f"The labels of {len(photos) - checked} of {len(photos)} photos to learn from were never checked"
        assert train(recipe, copied)["notes"][-1] == f"{number}, and counted as {told}; {tail}"
    copied.label_quality.replace([LabelQuality(photo.sha256, photo.label, 1.0) for photo in photos])
    assert not any("checked" in note for note in train(recipe, copied)["notes"])


def calibrate_again(run: Run, wanted: float) -> Calibration:
    found = run.out_of_fold
    return calibrate(found.logits, found.labels, wanted, found.label_quality)


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


@pytest.mark.slow
def test_a_whole_network_is_tuned_and_its_validation_photos_say_how_much_is_kept(
    copied: PhotoStore, recipe: Recipe
) -> None:
    told: list[tuple[str, int, int]] = []
    whole = with_settings(recipe, cached=False, epochs=2, held_out=0.1)  # so that enough photos are for validation
    report, trained = train(whole, copied, lambda *what: told.append(what)), load_trained(whole, copied)
    told = [one for one in told if one[0].startswith("training, loss")]
    assert told[-1][1] == told[-1][2] == 2 * 32 and report["loss"]
    assert report["judged"]["photos"] == trained.calibration.photos == len(trained.split.validation) > 0
    assert np.allclose(trained.predict(trained.split.held_out[:5]).probabilities.sum(axis=1), 1)
    tuning = report["tuning"]
    assert bool(tuning["amount"]) == (tuning["gain"] > 2 * tuning["error"])
    assert report["notes"][0].startswith("Fine-tuning did not help") == (not tuning["amount"])


def test_too_few_validation_photos_judge_no_fine_tuning_of_a_whole_network(copied: PhotoStore, recipe: Recipe) -> None:
    whole = with_settings(recipe, cached=False)
    few = len(split_kept(whole, copied).validation)
    report = train(whole, copied)
    assert report["notes"][0].startswith(f"Nothing was fine-tuned: {few} validation photos are too few to tell")
    assert report["loss"] == [] and report["tuning"]["amount"] == 0 and few == report["judged"]["photos"]


def test_each_round_has_a_total_of_its_own() -> None:
    told = of_round(TrainSettings(rounds=4, epochs=2), 2, 18, unwatched)
    assert (told.what, told.done, told.total) == ("training round 2", 0, 36)


def test_without_epochs_only_the_last_layer_is_fitted(copied: PhotoStore, recipe: Recipe) -> None:
    fitted = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 0})})
    train(fitted, copied)
    run = last_run(fitted, copied)
    pretrained = load_backbone(recipe.train.backbone).layers.state_dict()
    weights = run.weights
    assert all(torch.equal(weights[f"0.{name}"], tensor) for name, tensor in pretrained.items())
    assert run.metrics["loss"] == []
    assert not (run.folder / "curves.png").exists()
    assert evaluate(fitted, copied)["accuracy"] > 1 / len(recipe.labels)


def test_a_class_without_photos_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    extra = recipe.classes[0].model_copy(update={"name": "Corduroy"})
    wider = recipe.model_copy(update={"classes": [*recipe.classes, extra]})
    with pytest.raises(RecognizerError, match="There is no photo to train “Corduroy” with"):
        train(wider, copied)


def test_nothing_trained_is_a_sentence(tmp_path: Path, recipe: Recipe) -> None:
    with (
        PhotoStore(tmp_path / "work", recipe.labels) as store,
        pytest.raises(RecognizerError, match="has no trained run yet; run recognizer train small first"),
    ):
        load_trained(recipe, store)
