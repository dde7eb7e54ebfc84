"""Fine-tunes the last layers on cached features, with cross-validation: what two cores do in minutes.

    network, examples = prepare(recipe, photos, backbone, work, watch)
    heads = fit_heads(examples.embeddings, examples.labels, folds, examples.label_quality)
    predicted, curves = cross_validate(network, examples, folds, heads.folds, settings, listener)
    network = fit_all(network, examples, heads.whole, step, settings, seed, listener)

The frozen layers have run once over each augmented view of each photo (networks/forward.py); the layers that are
tuned, and the head, are trained on what they gave. The networks of the folds say how much of it is kept (mixing.py).
Where a recipe wants no epoch, only the head is fitted.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fastai.callback.schedule import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from torch import nn

from recognizer.calibration.calibrate import Labels
from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.extractors import head_extractor, maps_extractor
from recognizer.networks.head import make_head, put_head, split_last
from recognizer.networks.lda import Layer, even_weights, fit_heads
from recognizer.networks.stages import cut, freeze_early, put_back
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.splits.split import Split, deal_folds
from recognizer.store.rows import Photo
from recognizer.train.cached_features import embed_views, predict_features
from recognizer.train.covered import covered_features
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import Examples, label_numbers, label_qualities, make_loaders
from recognizer.train.fitting import Listener, NoValidation, fit, make_listener, make_tuner, recorded
from recognizer.train.mixing import BEFORE, Logits, Mixing, Step, StopAfter, choose, likelihood, stored
from recognizer.train.runs import OutOfFold
from recognizer.train.writing import Trained


def train_cached(recipe: Recipe, split: Split, work: Path, number: int, watch: Watch) -> Trained:
    """Run the frozen layers once over each photo, then train the others on what they gave.

    Args:
        recipe: the recipe.
        split: the photos.
        work: the work folder, which keeps what the frozen layers gave.
        number: of the round, from 1.
        watch: told about photos.

    Raises:
        RecognizerError: a class has too few photos for the folds, or the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    settings, photos = recipe.train, split.learning
    backbone = load_for_training(settings)
    network, examples = prepare(recipe, photos, backbone, work, watch)
    folds = _deal_folds(recipe, split, examples.labels, number)
    watch("fitting the last layer", 0, 1)
    heads = fit_heads(examples.embeddings, examples.labels, folds, examples.label_quality)
    watch("fitting the last layer", 1, 1)
    listener = make_listener(settings, number, settings.folds * len(photos), watch)
    predicted, curves = cross_validate(network, examples, folds, heads.folds, settings, listener, watch)
    choice = choose(predicted, examples.labels, examples.label_quality)
    fitted = fit_all(network, examples, heads.whole, choice.step, settings, settings.seed + number, listener)
    whole = _join(fitted, backbone, settings.size)
    names = np.array([photo.sha256 for photo in photos])
    out_of_fold = OutOfFold(names, examples.labels, predicted[choice.step], folds, examples.label_quality)
    return Trained(stored(whole), out_of_fold, curves, choice)


def prepare(
    recipe: Recipe, photos: Sequence[Photo], backbone: Backbone, work: Path, watch: Watch
) -> tuple[nn.Sequential, Examples]:
    """Cut a backbone and run its frozen layers over photos; without epochs, that is all but the last layer.

    Args:
        recipe: the recipe.
        photos: the photos.
        backbone: the backbone; its early layers are frozen.
        work: the work folder, which keeps what the frozen layers gave.
        watch: told about photos.

    Returns:
        The layers that are tuned with an untrained head, and what they learn from.
    """
    settings = recipe.train
    head = make_head(backbone, settings.size, len(recipe.labels))
    if settings.epochs:
        freeze_early(backbone.layers, settings.tuned)
        frozen, tuned = cut(backbone.layers, settings.tuned, settings.backbone)
        network, extractor = nn.Sequential(tuned, head), maps_extractor(frozen, backbone, settings)
    else:
        *_, last = head.children()
        network, extractor = nn.Sequential(nn.Identity(), nn.Sequential(last)), head_extractor(backbone, settings)
    features, served = covered_features(photos, extractor, settings, work, watch)
    labels, quality = label_numbers(recipe.labels, photos), label_qualities(photos)
    embeddings = embed_views(network, features, watch) if settings.epochs else features
    return network, Examples(features, labels, embeddings, quality, served)


