"""Asks the engines for pages of hits: in the recipe's order, and the next one where one refuses or has no more."""

import asyncio

from recognizer.collect.engines.engine import Engine
from recognizer.errors import EngineRefused
from recognizer.recipe import PhotoClass
from recognizer.store.photo_store import PhotoStore


class Searches:
    """The engines of a run.

    Args:
        engines: name to engine, in the order in which they are asked.
        store: where the hits go.

    Attributes:
        refused: name of each engine that refused, and what it said; it is skipped for the rest of the run.
    """

    def __init__(self, engines: dict[str, Engine], store: PhotoStore) -> None:
        self.engines = engines
        self.refused: dict[str, str] = {}
        self._store = store
        self._turns = {name: asyncio.Lock() for name in engines}  # one search at a time an engine

    async def more(self, photo_class: PhotoClass) -> bool:
        """Store one more page of hits of a class; False where no engine has one.

        Args:
            photo_class: the class; its query with the fewest pages so far is searched for.
        """
        for name in self.engines:
            async with self._turns[name]:
                if name not in self.refused and await self._ask(name, photo_class):
                    return True
        return False

    async def _ask(self, name: str, photo_class: PhotoClass) -> bool:
        asked = self._next(name, photo_class)
        if asked is None:
            return False
        query, page = asked
        try:
            hits = await asyncio.to_thread(self.engines[name].search, query, page)
        except EngineRefused as refusal:  # skipped for the rest of the run
            self.refused[name] = str(refusal)
            return False
        self._store.hits.add_page(name, query, photo_class.name, page, hits)
        return True

    def _next(self, name: str, photo_class: PhotoClass) -> tuple[str, int] | None:
        """Choose the query with the fewest pages so far: what is asked follows from what is stored."""
        queries = self.engines[name].queries(photo_class)
        pages = {query: self._store.hits.next_page(name, query, photo_class.name) for query in queries}
        return min(
            ((query, page) for query, page in pages.items() if page is not None),
            key=lambda asked: asked[1],
            default=None,
        )

    def has_more(self, name: str, photo_class: PhotoClass) -> bool:
        """Tell whether an engine has pages of a class that were not asked for.

        Args:
            name: of the engine.
            photo_class: the class.
        """
        return self._next(name, photo_class) is not None
