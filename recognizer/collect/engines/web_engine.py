"""What engines on the web share: what refuses is asked again with patience, and then it is a refusal."""

import itertools
import math
import textwrap
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from recognizer.collect.engines.engine import Engine
from recognizer.collect.http.retries import Patience, retry_after
from recognizer.errors import EngineRefused
from recognizer.store.rows import Hit

TIMEOUT = 20.0  # seconds that an engine may be silent
# Statuses that may be different in a moment. DuckDuckGo answers 202 and 403 to those who ask too fast.
BUSY = frozenset({202, 403, 408, 429, 500, 502, 503, 504})
UNHEARD = 2  # tries of an engine that was silent in all of a run: there may be no network, which is said at once then
MINUTE, DAY = 60, 86_400


class Refusal(Exception):
    """One request that gave no page of hits.

    Args:
        why: what happened, in a few words.
        again: whether asking again may help.
        asked: seconds that the engine wants to be left alone.
        status: of the answer, where there was one.
        silent: whether nobody answered.
    """

    def __init__(
        self, why: str, again: bool = False, asked: float | None = None, status: int = 0, silent: bool = False
    ) -> None:
        super().__init__(textwrap.shorten(why, 200, placeholder=" …"))
        self.again = again
        self.asked = asked
        self.status = status
        self.silent = silent

    @classmethod
    def by_status(cls, status: int, headers: Mapping[str, str]) -> "Refusal":
        """Make a refusal of an answer whose status is not 200.

        Args:
            status: of the answer.
            headers: of the answer; `Retry-After` counts.
        """
        return cls(f"status {status}", status in BUSY, retry_after(headers), status)


class WebEngine(Engine):
    """An engine on the web.

    Args:
        patience: how often a page is asked for, and how long waits may be.

    Attributes:
        title: what people call it.
        answered: whether it has answered, be it with a refusal; None while it was not asked.
    """

    title: ClassVar[str]
    good_for = DAY

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self.answered: bool | None = None

    def search(self, query: str, page: int) -> list[Hit]:
        """Return a page of hits; see `Engine.search`."""
        for failed in itertools.count(1):
            try:
                return self._ask_once(query, page)
            except Refusal as refusal:
                is_last = not self.answered and failed == UNHEARD
                if is_last or not (refusal.again and self._patience.wait(failed, refusal.asked)):
                    raise EngineRefused(self._sentence(query, refusal)) from refusal
        raise AssertionError("patience ends")

    def is_there(self, query: str) -> bool:
        """Tell whether this engine answers, by asking it once.

        Args:
            query: the words to search for.
        """
        with suppress(Refusal, EngineRefused):
            self._ask_once(query, 1)
        return bool(self.answered)

    def _ask_once(self, query: str, page: int) -> list[Hit]:
        try:
            hits = self._page(query, page)
        except Refusal as refusal:
            self.answered = self.answered or not refusal.silent
            raise
        self.answered = True
        return hits

    @abstractmethod
    def _page(self, query: str, page: int) -> list[Hit]:
        """Ask once for a page of hits; raise `Refusal` where none comes."""

    def _sentence(self, query: str, refusal: Refusal) -> str:
        wait = "some" if refusal.asked is None else str(math.ceil(min(refusal.asked, DAY) / MINUTE))
        return (
            f"{self.title} would not answer for “{query}” ({refusal}). What was found so far is kept: "
            f"wait {wait} minutes and run the same command again."
        )