def cross_validate(
    network: nn.Sequential,
    examples: Examples,
    folds: Labels,
    heads: Mapping[int, Layer],
    settings: TrainSettings,
    listener: Listener,
    watch: Watch = unwatched,
) -> tuple[dict[Step, Logits], Curves]:
    """Train a network for each fold on the others, and let it predict the fold.

    Args:
        network: tuned layers and head as they were before training.
        examples: n photos.
        folds: the number of each one's fold, (n,).
        heads: of each fold, learned from the others.
        settings: how to train.
        listener: makes a callback for each training.
        watch: told about folds, where nothing is tuned and no callback tells.

    Returns:
        For each step of the trainings out-of-fold predictions as uncalibrated logits, (n, classes), and how the
        trainings went.
    """
    predicted: dict[Step, Logits] = {}
    values: list[Any] = []
    for number, (fold, head) in enumerate(heads.items(), start=1):
        chosen, begun = folds == fold, _started(network, head)
        if settings.epochs:
            found, recorded_values = _predict_steps(
                begun, examples, chosen, settings, settings.seed + 1 + fold, listener
            )
            values.append(recorded_values)
        else:
            found = {BEFORE: predict_features(begun, examples.served[chosen]).logits}
            watch("fitting the last layer, folds", number, len(heads))
        for step, logits in found.items():
            predicted.setdefault(step, np.zeros((len(folds), logits.shape[1])))[chosen] = logits
    return predicted, make_curves(values or [[]])


def _predict_steps(
    network: nn.Sequential,
    examples: Examples,
    chosen: npt.NDArray[np.bool_],
    settings: TrainSettings,
    seed: int,
    listener: Listener,
) -> tuple[dict[Step, Logits], list[list[float]]]:
    """Train a network on all examples but the chosen, (n,), and return its logits of these, and what was recorded."""
    training, validation = examples.of(~chosen), examples.of(chosen)
    learner = _make_learner(network, training, validation, settings, seed)
    mixing = Mixing(
        lambda trial: predict_features(trial, validation.served).logits,
        likelihood(validation.labels, validation.label_quality),
    )
    fit(learner, settings, seed, [listener(), mixing])
    return mixing.predicted, recorded(learner)


def fit_all(
    network: nn.Sequential,
    examples: Examples,
    head: Layer,
    step: Step,
    settings: TrainSettings,
    seed: int,
    listener: Listener,
) -> nn.Sequential:
    """Return a network trained on all examples, up to a step.

    Args:
        network: tuned layers and head as they were before training.
        examples: the photos.
        head: which training begins with.
        step: with `BEFORE`, nothing is tuned.
        settings: how to train.
        seed: of the order of photos.
        listener: makes a callback.
    """
    begun = _started(network, head)
    if step == BEFORE:
        return begun
    learner = _make_learner(begun, examples, examples, settings, seed)
    fit(learner, settings, seed, [listener(), NoValidation(), StopAfter(step)])
    fitted: nn.Sequential = learner.model
    return fitted


def _started(network: nn.Sequential, head: Layer) -> nn.Sequential:
    """Return a copy with a closed-form head."""
    fresh = copy.deepcopy(network)
    put_head(fresh, head)
    return fresh


def _make_learner(
    network: nn.Sequential, training: Examples, validation: Examples, settings: TrainSettings, seed: int
) -> Learner:
    set_seed(seed, reproducible=True)
    drawn = even_weights(training.labels, training.label_quality)  # all classes alike, however many photos they have
    return make_tuner(
        make_loaders(training, validation, settings.batch, drawn), network, CrossEntropyLossFlat(), accuracy
    )


def _deal_folds(recipe: Recipe, split: Split, labels: Labels, number: int) -> Labels:
    """Deal folds out anew in each round; every class has to be in all of them but one."""
    groups = [split.groups[photo.sha256] for photo in split.learning]
    folds = deal_folds(labels, groups, recipe.train.folds, recipe.train.seed + number)
    for fold in np.unique(folds):
        lost = set(range(len(recipe.labels))) - set(labels[folds != fold].tolist())
        if lost:
            raise RecognizerError(
                f"The photos of “{recipe.labels[lost.pop()]}” are too few, or too alike, for "
                f"{recipe.train.folds} folds; collect more ({recipe.command('collect')})."
            )
    return folds


def _join(fitted: nn.Sequential, backbone: Backbone, size: int) -> nn.Sequential:
    """Put tuned layers and head back onto the frozen layers that they were cut off."""
    tuned, _ = fitted.children()
    _, last = split_last(fitted)
    put_back(tuned, backbone.layers)
    whole = nn.Sequential(backbone.layers, make_head(backbone, size, last.out_features))
    split_last(whole)[1].load_state_dict(last.state_dict())
    return whole
