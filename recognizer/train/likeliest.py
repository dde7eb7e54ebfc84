"""What a photo is learned as: its label, or a class that cleaning takes for likelier (a pseudo-label).

    learned = as_likeliest(split.training, recipe.labels)     # under that class, by how likely it is
    labelled = under_own_label(recipe, split)                 # the photos that are learned as their label

The label stays what it is everywhere else: networks are judged and calibrated by labels. docs/experiments.md says what
it gains.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recognizer.calibration.calibrate import Labels
from recognizer.recipe import Recipe
from recognizer.splits.split import Split
from recognizer.store.rows import Photo


def learned_from(recipe: Recipe, split: Split) -> list[Photo]:
    """Return the photos that a network learns from; on cached layers, those of validation are among them."""
    return split.learning if recipe.train.in_two else split.training


def as_likeliest(photos: Sequence[Photo], labels: Sequence[str]) -> list[Photo]:
    """Return photos under the class that each is learned as, with how likely that one is in place of label quality.

    A class most of whose photos look like others keeps them all: more likely, features do not tell that class.

    Args:
        photos: that are learned from.
        labels: the classes, in order; a likelier one may be none of them any more.
    """
    listed = Counter(photo.label for photo in photos)
    doubted = Counter(photo.label for photo in photos if photo.likelier in labels)
    return [
        replace(photo, label=photo.likelier, label_quality=photo.likelier_quality)
        if photo.likelier in labels and doubted[photo.label] <= listed[photo.label] / 2
        else photo
        for photo in photos
    ]


def as_likeliest_in_folds(photos: Sequence[Photo], labels: Sequence[str], folds: Labels) -> list[Photo]:
    """Return what `as_likeliest` does, but a class of which the others would teach a fold nothing keeps its photos.

    Args:
        photos: that are learned from, n of them.
        labels: the classes, in order.
        folds: the number of each one's fold, (n,); as labelled, every class is in several.
    """
    learned = as_likeliest(photos, labels)
    while lost := lost_classes([photo.label for photo in learned], labels, folds):
        learned = [photo if photo.label in lost else one for photo, one in zip(photos, learned, strict=True)]
    return learned


def lost_classes(names: Sequence[str], labels: Sequence[str], folds: Labels) -> list[str]:
    """Return the classes that all photos outside of some fold are without.

    Args:
        names: the class of each photo, n of them.
        labels: the classes, in order.
        folds: the number of each one's fold, (n,).
    """
    left = [{name for name, one in zip(names, folds, strict=True) if one != fold} for fold in np.unique(folds)]
    return [label for label in labels if any(label not in names for names in left)]


def under_own_label(recipe: Recipe, split: Split) -> list[Photo]:
    """Return the photos that are learned as their label."""
    photos = learned_from(recipe, split)
    pairs = zip(photos, as_likeliest(photos, recipe.labels), strict=True)
    return [photo for photo, one in pairs if photo.label == one.label]
