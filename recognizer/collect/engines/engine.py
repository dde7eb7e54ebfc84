"""What a search engine is to the collector: it gives pages of hits for a query."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from recognizer.errors import RecipeError
from recognizer.recipe import PhotoClass
from recognizer.store.rows import Hit


class Engine(ABC):
    """A source of hits. One search at a time is asked of an engine, from any thread.

    Attributes:
        name: what recipes call it.
        host_limits: hosts of its pictures that want fewer downloads at once than others, and how many.
        tells_licence: whether its hits come with a licence.
        good_for: seconds; a query which had no more hits is asked again by a run that begins later than that. With 0,
            every run asks from the first page on.
    """

    name: ClassVar[str]
    host_limits: ClassVar[dict[str, int]] = {}
    tells_licence: ClassVar[bool] = False
    good_for: ClassVar[float] = math.inf

    def queries(self, photo_class: PhotoClass) -> list[str]:
        """Return the words to search for to find photos of a class.

        Args:
            photo_class: the class, as the recipe has it.
        """
        return list(photo_class.queries)

    def check(self, classes: Sequence[PhotoClass], work: Path) -> None:
        """Look, before anything is changed, whether this engine can serve.

        Args:
            classes: that photos are wanted of.
            work: the work folder that they go to.

        Raises:
            RecognizerError: it cannot; most engines need words to search for.
        """
        wordless = next((photo_class.name for photo_class in classes if not self.queries(photo_class)), None)
        if wordless is not None:
            raise RecipeError(
                f"The engine {self.name} needs words to search for, and “{wordless}” has no queries: write in the "
                f'recipe, under its name, queries = ["{wordless}"], or take photos of your own with --folder DIR.'
            )

    @abstractmethod
    def search(self, query: str, page: int) -> list[Hit]:
        """Return one page of hits.

        Args:
            query: the words to search for.
            page: the page, counted from 1.

        Returns:
            The hits in the engine's order; an empty list when there are no more.

        Raises:
            EngineRefused: the engine refused or did not answer.
        """


@runtime_checkable
class Reader(Protocol):
    """An engine that also holds the pictures, under addresses of its own."""

    def read(self, address: str) -> bytes:
        """Return the bytes of the picture at an address that this engine gave.

        Args:
            address: the `image` of a hit.
        """
        ...


def text(value: object) -> str:
    """Make a text of what an answer holds: "" of what is none, and no half characters, which no file can hold.

    Args:
        value: a part of an answer.
    """
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
