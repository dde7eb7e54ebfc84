"""What training on a GPU is given besides: decided by device and recipe, and gone when training ends."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path

import pytest
import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.fp16 import AMPMode, MixedPrecision
from fastai.learner import load_learner

from recognizer.export.export import write_learner
from recognizer.networks.backbone import load_backbone
from recognizer.networks.forward import predict
from recognizer.recipe import Recipe, TrainSettings
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train.fitting import fit
from recognizer.train.learner import gpu_callbacks, make_learner, make_network
from tests.pickled import named

GPU = torch.device("cuda", 1)


def test_a_gpu_computes_in_half_precision_with_colours_last() -> None:
    last, mixed = gpu_callbacks(GPU, TrainSettings())
    assert isinstance(last, ChannelsLast) and isinstance(mixed, MixedPrecision)
    assert mixed.amp_mode is AMPMode.FP16


@pytest.mark.parametrize("device", [GPU, torch.device("cpu"), torch.device("mps")])
def test_nothing_is_added_where_it_is_not_wanted_or_no_use(device: torch.device) -> None:
    wanted = device.type != "cuda"
    assert gpu_callbacks(device, TrainSettings(mixed_precision=wanted)) == []


@pytest.mark.filterwarnings("ignore::UserWarning:torch")  # half precision is off where there is no GPU
def test_nothing_of_it_is_left_in_the_learner(copied: PhotoStore, recipe: Recipe, tmp_path: Path) -> None:
    settings = recipe.train.model_copy(update={"cached": False, "tuned": 0.1})
    split = split_kept(recipe, copied)
    backbone = load_backbone(settings.backbone)
    tuned = recipe.model_copy(update={"train": settings})
    learner = make_learner(tuned, split, backbone, make_network(tuned, backbone))
    before, names = learner.model[1][-1].weight.clone(), [type(callback) for callback in learner.cbs]
    fit(learner, settings, 1, gpu_callbacks(GPU, settings))
    assert not torch.equal(learner.model[1][-1].weight, before)
    assert [type(callback) for callback in learner.cbs] == names
    photos = split.held_out[:3]
    expected = predict(learner.model, backbone, photos, settings.size).probabilities
    write_learner(learner, tmp_path / "learner.pkl")
    opened = load_learner(tmp_path / "learner.pkl")
    assert predict(opened.model, backbone, photos, settings.size).probabilities == pytest.approx(expected, abs=1e-5)
    assert not [module for module, _ in named(tmp_path / "learner.pkl") if "fp16" in module or "channels" in module]
