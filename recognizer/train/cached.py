"""Fine-tunes the last layers on cached features, with cross-validation: what two cores do in minutes.

    network, examples = prepare(recipe, photos, backbone, work, watch)
    logits, curves = cross_validate(network, examples, folds, settings, listener)
    network = fit_all(network, examples, settings, seed, listener)

The frozen layers have run once over each augmented view of each photo (networks/forward.py); the layers that are
tuned, and the head, are trained on what they gave. Where a recipe wants no epoch, only the head is fitted.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.losses import LabelSmoothingCrossEntropyFlat
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.learner import default_split
from torch import nn

from recognizer.calibration.calibrate import Labels
from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.extractors import head_extractor, maps_extractor
from recognizer.networks.forward import Outputs
from recognizer.networks.head import fit_head, make_head, split_last
from recognizer.networks.stages import cut, freeze_early, put_back
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.splits.split import Split, deal_folds
from recognizer.store.rows import Photo
from recognizer.train.covered import covered_features
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import BATCH, Examples, Features, label_numbers, label_qualities, make_loaders
from recognizer.train.fitting import Listener, NoValidation, fit, make_listener, recorded
from recognizer.train.runs import OutOfFold, Trained, storable

SMOOTHING = 0.1  # share of the target spread over all classes (Szegedy et al., 2016, arXiv 1512.00567)


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
    listener = make_listener(settings, number, settings.folds * len(photos), watch)
    logits, curves = cross_validate(network, examples, folds, settings, listener, watch)
    fitted = fit_all(network, examples, settings, settings.seed + number, listener)
    whole = _join(fitted, backbone, settings.size)
    names = np.array([photo.sha256 for photo in photos])
    out_of_fold = OutOfFold(names, examples.labels, logits, folds, examples.label_quality)
    return Trained(storable(whole), out_of_fold, curves)


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
    return network, Examples(features, labels, embed_views(network, features), quality, served)


def cross_validate(
    network: nn.Sequential,
    examples: Examples,
    folds: Labels,
    settings: TrainSettings,
    listener: Listener,
    watch: Watch = unwatched,
) -> tuple[npt.NDArray[np.float64], Curves]:
    """Train a network for each fold on the others, and let it predict the fold.

    Args:
        network: tuned layers and head as they were before training.
        examples: n photos.
        folds: the number of each one's fold, (n,).
        settings: how to train.
        listener: makes a callback for each training.
        watch: told about folds, where nothing is tuned and no callback tells.

    Returns:
        Out-of-fold predictions as uncalibrated logits, (n, classes), and how the trainings went.
    """
    logits = np.zeros((len(folds), split_last(network)[1].out_features))
    values = []
    names = np.unique(folds).tolist()
    for number, fold in enumerate(names, start=1):
        training, validation = examples.of(folds != fold), examples.of(folds == fold)
        seed = settings.seed + 1 + fold
        learner = _make_learner(_started(network, training), training, validation, settings, seed)
        fit(learner, settings, seed, [listener()])
        logits[folds == fold] = predict_features(learner.model, validation.served).logits
        values.append(recorded(learner))
        if not settings.epochs:
            watch("fitting the last layer, folds", number, len(names))
    return logits, make_curves(values)


def fit_all(
    network: nn.Sequential, examples: Examples, settings: TrainSettings, seed: int, listener: Listener
) -> nn.Sequential:
    """Return a network trained on all examples."""
    learner = _make_learner(_started(network, examples), examples, examples, settings, seed)
    fit(learner, settings, seed, [listener(), NoValidation()])
    fitted: nn.Sequential = learner.model
    return fitted


@torch.inference_mode()
def predict_features(network: nn.Sequential, features: Features) -> Outputs:
    """Return what a network makes of photos as a whole, by the features of their first view.

    Args:
        network: tuned layers and head.
        features: of at least one photo, (n, views, …).
    """
    embedder, last = split_last(network)
    device = next(network.parameters()).device
    batches = (torch.from_numpy(features[start : start + BATCH, 0]) for start in range(0, len(features), BATCH))
    rows = torch.cat([embedder(batch.float().to(device)) for batch in batches])
    return Outputs(last(rows).cpu().double().numpy(), rows.cpu().numpy())


def embed_views(network: nn.Sequential, features: Features) -> npt.NDArray[np.float32]:
    """Return what the last layer takes of all augmented views, (n, views, channels)."""
    views = range(features.shape[1])
    return np.stack([predict_features(network, features[:, view:]).embeddings for view in views], axis=1)


def _started(network: nn.Sequential, examples: Examples) -> nn.Sequential:
    """Return a copy whose head is the closed-form one of the examples."""
    fresh = copy.deepcopy(network)
    fit_head(fresh, examples.embeddings, examples.labels, examples.label_quality)
    return fresh


def _make_learner(
    network: nn.Sequential, training: Examples, validation: Examples, settings: TrainSettings, seed: int
) -> Learner:
    set_seed(seed, reproducible=True)
    dls = make_loaders(training, validation, settings.batch)
    # Some labels are wrong, and soft targets keep them from being learned by heart (docs/experiments.md).
    loss = LabelSmoothingCrossEntropyFlat(eps=SMOOTHING)
    learner = Learner(dls, network, loss, metrics=accuracy, splitter=default_split)
    learner.remove_cb(ProgressCallback)
    return learner


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
