"""fastai's ImageClassifierCleaner on the photos of a store, and its choices as decisions of the same store.

    cleaner = make_cleaner(learner, recipe, split)      # shown by a notebook; a person chooses
    for decision in decisions_of(cleaner, split.learning, by="ann"):
        store.decisions.add(decision)                          # before another class or part is shown

The widget forgets its choices as soon as another class or part is shown; what is decided stays, and can be undone.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import IndexSplitter
from fastai.learner import Learner
from fastai.vision.augment import Resize, ResizeMethod
from fastai.vision.data import ImageBlock
from fastai.vision.widgets import ImageClassifierCleaner

from recognizer.recipe import Recipe
from recognizer.splits.split import Split
from recognizer.store.rows import Decision, Photo

REASON = "chosen in a notebook"


def make_cleaner(learner: Learner, recipe: Recipe, split: Split, **shown: Any) -> ImageClassifierCleaner:
    """Return the widget, with the photos of each class that the network finds hardest in front.

    Args:
        learner: as `make_learner` returns it; from now on its photos are these.
        recipe: the recipe.
        split: of the kept photos; `Train` in the widget are the training ones, `Valid` the validation ones.
        shown: passed on to fastai, such as `max_n`, the number of photos at a time.
    """
    data = _data(recipe, split)
    data.add_tfms([t for t in learner.dls.after_batch.fs if type(t).__name__ == "Normalize"], "after_batch")
    learner.dls = data
    with learner.no_bar():
        return ImageClassifierCleaner(learner, **shown)


def decisions_of(cleaner: ImageClassifierCleaner, photos: Sequence[Photo], by: str) -> list[Decision]:
    """Return what a person has chosen for the photos that the widget shows; those left at <Keep> are not decided.

    Args:
        cleaner: the widget.
        photos: at least all that it shows.
        by: the person's name.
    """
    names = {photo.path: photo.sha256 for photo in photos}
    shown = [names[Path(file)] for file in cleaner.fns]
    dropped = [Decision(shown[place], "drop", REASON, by=by) for place in cleaner.delete()]
    moved = [Decision(shown[place], "relabel", REASON, label, by) for place, label in cleaner.change()]
    return dropped + moved


def _data(recipe: Recipe, split: Split) -> DataLoaders:
    """Build loaders whose items are files, which is what the widget opens."""
    labels = {photo.path: photo.label for photo in split.learning}
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=recipe.labels, sort=False)),
        get_y=lambda file: labels[file],
        splitter=IndexSplitter(list(range(len(split.training), len(labels)))),
        item_tfms=Resize(recipe.train.size, method=ResizeMethod.Squish),
    )
    return block.dataloaders(list(labels), bs=recipe.train.batch, num_workers=0)
