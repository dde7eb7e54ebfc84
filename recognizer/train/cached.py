"""Trains on what frozen layers gave for each photo, which they run over once: what two cores do in minutes.

The last layer is fitted in closed form, with cross-validation. Where the recipe wants epochs, a branch beside the last
layers is fine-tuned (tuning.py); the network then is both together. If the branch does not help, it is not kept.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from dataclasses import replace
from pathlib import Path

import numpy as np

from recognizer.calibration.calibrate import Labels
from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.extractors import head_extractor
from recognizer.networks.grid import spread, stage_shares
from recognizer.networks.head import with_head
from recognizer.networks.lda import Heads, fit_heads
from recognizer.recipe import Recipe
from recognizer.report import Watch
from recognizer.splits.split import Split, deal_folds
from recognizer.train.classes_tuning import too_few, tune_classes
from recognizer.train.covered import covered_features
from recognizer.train.curves import make_curves
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.likeliest import as_likeliest_in_folds, lost_classes
from recognizer.train.mixing import BEFORE, choose, stored
from recognizer.train.runs import OutOfFold
from recognizer.train.tuning import Tuned, joined
from recognizer.train.writing import Trained


def train_cached(recipe: Recipe, split: Split, work: Path, number: int, watch: Watch) -> Trained:
    """Fit the last layer to what the others gave and, where the recipe wants epochs, fine-tune a branch beside them.

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
    backbone = load_for_training(recipe.train)
    heads, found = fit_closed_form(recipe, split, backbone, work, number, watch)
    untuned = too_few(split.learning) if recipe.train.epochs else ""
    tuned = _not_tuned(found)
    if recipe.train.epochs and not untuned:
        tuned = tune_classes(recipe, split, found, backbone, work, number, watch)
    layer = spread(heads.whole, backbone, recipe.train.size)
    if tuned.branch:
        network = joined(backbone, layer, tuned, recipe.train)
    else:
        network = with_head(backbone, layer, recipe.train.size)
    return Trained(stored(network), replace(found, logits=tuned.logits), tuned.curves, tuned.choice, untuned)


def _not_tuned(found: OutOfFold) -> Tuned:
    """Return what stands for a fine-tuning where there was none."""
    choice = choose({BEFORE: found.logits}, found.labels, found.label_quality)
    return Tuned(None, np.ones(found.logits.shape[1]), found.logits, choice, make_curves([[]]))


def fit_closed_form(
    recipe: Recipe, split: Split, backbone: Backbone, work: Path, number: int, watch: Watch
) -> tuple[Heads, OutOfFold]:
    """Fit the last layer to all photos, and for each fold one to the others.

    Args:
        recipe: the recipe.
        split: the photos.
        backbone: the backbone.
        work: the work folder, which keeps features.
        number: of the round, from 1.
        watch: told about photos.

    Returns:
        The layers, and what those of the folds say of photos that they have not learned from, calibrated.
    """
    settings, photos = recipe.train, split.learning
    labels, quality = label_numbers(recipe.labels, photos), label_qualities(photos)
    folds = _deal_folds(recipe, split, labels, number)
    # A head needs no mirror image (grid.py), but photos with faces and without where it is to learn from both.
    seen = settings.model_copy(update={"views": 2 if settings.faces == "blur_random" else 1})
    embeddings, served = covered_features(photos, head_extractor(backbone, settings), seen, work, watch)
    watch("fitting the last layer", 0, 1)
    learned = as_likeliest_in_folds(photos, recipe.labels, folds)
    shares = stage_shares(backbone, settings.size)
    heads = fit_heads(embeddings, label_numbers(recipe.labels, learned), folds, label_qualities(learned), shares)
    logits = heads.say_of_folds(served[:, 0], folds)
    watch("fitting the last layer", 1, 1)
    return heads, OutOfFold(np.array([photo.sha256 for photo in photos]), labels, logits, folds, quality)


def _deal_folds(recipe: Recipe, split: Split, labels: Labels, number: int) -> Labels:
    """Deal folds out anew in each round; every class has to be in all of them but one."""
    groups = [split.groups[photo.sha256] for photo in split.learning]
    folds = deal_folds(labels, groups, recipe.train.folds, recipe.train.seed + number)
    lost = lost_classes([photo.label for photo in split.learning], recipe.labels, folds)
    if lost:
        raise RecognizerError(
            f"The photos of “{lost[0]}” are too few, or too alike, for {recipe.train.folds} folds; collect more "
            f"({recipe.command('collect')})."
        )
    return folds
