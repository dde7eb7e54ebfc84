"""The train stage: the kept photos become a fine-tuned fastai learner.

    run = train(recipe, store)                   # data/<recipe>/runs/<number>/
    learner = load_trained(recipe, store)        # the last run's network, calibrated

Each round is a folder in `runs/` with the settings, what was measured and the weights. A round whose settings and
photos are those of a finished one is not trained again.
"""

import recognizer.torchvision_cure  # noqa: F401

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import IndexSplitter, ItemGetter, Normalize
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, ResizeMethod, aug_transforms
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from fastai.vision.learner import vision_learner
from PIL import Image
from torch import nn

from recognizer.backbone import load_backbone
from recognizer.calibrate import Calibration, calibrate
from recognizer.errors import RecognizerError
from recognizer.features import photo_features
from recognizer.groups import group_photos, split_photos
from recognizer.linear import fit_linear
from recognizer.photos import Photo, PhotoStore
from recognizer.recipe import Recipe
from recognizer.report import write_json, write_report
from recognizer.watch import Watch, unwatched

VALIDATION = 0.1  # share of the training groups kept for calibration


@dataclass(frozen=True)
class Parts:
    """The kept photos, by what they are used for."""

    training: list[Photo]
    validation: list[Photo]
    held_out: list[Photo]


class _Progress(Callback):
    """Tells a watcher about batches."""

    def __init__(self, watch: Watch, total: int, done: int) -> None:
        self.watch, self.total, self.done = watch, total, done

    def after_batch(self) -> None:
        if self.training:
            self.done += 1
            self.watch(f"training, loss {self.loss.item():.2f}", self.done, self.total)


class _KeepNorm(Callback):
    """Keeps batch normalisation at its pretrained statistics, which small batches of few photos would spoil."""

    def before_train(self) -> None:
        for module in self.learn.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def split_kept(recipe: Recipe, store: PhotoStore) -> Parts:
    """Split the kept photos into training, validation and held-out parts; groups of copies stay together.

    Args:
        recipe: the recipe.
        store: the photo store.
    """
    stored = store.photos()
    group = dict(zip((p.sha256 for p in stored), group_photos(stored, store.issues()), strict=True))
    photos = store.kept()
    rest, held_out = split_photos(photos, [group[p.sha256] for p in photos], recipe.train.held_out)
    # A hash of the name, since the name itself has already decided what is held out.
    again = [hashlib.sha256(group[p.sha256].encode()).hexdigest() for p in rest]
    training, validation = split_photos(rest, again, VALIDATION)
    return Parts(training, validation, held_out)


def train(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Fine-tune the recipe's backbone on the kept photos, in as many rounds as the recipe says.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about batches done.

    Returns:
        The report, as written to `reports/train.json`.

    Raises:
        RecognizerError: a class has no photo to train with.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    begun = time.monotonic()
    parts = split_kept(recipe, store)
    _check_every_class(recipe, parts)
    done = _finished_rounds(recipe, parts, store.work)
    if done < recipe.train.rounds:
        learner = make_learner(recipe, parts)
        if done:
            _load_weights(learner, _runs(store.work)[-1])
        else:
            _start_head(learner, recipe, parts, store.work, watch)
        for number in range(done + 1, recipe.train.rounds + 1):
            _train_round(learner, recipe, parts, store.work, number, watch)
    counts = {name: len(getattr(parts, name)) for name in ("training", "validation", "held_out")}
    last = json.loads((_runs(store.work)[-1] / "metrics.json").read_text())
    return write_report(store.work, "train", recipe.name, time.monotonic() - begun, counts, **last)


def make_learner(recipe: Recipe, parts: Parts) -> Learner:
    """Build a fastai learner with a pretrained backbone and an untrained linear head."""
    settings = recipe.train
    set_seed(settings.seed, reproducible=True)
    backbone = load_backbone(settings.backbone, settings.weights)
    dls = _data(recipe, parts.training, parts.validation)
    dls.add_tfms([Normalize.from_stats(backbone.mean, backbone.std)], "after_batch")
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(backbone.channels, len(recipe.labels)))
    learner = vision_learner(dls, backbone.arch, pretrained=False, normalize=False, custom_head=head)
    learner.model[0].load_state_dict(backbone.body.state_dict())
    learner.remove_cb(ProgressCallback)
    _freeze_early_layers(learner.model[0], settings.tuned)
    return learner


def _freeze_early_layers(body: nn.Module, tuned: float) -> None:
    layers = list(body.parameters())
    for parameter in layers[: round(len(layers) * (1 - tuned))]:
        parameter.requires_grad_(False)


def load_trained(recipe: Recipe, store: PhotoStore) -> tuple[Learner, Calibration]:
    """Return the learner of the last run, its temperature folded into its last layer, and its calibration.

    Raises:
        RecognizerError: nothing has been trained yet.
    """
    runs = _runs(store.work)
    if not runs:
        raise RecognizerError(f"{store.work} has no trained run yet; run recognizer train {recipe.name} first.")
    learner = make_learner(recipe, split_kept(recipe, store))
    _load_weights(learner, runs[-1])
    calibration = Calibration(**json.loads((runs[-1] / "metrics.json").read_text())["calibration"])
    _fold_temperature(learner, calibration.temperature)
    return learner, calibration


