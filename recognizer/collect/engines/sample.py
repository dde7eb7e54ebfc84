"""The sample: pictures that this program draws, where there is no internet."""

from collections.abc import Sequence
from pathlib import Path

from recognizer.collect.engines.engine import Engine
from recognizer.recipe import PhotoClass
from recognizer.sample import pictures
from recognizer.store.rows import Hit


class SampleEngine(Engine):
    """An engine whose pictures are drawn when they are fetched; 20 hits a page.

    Args:
        alone: whether no other engine is asked, so that each class needs a pattern that is drawn.
    """

    name = "sample"

    def __init__(self, alone: bool = False) -> None:
        self._alone = alone

    def check(self, classes: Sequence[PhotoClass], work: Path) -> None:
        """See that each class has words to search for; where no other engine is asked, also that one is drawn.

        Args:
            classes: that pictures are wanted of.
            work: the work folder.

        Raises:
            RecipeError: a class has no such words.
        """
        super().check(classes, work)
        if self._alone:
            pictures.check_drawn({photo_class.name: self.queries(photo_class) for photo_class in classes})

    def search(self, query: str, page: int) -> list[Hit]:
        """Return one page of hits; see `pictures.search`."""
        return pictures.search(query, page)

    def read(self, address: str) -> bytes:
        """Draw the file at an address; see `pictures.read`."""
        return pictures.read(address)
