"""The network of several outputs: heads in closed form on the features of a pretrained one, fine-tuned if that helps.

truths = find_truths(recipe, split.learning, values)
learned, tuned = learn(recipe, split, truths, work, watch)
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from recognizer.errors import RecognizerError
from recognizer.networks.backbone import load_for_training
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import extract
from recognizer.networks.grid import spread, stage_shares
from recognizer.networks.head import with_head
from recognizer.networks.lda import Layer
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Labels, Split, deal_folds
from recognizer.splits.values import MISSING, Floats, Target, make_target, no_photo_of
from recognizer.store.readings import Values
from recognizer.store.rows import Photo
from recognizer.train.outputs_head import Heads, OutputCalibration, Truth, calibrate_outputs, fit_heads
from recognizer.train.outputs_tuning import too_few, tune_outputs
from recognizer.train.tuning import Tuned, joined


@dataclass(frozen=True)
class Learned:
    """A network that was trained, and what it says of photos that it has not learned from.

    Args:
        network: layers and head, the temperatures folded in.
        truths: of each output, of n photos that were not learned from: those of cross-validation, or of validation.
        logits: of these, (n, total).
        photos: these photos.
        folds: the number of the fold that each is in, (n,).
        calibrations: name of an output to what its slice of the logits means.
        untuned: why nothing was fine-tuned though the recipe wants it; "" otherwise.
    """

    network: nn.Sequential
    truths: list[Truth]
    logits: Floats
    photos: list[Photo]
    folds: Labels
    calibrations: dict[str, OutputCalibration]
    untuned: str = ""


def learn(recipe: Recipe, split: Split, truths: list[Truth], work: Path, watch: Watch) -> tuple[Learned, Tuned | None]:
    """Fit the heads in closed form and, where the recipe wants epochs, fine-tune; what does not help is not kept.

    Args:
        recipe: the recipe; it has outputs.
        split: the photos.
        truths: what is known of each output, of `split.learning`.
        work: the work folder, which keeps features.
        watch: told about photos.

    Returns:
        The network, and how the fine-tuning went, where there was one.

    Raises:
        RecognizerError: there are too few photos, or the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    settings, photos = recipe.train, split.learning
    backbone = load_for_training(settings)
    features = extract(photos, head_extractor(backbone, settings), work, watch=watch)["embedding"][:, 0]
    folds, shares = _deal_folds(recipe, split, truths), stage_shares(backbone, settings.size)
    chosen = np.arange(len(photos)) < len(split.training)

    def fit(some: npt.NDArray[np.bool_]) -> Heads:
        watch("fitting the heads", 0, 1)
        parts = [truth.of(some) for truth in truths]
        heads = fit_heads(features[some], shares, parts, folds[some], settings.answered_accuracy)
        watch("fitting the heads", 1, 1)
        return heads

    tuned, untuned = None, too_few(truths, chosen) if settings.epochs else ""
    if settings.epochs and not untuned:
        before = _say(fit(chosen).layer, features[~chosen])
        tuned = tune_outputs(recipe, split, truths, before, backbone, work, watch)
    heads = fit(np.full(len(photos), True))
    layer = spread(heads.layer, backbone, settings.size)
    if tuned and tuned.branch:
        network = joined(backbone, layer, tuned, settings)
        return _judged_by_validation(network, tuned.logits, split, truths, heads, settings), tuned
    network = with_head(backbone, layer, settings.size)
    return Learned(network, truths, heads.logits, photos, folds, heads.calibrations, untuned), tuned


def _say(layer: Layer, features: npt.NDArray[np.floating]) -> Floats:
    """Return the logits of a layer, (n, total)."""
    return np.asarray(features.astype(np.float64) @ layer.weight.T + layer.bias)


def _judged_by_validation(
    network: nn.Sequential,
    logits: Floats,
    split: Split,
    truths: Sequence[Truth],
    heads: Heads,
    settings: TrainSettings,
) -> Learned:
    """Return a tuned network with what it says of the validation photos, and what that means.

    They were told by heads that had not learned from them; the network's own heads have, in the end, learned from all.
    """
    others = np.arange(len(split.learning)) >= len(split.training)
    judged = [truth.of(others) for truth in truths]
    shrinkages = [one.shrinkage for one in heads.calibrations.values()]
    told = calibrate_outputs(judged, logits, shrinkages, settings.answered_accuracy)
    return Learned(network, judged, logits, split.validation, np.zeros(len(logits), dtype=int), told)


def find_truths(recipe: Recipe, photos: Sequence[Photo], values: Mapping[str, Values]) -> list[Truth]:
    """Return what is known of each output.

    Args:
        recipe: the recipe.
        photos: n of them.
        values: of photos, by sha256.

    Raises:
        RecognizerError: a class has no photo, or a number has one value only.
    """
    targets = [make_target(output, photos, values) for output in recipe.outputs]
    truths = [Truth(one, one.numbers(photos, values), _amounts(one, photos, values)) for one in targets]
    for truth in truths:
        output, width = truth.target.output, truth.target.width
        counts = np.bincount(truth.numbers[truth.numbers != MISSING], minlength=width)
        # A number's bin may be empty where another centre is as near.
        lost = [label for label, count in zip(output.labels, counts, strict=False) if not count]
        if lost or width < 2:
            raise RecognizerError(no_photo_of(recipe, output, lost))
    return truths


def _amounts(target: Target, photos: Sequence[Photo], values: Mapping[str, Values]) -> Floats:
    return target.amounts(photos, values) if target.centres else np.full(len(photos), np.nan)


def _deal_folds(recipe: Recipe, split: Split, truths: Sequence[Truth]) -> Labels:
    """Deal photos out into folds that are alike in the first output; copies are in one fold."""
    groups = [split.groups[photo.sha256] for photo in split.learning]
    if len(set(groups)) < recipe.train.folds:
        raise RecognizerError(f"There are too few photos with values to train with: {len(groups)}.")
    return deal_folds(truths[0].numbers - MISSING, groups, recipe.train.folds, recipe.train.seed)
