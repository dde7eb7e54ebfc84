"""What is trained anew: what the recipe's files hold counts, and not only what they are called."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.faces import blur
from recognizer.networks.backbone import packaged_weights
from recognizer.networks.weights import read_weights
from recognizer.recipe import Recipe, TrainSettings
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train.fingerprints import effective, fingerprints_of
from recognizer.train.outputs import load_outputs, train_outputs
from recognizer.train.runs import FORMAT, all_runs
from recognizer.train.train import load_trained, train
from tests.drawn_dataset import Shapes


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 0, **settings})})


def write_weights(file: Path, times: float) -> None:
    """Write the pretrained weights, those of convolutions so many times as large."""
    state = read_weights(packaged_weights("tf_efficientnet_lite0"))
    torch.save({name: value * times if value.dim() == 4 else value for name, value in state.items()}, file)


def test_other_weights_in_the_same_file_are_trained_with(copied: PhotoStore, recipe: Recipe, tmp_path: Path) -> None:
    file = tmp_path / "own.pth"
    write_weights(file, 1.0)
    own = with_settings(recipe, weights=str(file))
    train(own, copied)
    first = load_trained(own, copied).run
    own = with_settings(recipe, weights=str(file.rename(tmp_path / "moved.pth")))
    for _ in range(2):
        assert load_trained(own, copied).run == first
        train(own, copied)
    file = tmp_path / "moved.pth"
    write_weights(file, 1.5)
    train(own, copied)
    assert load_trained(own, copied).run != first


def test_other_weights_are_trained_with_where_there_are_several_outputs(shapes: Shapes, tmp_path: Path) -> None:
    file = tmp_path / "own.pth"
    write_weights(file, 1.0)
    own, runs = with_settings(shapes.recipe, weights=str(file)), []
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, own.labels) as store:
        for times in (1.0, 1.0, 1.5):
            write_weights(file, times)
            train_outputs(own, store)
            runs.append(load_outputs(own, store).run.folder.name)
    assert runs == ["2", "2", "3"]


@pytest.mark.parametrize("faces", ["blur", "blur_random"])
def test_faces_that_are_blurred_otherwise_are_learned_from_anew(
    recipe: Recipe, faces: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blurred = with_settings(recipe, faces=faces)
    before = fingerprints_of([], blurred.train)
    assert fingerprints_of([], blurred.train) == before
    monkeypatch.setattr(blur, "STRENGTH", 2 * blur.STRENGTH)
    assert fingerprints_of([], blurred.train)["network"] != before["network"]
    assert fingerprints_of([], recipe.train) == fingerprints_of([], with_settings(recipe, faces="keep").train)


@pytest.mark.parametrize("epochs", [0, 1])
def test_runs_from_before_keep_their_fingerprint(copied: PhotoStore, recipe: Recipe, epochs: int) -> None:
    now = recipe.model_copy(update={"train": TrainSettings(size=64, folds=3, epochs=epochs)})
    train(now, copied)
    settings = now.train.model_dump(exclude={"rounds", "answered_accuracy", "stop_by", "balanced"})
    learning = split_kept(recipe, copied).learning
    photos = sorted((photo.sha256, photo.label, round(photo.label_quality, 3)) for photo in learning)
    branch = ["branch"] if epochs else []
    known = hashlib.sha256(json.dumps([FORMAT, settings, recipe.labels, photos, *branch]).encode()).hexdigest()
    assert all_runs(copied.work)[-1].metrics["network"] == known


OTHERS = {"views": 7, "batch": 9, "tuned": 0.2, "learning_rate": 0.5, "mixed_precision": False, "folds": 9, "seed": 1}
UNTUNED = {"views", "batch", "learning_rate", "mixed_precision"}


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        ({"epochs": 1}, {"mixed_precision"}),
        ({"epochs": 1, "cached": False}, {"folds", "views"}),
        ({"epochs": 0}, {*UNTUNED, "tuned"}),
        ({"epochs": 0, "cached": False}, {*UNTUNED, "tuned", "folds"}),
        ({"epochs": 0, "tuned": 1.0}, {*UNTUNED, "folds"}),
    ],
)
def test_settings_that_nothing_follows_from_are_known(settings: dict[str, object], idle: set[str]) -> None:
    base = TrainSettings.model_validate(settings).model_dump()
    assert {key for key, value in OTHERS.items() if effective({**base, key: value}) == effective(base)} == idle


def test_what_nothing_follows_from_changes_no_network_and_trains_none(copied: PhotoStore, recipe: Recipe) -> None:
    others = with_settings(recipe, views=7, batch=9, tuned=0.2, learning_rate=0.5, mixed_precision=False)
    for wanted in (with_settings(recipe), others):
        train(wanted, copied)
        assert load_trained(wanted, copied).run.folder.name == "2"
    weights, predictions = (run := load_trained(others, copied).run).weights, run.predictions
    shutil.rmtree(copied.work / "runs")
    train(others, copied)
    anew = load_trained(others, copied).run
    assert all(torch.equal(weights[name], tensor) for name, tensor in anew.weights.items())
    assert np.array_equal(anew.predictions["logits"], predictions["logits"])
