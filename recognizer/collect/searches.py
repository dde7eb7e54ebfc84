"""Asks the engines for pages of hits: in the recipe's order, and the next one where one refuses or has no more."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from recognizer.collect.engines.engine import Engine
from recognizer.collect.engines.web_engine import WebEngine
from recognizer.collect.threads import in_thread
from recognizer.errors import EngineRefused
from recognizer.recipe import PhotoClass
from recognizer.store.pages import Asked
from recognizer.store.photo_store import PhotoStore

# What engines on the web are kept to: some go on for ever with the same page, with copies, or with dead links.
MOST_HITS = 500  # of a page; the rest is cut off
MOST_PAGES = 200  # of a query
USELESS = 5  # pages in a row without one photo, which end a query
MOMENT = 0.05  # seconds

Key = tuple[str, str, str]  # engine, query and class


class Searches:
    """The engines of a run.

    Args:
        engines: name to engine, in the order in which they are asked.
        store: where the hits go.
        again: whether what has no more hits is asked again, however short ago it was asked.

    Attributes:
        refused: name of each engine that refused, and what it said; it is skipped for the rest of the run.
    """

    def __init__(self, engines: dict[str, Engine], store: PhotoStore, again: bool = False) -> None:
        self.engines = engines
        self.refused: dict[str, str] = {}
        self._web = {name: engine for name, engine in engines.items() if isinstance(engine, WebEngine)}
        self._hits = store.hits
        self._again = again
        self._due: dict[Key, bool] = {}  # whether a query is to be asked from its first page again
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
            hits = await in_thread(partial(self.engines[name].search, query, page))
        except EngineRefused as refusal:  # skipped for the rest of the run
            self.refused[name] = str(refusal)
            return False
        self._hits.add_page(name, query, photo_class.name, page, hits[:MOST_HITS])
        self._due[name, query, photo_class.name] = False
        return True

    def _next(self, name: str, photo_class: PhotoClass) -> tuple[str, int] | None:
        """Choose the query with the fewest pages so far: what is asked follows from what is stored."""
        pages = {key[1]: self._page(key) for key in self._keys(name, photo_class)}
        return min(
            ((query, page) for query, page in pages.items() if page is not None),
            key=lambda asked: asked[1],
            default=None,
        )

    def _keys(self, name: str, photo_class: PhotoClass) -> list[Key]:
        return [(name, query, photo_class.name) for query in self.engines[name].queries(photo_class)]

    def _page(self, key: Key) -> int | None:
        """Return the page of a query to ask for, or None where it has no more."""
        asked = self._hits.pages.asked(*key)
        if asked is None:
            return 1
        has_more = self._goes_on(key, asked) and not self._is_useless(key)
        if key not in self._due:  # decided once a run, before anything is asked
            self._due[key] = self._is_due(key[0], asked, has_more)
        if self._due[key]:
            return 1
        return asked.page + 1 if has_more else None

    def _goes_on(self, key: Key, asked: Asked) -> bool:
        """Tell whether a query may have more, by its last page alone."""
        if key[0] not in self._web:
            return asked.found > 0
        repeats = not asked.fresh and asked.page == asked.furthest  # an earlier round's pages are known, of course
        return asked.found > 0 and not repeats and asked.page < MOST_PAGES

    def _is_useless(self, key: Key) -> bool:
        return key[0] in self._web and self._hits.pages.are_useless(*key, most=USELESS)

    def _is_due(self, name: str, asked: Asked, has_more: bool) -> bool:
        """Tell whether a query is to be asked from its first page again; what may change any time is in every run."""
        good_for = self.engines[name].good_for
        age = datetime.now(UTC) - datetime.fromisoformat(asked.at)
        return not good_for or (not has_more and (self._again or age.total_seconds() >= good_for))

    def is_in_doubt(self, photo_class: PhotoClass) -> bool:
        """Tell whether what to ask next still depends on photos that are under way.

        Args:
            photo_class: the class.
        """
        return any(self._is_useless(key) for name in self._web for key in self._keys(name, photo_class))

    def has_more(self, name: str, photo_class: PhotoClass) -> bool:
        """Tell whether an engine has pages of a class that were not asked for.

        Args:
            name: of the engine.
            photo_class: the class.
        """
        return self._next(name, photo_class) is not None

    # Whether the web is there

    async def reach(self, photo_class: PhotoClass) -> bool:
        """Tell whether an engine of the web answers, by asking each until one does; what it answers is not stored.

        Args:
            photo_class: the class to search for.

        Returns:
            Whether one answered in this run; also True where none could be asked.
        """
        for name, engine in self._web.items():
            if name not in self.refused:
                await self._ask_whether_there(name, engine, engine.queries(photo_class)[0])
        return self.has_answer() or not self.are_silent()

    async def _ask_whether_there(self, name: str, engine: WebEngine, query: str) -> None:
        """Ask an engine once; where a search is under way, the first thing that becomes of it says as much."""
        while engine.answered is None and self._turns[name].locked():
            await asyncio.sleep(MOMENT)
        if engine.answered is None and not self.has_answer():
            async with self._turns[name]:
                await in_thread(partial(engine.is_there, query))

    def has_answer(self) -> bool:
        """Tell whether an engine of the web has answered in this run."""
        return any(engine.answered for engine in self._web.values())

    def are_silent(self) -> bool:
        """Tell whether engines of the web were asked in this run and none has answered."""
        return not self.has_answer() and any(engine.answered is False for engine in self._web.values())

    def has_local(self) -> bool:
        """Tell whether an engine has photos of this machine."""
        return len(self._web) < len(self.engines)

    def titles(self) -> list[str]:
        """Return what the engines of the web are called."""
        return [engine.title for engine in self._web.values()]

    def refuse_web(self, sentence: str) -> None:
        """Skip the engines of the web for the rest of the run.

        Args:
            sentence: that says why.
        """
        self.refused |= dict.fromkeys(self._web, sentence)
