"""Training: the same result twice, what another round starts from, and what is not trained again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.networks.backbone import load_backbone
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train.runs import Run, all_runs
from recognizer.train.train import last_run, load_trained, train


def test_what_is_trained_is_not_trained_again(copied: PhotoStore, recipe: Recipe) -> None:
    before = sorted(copied.work.glob("runs/*/*"))
    stamps = [file.stat().st_mtime_ns for file in before]
    train(recipe, copied)
    assert sorted(copied.work.glob("runs/*/*")) == before
    assert [file.stat().st_mtime_ns for file in before] == stamps


def test_the_same_seed_gives_the_same_network(copied: PhotoStore, recipe: Recipe) -> None:
    held_out = split_kept(recipe, copied).held_out
    first = load_trained(recipe, copied).predict(held_out).probabilities
    shutil.rmtree(copied.work / "runs")
    train(recipe, copied)
    assert np.allclose(load_trained(recipe, copied).predict(held_out).probabilities, first, atol=1e-5)


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


def test_another_round_comes_after_the_last_which_stays(copied: PhotoStore, recipe: Recipe) -> None:
    (first,) = all_runs(copied.work)
    before = {file.name: file.read_bytes() for file in first.folder.iterdir()}
    train(with_settings(recipe, rounds=2), copied)
    assert [run.metrics["round"] for run in all_runs(copied.work)] == [1, 2]
    assert {name: (first.folder / name).read_bytes() for name in before} == before


@pytest.mark.slow
def test_on_cached_layers_another_round_starts_from_the_pretrained_network(copied: PhotoStore, recipe: Recipe) -> None:
    longer, found = with_settings(recipe, rounds=2), []
    for factor in (1.0, 1.5):
        multiply_weights(all_runs(copied.work)[0], factor)
        train(longer, copied)
        found.append(all_runs(copied.work)[1].weights)
        shutil.rmtree(all_runs(copied.work)[1].folder)
    assert all(torch.allclose(found[0][name], tensor, atol=1e-5) for name, tensor in found[1].items())


@pytest.mark.slow
def test_a_whole_network_is_tuned_and_goes_on_from_the_weights_of_the_last_round(
    copied: PhotoStore, recipe: Recipe
) -> None:
    """At a learning rate of next to nothing it ends where it began, so that the beginning can be told."""
    whole = with_settings(recipe, cached=False, learning_rate=1e-12)
    report, trained = train(whole, copied), load_trained(whole, copied)
    assert report["judged"]["photos"] == trained.calibration.photos == len(trained.split.validation) > 0
    assert np.allclose(trained.predict(trained.split.held_out[:5]).probabilities.sum(axis=1), 1)
    first = all_runs(copied.work)[-1]
    changed = multiply_weights(first, 1.01)
    train(with_settings(whole, rounds=2), copied)
    second = all_runs(copied.work)[-1]
    assert second.folder != first.folder
    begun, ended = first.weights, second.weights
    assert changed and all(torch.allclose(ended[name], begun[name], atol=1e-6) for name in changed)


def multiply_weights(run: Run, factor: float) -> list[str]:
    """Change what a run has learned; return the names of the weights that gradients move and that are changed."""
    weights = run.weights
    moved = [name for name, tensor in weights.items() if tensor.is_floating_point() and "running" not in name]
    torch.save({**weights, **{name: weights[name] * factor for name in moved}}, run.folder / "weights.pth")
    return moved


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