def predict(learner: Learner, photos: Sequence[Photo]) -> np.ndarray:
    """Return the probabilities of photos, (photos, classes)."""
    loader = learner.dls.test_dl([str(photo.path) for photo in photos], num_workers=0)
    probabilities, _ = learner.get_preds(dl=loader)
    return np.asarray(probabilities.numpy(), dtype=np.float64)


def _data(recipe: Recipe, training: Sequence[Photo], validation: Sequence[Photo]) -> DataLoaders:
    """Build the data loaders from fastai's own transforms alone, so that the exported learner needs nothing of ours."""
    items = [(str(photo.path), photo.label) for photo in (*training, *validation)]
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=recipe.labels, sort=False)),
        get_x=ItemGetter(0),
        get_y=ItemGetter(1),
        splitter=IndexSplitter(list(range(len(training), len(items)))),
        item_tfms=Resize(recipe.train.size, method=ResizeMethod.Squish),
        batch_tfms=aug_transforms(min_scale=0.75),
    )
    dls = block.dataloaders(items, bs=min(recipe.train.batch, len(training)), num_workers=_workers())
    # What `predict` accepts, beside the items that it was trained with.
    dls.train_ds.tls[0].types = [tuple, (str, bytes, np.ndarray, torch.Tensor, Image.Image), PILImage]
    return dls


def _workers() -> int:
    return min(8, os.cpu_count() or 1)


def _start_head(learner: Learner, recipe: Recipe, parts: Parts, work: Path, watch: Watch) -> None:
    """Start from the best linear classifier on the pretrained features, which costs seconds.

    A random head would first spoil the features that it is put on (Kumar et al., 2022, arXiv 2202.10054).
    """
    features = photo_features(parts.training, recipe.train, work, watch)
    labels = [recipe.labels.index(photo.label) for photo in parts.training]
    weight, bias = fit_linear(features, np.array(labels))
    with torch.no_grad():
        learner.model[-1][-1].weight.copy_(torch.from_numpy(weight))
        learner.model[-1][-1].bias.copy_(torch.from_numpy(bias))


def _train_round(learner: Learner, recipe: Recipe, parts: Parts, work: Path, number: int, watch: Watch) -> None:
    settings = recipe.train
    per_epoch = len(learner.dls.train)
    per_round = settings.epochs * per_epoch
    progress = _Progress(watch, settings.rounds * per_round, (number - 1) * per_round)
    set_seed(settings.seed + number, reproducible=True)
    rates = slice(settings.learning_rate / 10, settings.learning_rate)
    with learner.no_logging():
        learner.fit_one_cycle(settings.epochs, rates, cbs=[progress, _KeepNorm()])
    _save_round(learner, recipe, parts, work, number)


def _save_round(learner: Learner, recipe: Recipe, parts: Parts, work: Path, number: int) -> None:
    """Write the run's folder; metrics.json comes last and says that the run is whole."""
    run = work / "runs" / str(len(_runs(work)) + 1)
    run.mkdir(parents=True, exist_ok=True)
    torch.save(learner.model.state_dict(), run / "weights.pth")
    labels = [recipe.labels.index(photo.label) for photo in parts.validation]
    calibration = calibrate(predict(learner, parts.validation), np.array(labels))
    write_json(run / "settings.json", recipe.train.model_dump())
    metrics = {
        "round": number,
        "fingerprint": _fingerprint(recipe, parts),
        "loss": [round(float(loss), 4) for loss in learner.recorder.losses[:: max(1, len(learner.dls.train))]],
        "calibration": calibration.__dict__,
    }
    write_json(run / "metrics.json", metrics)


def _runs(work: Path) -> list[Path]:
    """List the whole runs, oldest first."""
    return sorted((file.parent for file in work.glob("runs/*/metrics.json")), key=lambda run: int(run.name))


def _finished_rounds(recipe: Recipe, parts: Parts, work: Path) -> int:
    """Count the rounds that are done with just these settings and photos."""
    runs = _runs(work)
    if not runs:
        return 0
    last = json.loads((runs[-1] / "metrics.json").read_text())
    return int(last["round"]) if last["fingerprint"] == _fingerprint(recipe, parts) else 0


def _fingerprint(recipe: Recipe, parts: Parts) -> str:
    settings = recipe.train.model_dump(exclude={"rounds"})
    photos = sorted((p.sha256, p.label) for p in (*parts.training, *parts.validation))
    return hashlib.sha256(json.dumps([settings, recipe.labels, photos]).encode()).hexdigest()


def _load_weights(learner: Learner, run: Path) -> None:
    learner.model.load_state_dict(torch.load(run / "weights.pth", map_location="cpu", weights_only=True))


def _fold_temperature(learner: Learner, temperature: float) -> None:
    """Divide the last layer by the temperature, so that every form of the network gives calibrated probabilities."""
    last = [module for module in learner.model.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.div_(temperature)


def _check_every_class(recipe: Recipe, parts: Parts) -> None:
    empty = _missing(recipe.labels, parts.training)
    if empty:
        raise RecognizerError(
            f"There is no photo to train “{empty[0]}” with; collect more (recognizer collect {recipe.name}), "
            "or look at what was dropped (recognizer review)."
        )


def _missing(labels: Iterable[str], photos: Iterable[Photo]) -> list[str]:
    present = {photo.label for photo in photos}
    return [label for label in labels if label not in present]
