"""What a search engine is to the collector: it gives pages of hits for a query."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Hit:
    """One search result.

    Args:
        image: address of the picture.
        page: address of the page that it stands on.
        title: the title that the engine gives.
        licence: the licence, where the engine tells it.
        author: the author, where the engine tells it.
    """

    image: str
    page: str = ""
    title: str = ""
    licence: str = ""
    author: str = ""


class Engine(Protocol):
    """A source of hits."""

    name: str

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
        ...


@runtime_checkable
class Reader(Protocol):
    """An engine that also holds the pictures, under addresses of its own."""

    def read(self, address: str) -> bytes:
        """Return the bytes of the picture at an address that this engine gave."""
        ...
