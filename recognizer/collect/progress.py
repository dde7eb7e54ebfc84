"""How far the collecting of each class is, for whoever watches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore

ENDINGS = ("stored", "duplicate", "failed")  # statuses of hits that are done with


@dataclass(frozen=True)
class ClassProgress:
    """How far the collecting of one class is.

    Args:
        label: the class.
        found: hits so far.
        stored: photos so far.
        duplicate: hits that led to a photo which is there already.
        failed: hits that led to no photo.
        usable: different pictures among the photos.
        wanted: photos wanted.
    """

    label: str
    found: int
    stored: int
    duplicate: int
    failed: int
    usable: int
    wanted: int

    @property
    def settled(self) -> int:
        """Hits that are done with."""
        return self.stored + self.duplicate + self.failed


ClassWatch = Callable[[Sequence[ClassProgress]], None]
"""Called every moment, and at the end, with how far each class is."""


def unwatched_classes(classes: Sequence[ClassProgress]) -> None:
    """Listen to nothing."""


def class_progress(recipe: Recipe, store: PhotoStore) -> list[ClassProgress]:
    """Return how far each class is, in the recipe's order.

    Args:
        recipe: the recipe.
        store: its photo store.
    """
    tally = store.hits.tally("label")
    return [
        ClassProgress(
            label=label,
            found=tally[label].total(),
            **{ending: tally[label][ending] for ending in ENDINGS},
            usable=store.photos.usable(label),
            wanted=recipe.collect.photos,
        )
        for label in recipe.labels
    ]
