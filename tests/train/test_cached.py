"""Classes are told by a last layer in closed form and, where it helps, by a branch beside the last layers."""

import recognizer.networks.torchvision_cure  # noqa: F401

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.learner import load_learner

from recognizer.export.agreement import measure_agreement
from recognizer.export.export import write_forms, write_learner
from recognizer.networks.backbone import load_for_training
from recognizer.networks.branch import make_branch
from recognizer.networks.evidence import evidence_of
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import predict
from recognizer.recipe import Recipe
from recognizer.report import unwatched
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train import mixing
from recognizer.train.cached import fit_closed_form
from recognizer.train.classes_tuning import tune_classes
from recognizer.train.learner import make_learner
from recognizer.train.train import TrainedNetwork, load_trained, train


def tuning(recipe: Recipe, **settings: object) -> Recipe:
    changed = {"epochs": 2, "learning_rate": 3e-3, "size": 32, "tuned": 0.5, **settings}
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=changed)})


@pytest.fixture
def beside(copied: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> TrainedNetwork:
    """A network with a branch, whether it helps or not."""
    monkeypatch.setattr(mixing, "SURE", -np.inf)
    train(tuning(recipe), copied)
    return load_trained(tuning(recipe), copied)


def test_a_branch_is_kept_with_what_was_predicted_out_of_fold(beside: TrainedNetwork, recipe: Recipe) -> None:
    run, split = beside.run, beside.split
    assert run.metrics["branch"] and run.metrics["tuning"]["amount"] == 0.5
    assert len(run.metrics["curves"]["training_loss"]) == 3 and (run.folder / "curves.png").exists()
    assert run.metrics["judged"]["photos"] == beside.calibration.photos == len(split.learning)
    judged = run.out_of_fold
    assert judged.photos.tolist() == [photo.sha256 for photo in split.learning]
    found = beside.predict(split.learning).probabilities.argmax(axis=1)
    assert (found == judged.labels).mean() >= (judged.logits.argmax(axis=1) == judged.labels).mean() > 0.5


def test_a_network_with_a_branch_is_exported_as_any_other(
    beside: TrainedNetwork, recipe: Recipe, tmp_path: Path
) -> None:
    photos, size = beside.split.held_out, beside.size
    expected = predict(beside.network, beside.backbone, photos, size).logits
    write_learner(make_learner(tuning(recipe), beside.split, beside.backbone, beside.network), tmp_path / "learner.pkl")
    opened = load_learner(tmp_path / "learner.pkl")
    assert predict(opened.model, beside.backbone, photos, size).logits == pytest.approx(expected, abs=1e-4)
    evidence = evidence_of(beside.network, size)
    maps = beside.network[0](torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)))
    with torch.inference_mode():
        said = evidence(maps).sum(dim=(2, 3))
        assert torch.allclose(said, beside.network[1](maps), atol=1e-3)
    write_forms(tuning(recipe), beside, tmp_path)
    assert measure_agreement(tmp_path, photos, size)["same_answer"] == 1


def test_a_branch_learns_what_a_head_does_not_know(copied: PhotoStore, recipe: Recipe) -> None:
    tuned_recipe, split = tuning(recipe, epochs=4, batch=8, views=4), split_kept(recipe, copied)
    backbone = load_for_training(tuned_recipe.train)
    _, found = fit_closed_form(tuned_recipe, split, backbone, copied.work, 1, unwatched)
    nothing = replace(found, logits=np.zeros_like(found.logits))
    tuned = tune_classes(tuned_recipe, split, nothing, backbone, copied.work, 1, unwatched)
    assert tuned.choice.step.epoch > 0 and tuned.choice.gain > 2 * tuned.choice.error > 0
    assert (tuned.logits.argmax(axis=1) == found.labels).mean() > 0.5


def test_progress_of_a_fine_tuning_ends_where_it_ends(
    copied: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixing, "SURE", -np.inf)
    told: dict[str, tuple[int, int]] = {}

    def watch(what: str, done: int, total: int) -> None:
        kind = what.partition(",")[0]
        assert "fine-tuning" not in kind or done > told.get(kind, (0, 0))[0]
        told[kind] = done, total

    train(tuning(recipe, batch=16), copied, watch)
    assert told["trying fine-tuning"][1] == 2 * 2 * len(split_kept(recipe, copied).learning)
    assert told["trying fine-tuning"][0] == told["trying fine-tuning"][1]
    assert told["fine-tuning"][0] == told["fine-tuning"][1] > 0


def test_what_cleaning_extracts_is_not_kept_by_networks_of_the_same_layers(recipe: Recipe) -> None:
    settings = tuning(recipe).train
    backbone = load_for_training(settings)
    head_extractor(backbone, settings)
    assert not any(part._forward_hooks for part in make_branch(backbone, 2, settings).frozen.modules())


def test_too_few_photos_to_judge_a_fine_tuning_are_told(copied: PhotoStore, recipe: Recipe) -> None:
    learning = split_kept(recipe, copied).learning
    for label in recipe.labels:
        for photo in [photo for photo in learning if photo.label == label][2:]:
            copied.decisions.add(Decision(photo.sha256, "drop", "test", by="ada"))
    report = train(tuning(recipe), copied)
    assert report["notes"] == [
        "Nothing was fine-tuned: 8 photos are too few to tell whether that helps. Collect more photos, or set "
        "epochs = 0 under [train] in the recipe."
    ]
    assert report["tuning"]["amount"] == 0 and not load_trained(tuning(recipe), copied).run.metrics["branch"]
