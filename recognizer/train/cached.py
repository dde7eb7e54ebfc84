"""Training on cached maps: every photo is judged by a network that has not seen it.

    logits, curves = judge(network, examples, folds, settings, listener, watch)
    trained = learn(network, examples, settings, seed, listener)

The trunk of the backbone has run once over each photo (maps.py); only the tail and the head are trained here.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback
from fastai.callback.schedule import Learner
from torch import nn

from recognizer.networks.linear import fit_linear
from recognizer.networks.trunk import Maps
from recognizer.recipe import TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.splits.split import Numbers
from recognizer.train.tail import Examples, Trust, Unwatched, fit, halves, look, tail_learner

Listener = Callable[[], Callback]
Logits = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Curves:
    """How training went, epoch by epoch: lists as long as there are epochs, one list a network."""

    training_loss: list[list[float]]
    validation_loss: list[list[float]]
    accuracy: list[list[float]]


def judge(
    network: nn.Sequential,
    examples: Examples,
    folds: Numbers,
    settings: TrainSettings,
    listener: Listener,
    watch: Watch = unwatched,
) -> tuple[Logits, Curves]:
    """Train a network for each fold on the others, and let it judge the fold.

    Args:
        network: tail and head as they were before training.
        examples: n photos.
        folds: the number of each one's fold, (n,).
        settings: how to train.
        listener: makes a callback for each training.
        watch: told about folds, where nothing is tuned and no callback tells.

    Returns:
        Uncalibrated logits, (n, classes), and how the trainings went.
    """
    logits: Logits = np.zeros((len(folds), halves(network)[1].out_features))
    learners = []
    for fold in np.unique(folds).tolist():
        seen, unseen = folds != fold, folds == fold
        training, validation = examples.of(seen), examples.of(unseen)
        seed = settings.seed + 1 + fold
        learner = tail_learner(started(network, training), training, validation, settings, seed)
        fit(learner, settings, seed, [listener()])
        logits[unseen] = look(learner.model, validation.maps).logits
        learners.append(learner)
        if not settings.epochs:
            watch("fitting the last layer, folds", len(learners), settings.folds)
    return logits, fold_curves(learners)


def fold_curves(learners: Sequence[Learner]) -> Curves:
    """Return what each learner's recorder wrote down."""
    rows = [getattr(learner.recorder, "values", []) for learner in learners]  # none before the first epoch
    columns = [np.array(values, dtype=float).reshape(-1, 3).round(4).T.tolist() for values in rows]
    return Curves(*(list(column) for column in zip(*columns, strict=True)))


def learn(
    network: nn.Sequential, examples: Examples, settings: TrainSettings, seed: int, listener: Listener
) -> nn.Sequential:
    """Train a network on all examples."""
    learner = tail_learner(started(network, examples), examples, examples, settings, seed)
    fit(learner, settings, seed, [listener(), Unwatched()])
    trained: nn.Sequential = learner.model
    return trained


def see(network: nn.Sequential, maps: Maps) -> Features:
    """Return what the last layer takes of all views, (n, views, channels)."""
    return np.stack([look(network, maps[:, view:]).features for view in range(maps.shape[1])], axis=1)


def started(network: nn.Sequential, examples: Examples) -> nn.Sequential:
    """Return a copy whose head is started on the examples."""
    fresh = copy.deepcopy(network)
    start_head(fresh, examples.features, examples.labels, examples.label_quality)
    return fresh


def start_head(network: nn.Sequential, features: Features, labels: Numbers, trust: Trust) -> None:
    """Start a head as a linear classifier of the pretrained features, which costs seconds.

    A random head would first spoil the features that it is put on (Kumar et al., 2022, arXiv 2202.10054).

    Args:
        network: tail and head.
        features: of all views, (n, views, channels).
        labels: the number of each photo's class, (n,).
        trust: how likely each label is right, (n,).
    """
    _, last = halves(network)
    weight, bias = fit_linear(features, labels, trust)
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(weight))
        last.bias.copy_(torch.from_numpy(bias))
