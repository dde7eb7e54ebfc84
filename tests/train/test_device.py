"""Networks and batches are on one device: a second one, which takes nothing of the processor, gives what that gives."""

import recognizer.networks.torchvision_cure  # noqa: F401

import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.clean.clean import clean
from recognizer.evaluate.evaluate import evaluate
from recognizer.export.agreement import measure_agreement
from recognizer.export.export import write_forms
from recognizer.networks import device
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.train import outputs_tuning
from recognizer.train.outputs import TrainedOutputs, load_outputs, train_outputs
from recognizer.train.train import load_trained, train
from tests.drawn_dataset import Shapes
from tests.networks.second_device import DEVICE, second_device
from tests.train.beside import train_kept, tuning

# torch warns that nothing would be copied to its own meta device; to the stand-in that is made of it, weights are.
pytestmark = pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter:UserWarning")


def test_operands_on_two_devices_are_refused() -> None:
    with second_device(), pytest.raises(RuntimeError, match="some operands are on meta, others are not"):
        torch.ones(3, device=DEVICE) + torch.ones(3)


def test_numbers_of_64_bits_are_refused() -> None:
    with second_device(), pytest.raises(TypeError, match="meta has no float64"):
        torch.ones(3, device=DEVICE).double()


@pytest.mark.slow
def test_everything_runs_on_a_second_device(
    trained: Path, filled: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PhotoStore(trained, recipe.labels) as store:
        held_out = load_trained(recipe, store).split.held_out
        expected = load_trained(recipe, store).predict(held_out).probabilities
    monkeypatch.setattr(device, "chosen_device", lambda: DEVICE)
    with second_device(), PhotoStore(Path(shutil.copytree(filled, tmp_path / "work")), recipe.labels) as store:
        assert clean(recipe, store, auto=False)["counts"]["photos"]
        train(recipe, store)
        assert evaluate(recipe, store)["photos"] == len(held_out)
        found = load_trained(recipe, store)
        assert np.abs(found.predict(held_out).probabilities - expected).mean() < 0.01
        assert next(found.network.parameters()).device == DEVICE
        monkeypatch.undo()  # fastai's own tensors, which augmented photos are, can be on no stand-in
        write_forms(recipe, found, tmp_path)
    assert measure_agreement(tmp_path, held_out, recipe.train.size)["same_answer"] == 1


@pytest.mark.slow
def test_a_branch_that_is_kept_learns_on_a_second_device(
    filled: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities = []
    for place in (None, DEVICE):
        if place:
            monkeypatch.setattr(device, "chosen_device", lambda: DEVICE)
        work = Path(shutil.copytree(filled, tmp_path / str(place)))
        with second_device() if place else nullcontext(), PhotoStore(work, recipe.labels) as store:
            found = train_kept(tuning(recipe, epochs=1), store)
            assert found.run.metrics["branch"]
            probabilities.append(found.predict(found.split.held_out).probabilities)
    assert next(found.network.parameters()).device == DEVICE
    assert np.abs(probabilities[0] - probabilities[1]).mean() < 0.01


def test_several_outputs_are_tuned_on_a_second_device(
    shapes: Shapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work", ignore=shutil.ignore_patterns("features"))
    tuning = {"epochs": 2, "learning_rate": 3e-3, "stop_by": "percentiles"}
    recipe = shapes.recipe.model_copy(update={"train": shapes.recipe.train.model_copy(update=tuning)})
    monkeypatch.setattr(device, "chosen_device", lambda: DEVICE)
    monkeypatch.setattr(outputs_tuning, "NEAR", 1.0)  # all percentiles are near, so that the branch is kept
    with second_device(), PhotoStore(work, recipe.labels) as store:
        assert train_outputs(recipe, store)["tuning"]["amount"] > 0
        trained = load_outputs(recipe, store)
        assert trained.predict(trained.split.held_out).shape == (len(trained.split.held_out), recipe_width(trained))
        assert next(trained.network.parameters()).device == DEVICE


def recipe_width(trained: TrainedOutputs) -> int:
    return max(one.stop for one in trained.calibrations.values())
