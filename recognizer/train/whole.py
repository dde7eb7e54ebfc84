"""Fine-tunes a whole network on newly augmented photos in every epoch; work for a GPU, or for several."""

import recognizer.networks.torchvision_cure  # noqa: F401

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from fastai.callback.schedule import Learner
from torch import nn

from recognizer.faces.copies import blurred_photos
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.forward import embed, predict
from recognizer.networks.grid import spread, stage_shares
from recognizer.networks.head import put_head
from recognizer.networks.lda import even_weights, fit_linear
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Split
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.classes_tuning import too_few
from recognizer.train.curves import make_curves
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.fitting import drawing_by_quality, fit, of_round, recorded
from recognizer.train.learner import gpu_callbacks, make_learner, make_network
from recognizer.train.likeliest import as_likeliest
from recognizer.train.mixing import BEFORE, Mixing, choose, likelihood
from recognizer.train.runs import OutOfFold
from recognizer.train.writing import Trained


def train_whole(recipe: Recipe, split: Split, work: Path, number: int, watch: Watch) -> Trained:
    """Fine-tune a network; the validation photos stay out of it, and say how much of it is kept, if they are enough.

    Args:
        recipe: the recipe.
        split: the photos.
        work: the work folder, which keeps blurred copies.
        number: of the round, from 1.
        watch: told about photos learned from.
    """
    settings = recipe.train
    backbone = load_for_training(settings)
    learned = replace(split, training=as_likeliest(split.training, recipe.labels))
    learner = _learner(recipe, learned, backbone, work, watch)
    labels, quality = label_numbers(recipe.labels, split.validation), label_qualities(split.validation)
    mixing = Mixing(
        lambda trial: predict(trial, backbone, split.validation, settings.size).logits, likelihood(labels, quality)
    )
    callbacks = [
        of_round(settings, number, _photos_of_an_epoch(len(split.training), learner.dls.train.bs), watch),
        *gpu_callbacks(learner.dls.device, settings),
        mixing,
    ]
    mixing.begin(learner.model)
    untuned = too_few(split.validation, "validation photos") if settings.epochs else ""
    drawn = even_weights(label_numbers(recipe.labels, learned.training), label_qualities(learned.training))
    with drawing_by_quality(learner.dls.train, drawn), processes.training_together(learner):
        if not untuned:
            fit(learner, settings, settings.seed + number, callbacks)
    choice = choose(mixing.predicted, labels, quality)
    names, folds = np.array([photo.sha256 for photo in split.validation]), np.zeros(len(labels), dtype=int)
    found = OutOfFold(names, labels, mixing.predicted[choice.step], folds, quality)
    weights = mixing.before if choice.step == BEFORE else mixing.kept
    return Trained(weights, found, make_curves([recorded(learner)]), choice, untuned)


def _photos_of_an_epoch(photos: int, batch: int) -> int:
    """Return how many photos all processes together learn from in an epoch: each takes full batches of its share."""
    return math.ceil(photos / processes.count()) // batch * batch * processes.count()


def _learner(recipe: Recipe, split: Split, backbone: Backbone, work: Path, watch: Watch) -> Learner:
    """Return the learner of the network that training starts with, and of photos as it is to learn from them."""
    faces, covered = recipe.train.faces, _cover(recipe.train, split.training, work, watch)
    learned = replace(split, training=covered) if faces == "blur" else split
    other = {str(photo.path): str(one.path) for photo, one in zip(learned.training, covered, strict=True)}
    either = other if faces == "blur_random" else None
    return make_learner(recipe, learned, backbone, _start(recipe, learned, backbone), either, cropped=True)


def _cover(settings: TrainSettings, photos: list[Photo], work: Path, watch: Watch) -> list[Photo]:
    """Return the photos without faces, where the settings want some; rank 0 makes the copies."""
    if settings.faces == "keep":
        return photos
    processes.on_rank_0(lambda: blurred_photos(photos, work, watch))
    return blurred_photos(photos, work)


def _start(recipe: Recipe, split: Split, backbone: Backbone) -> nn.Sequential:
    """Return the network as training starts with it: pretrained layers and a closed-form head, which costs seconds.

    A random head would first spoil the features that it is put on (Kumar et al., 2022, arXiv 2202.10054).
    """
    photos, size = split.training, recipe.train.size
    labels, quality = label_numbers(recipe.labels, photos), label_qualities(photos)
    layer = fit_linear(embed(backbone, photos, size)[:, None], labels, quality, stage_shares(backbone, size))
    network = make_network(recipe, backbone)
    put_head(network, spread(layer, backbone, size))
    return network
