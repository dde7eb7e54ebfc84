"""How a stage tells how far it is, without knowing who listens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Watch = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is in all."""


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


def unwatched(what: str, done: int, total: int) -> None:
    """Listen to nothing."""


def unwatched_classes(classes: Sequence[ClassProgress]) -> None:
    """Listen to nothing."""
