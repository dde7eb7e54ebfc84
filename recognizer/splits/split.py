"""Which kept photos are for training, which for validation, and which are held out to evaluate on.

A photo is held out if its own fingerprint says so, whatever other photos there are: once held out, always held out.
What belongs together with a held-out photo, a copy of it or a photo of the same page, is not trained with: it is set
aside. So a photo that is added later can set others aside, but it moves none into the held-out part or out of it.
That a person drops a held-out photo brings nothing back: it may be in the blind sample (blind.py), which is measured.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe
from recognizer.splits.groups import group_photos, is_held_out, tested_groups
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Issue, Photo

VALIDATION = 0.1  # share of the training groups that progress is measured on
FEW = 5  # held-out photos of a class; fewer tell nothing about it
Side = Literal["training", "held_out", "aside"]
Labels = npt.NDArray[np.int_]

# It warns of classes with fewer photos than folds, which are not in each fold then; reports tell how many each has.
warnings.filterwarnings("ignore", message="The least populated class", module="sklearn")


@dataclass(frozen=True)
class Split:
    """The kept photos, by what they are used for.

    Args:
        training: to learn from.
        validation: to measure the progress of learning on; part of what is not held out.
        held_out: to evaluate on.
        aside: not used, since something like them is held out.
        groups: sha256 of a photo to the name of its group.
        missing: how many kept photos have no file any more; they are in none of the others.
    """

    training: list[Photo]
    validation: list[Photo]
    held_out: list[Photo]
    aside: list[Photo]
    groups: dict[str, str]
    missing: int = 0

    @property
    def learning(self) -> list[Photo]:
        """All photos that are not held out or set aside."""
        return [*self.training, *self.validation]


def split_kept(recipe: Recipe, store: PhotoStore) -> Split:
    """Split the kept photos of the recipe's classes; copies and photos of one page stay together.

    Args:
        recipe: the recipe; photos under labels that are not its classes any more are left out.
        store: the photo store.
    """
    stored = store.photos.all()
    wanted = [photo for photo in store.photos.kept() if photo.label in recipe.labels]
    kept = [photo for photo in wanted if photo.path.is_file()]
    names = group_together(stored, store.issues.all())
    group = {photo.sha256: name for photo, name in zip(stored, names, strict=True)}
    split = Split([], [], [], [], group, len(wanted) - len(kept))
    dropped, share = store.decisions.dropped_by_rules(), recipe.train.held_out
    counted = [photo for photo in stored if photo.sha256 not in dropped and _is_of(recipe, photo)]
    tested = tested_groups(counted, [group[photo.sha256] for photo in counted], share)
    sides = take_sides(kept, [group[photo.sha256] for photo in kept], share, tested)
    for photo, side in zip(kept, sides, strict=True):
        validates = side == "training" and _validates(group[photo.sha256])
        getattr(split, "validation" if validates else side).append(photo)
    return split


def _is_of(recipe: Recipe, photo: Photo) -> bool:
    """Tell whether a photo is of the recipe's classes, or was found as one."""
    return bool({photo.label, photo.found_as} & set(recipe.labels))


def as_learned(split: Split, learned: Collection[str]) -> Split:
    """Return a split as a network has it: to learn from, only what it learned from; held out, nothing that is like it.

    The photos may have changed since it was trained: a copy that cleaning has found since, or a page that photos share.

    Args:
        split: of the photos as they are now.
        learned: the sha256 of the photos that the network learned from.
    """
    names, taught = set(learned), taught_groups(split, learned)
    return replace(
        split,
        training=[photo for photo in split.training if photo.sha256 in names],
        validation=[photo for photo in split.validation if photo.sha256 in names],
        held_out=[photo for photo in split.held_out if split.groups[photo.sha256] not in taught],
    )


def taught_groups(split: Split, learned: Collection[str]) -> set[str]:
    """Return the names of the groups that a network knows something of.

    Args:
        split: of the photos as they are now.
        learned: the sha256 of the photos that the network learned from.
    """
    return {split.groups[name] for name in learned if name in split.groups}


def few_held_out(recipe: Recipe, split: Split) -> dict[str, int]:
    """Return the classes of which fewer than `FEW` photos are held out, with how many are.

    Args:
        recipe: the recipe.
        split: of the kept photos.
    """
    counts = Counter(photo.label for photo in split.held_out)
    return {label: counts[label] for label in recipe.labels if counts[label] < FEW}


def group_together(photos: Sequence[Photo], issues: Iterable[Issue]) -> list[str]:
    """Name the group of each photo: copies, and photos of one page, share it.

    Args:
        photos: all photos of the store, n of them, in its order.
        issues: all issues; those with a twin bind two photos together.

    Returns:
        For each photo the sha256 of the first photo of its group, n of them.
    """
    first: dict[str, str] = {}
    pages = [
        Issue(photo.sha256, "page", 0.0, twin=first.setdefault(photo.page, photo.sha256))
        for photo in photos
        if photo.page
    ]
    return group_photos(photos, [*issues, *pages])


def take_sides(
    photos: Sequence[Photo], groups: Sequence[str], share: float, tested: Collection[str] = ()
) -> list[Side]:
    """Say for each photo whether it is for training, held out, or set aside.

    Args:
        photos: n photos.
        groups: the group of each.
        share: of the photos, held out.
        tested: groups of other photos that are held out.
    """
    apart = {*tested, *tested_groups(photos, groups, share)}
    return [
        "held_out" if is_held_out(photo.sha256, share) else "aside" if group in apart else "training"
        for photo, group in zip(photos, groups, strict=True)
    ]


def deal_folds(labels: Labels, groups: Sequence[str], folds: int, seed: int) -> Labels:
    """Deal photos out into folds of like classes; a group is never in two folds.

    Args:
        labels: the number of each photo's class, (n,).
        groups: the group of each, n of them.
        folds: how many, at most; no more than the largest class has photos, or than there are groups; at least two.
        seed: of the dealing.

    Returns:
        The number of each photo's fold, (n,).

    Raises:
        RecognizerError: no two photos are of one class.
    """
    most = np.bincount(labels).max()
    if most < 2:
        raise RecognizerError(
            f"{len(labels)} photos are too few to train with, since no two of them are alike in what is learned first; "
            "bring more photos and run recognizer collect again."
        )
    dealt = np.zeros(len(labels), dtype=int)
    dealer = StratifiedGroupKFold(max(2, min(folds, most, len(set(groups)))), shuffle=True, random_state=seed)
    for number, (_, chosen) in enumerate(dealer.split(labels, labels, groups)):
        dealt[chosen] = number
    return dealt


def _validates(group: str) -> bool:
    # A hash of the name, since fingerprints themselves have already decided what is held out.
    return is_held_out(hashlib.sha256(group.encode()).hexdigest(), VALIDATION)
