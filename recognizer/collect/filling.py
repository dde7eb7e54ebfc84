"""Fills one class: takes its hits in the order of the search and makes photos of them, until it has its number.

Which photos a class ends with depends on what the web has, and neither on timing nor on stops and restarts:

- Hits are taken strictly in their order, and as many are under way at once as the class lacks photos, at most. So
  the hits taken are exactly those up to the one that made the number full.
- A further page is asked for only when the class would lack photos even if all that is under way became photos, and
  where it matters which of them do (pages without one photo end a query), only when they are done with.
- The same bytes belong to the earliest class and hit. A class that loses a photo to an earlier class goes on.
- What a class lacks is counted in usable photos: of those with the same perceptual hash one counts.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from recognizer.collect.searches import Searches
from recognizer.recipe import PhotoClass
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import WaitingHit

UNDER_WAY = 100  # hits of one class at once, most of which wait for their host
PORTION = 100  # hits taken from the store at once

Settle = Callable[[WaitingHit], Awaitable[None]]


class Filling:
    """The filling of one class.

    Args:
        photo_class: the class.
        wanted: usable photos that it shall have.
        store: where its hits and photos are.
        searches: where more hits come from; hits of other engines go on waiting.
        settle: makes a hit a photo, or records why it cannot be one.
    """

    def __init__(
        self, photo_class: PhotoClass, wanted: int, store: PhotoStore, searches: Searches, settle: Settle
    ) -> None:
        self.photo_class = photo_class
        self._wanted = wanted
        self._store = store
        self._searches = searches
        self._settle = settle
        self._taken: deque[WaitingHit] = deque()
        self._last = 0  # number of the last hit that was taken from the store: each is taken once a run
        self._under_way: set[int] = set()
        self._settled = asyncio.Event()
        self._at_most = wanted  # usable photos that there are, at most: those counted last, and all hits settled since

    def _lacks_more(self) -> bool:
        """Tell whether usable photos would be lacking even if all that is under way became photos.

        Counting reads all photos of the class, so it is done again only where the number could be full.
        """
        if self._wanted - self._at_most <= len(self._under_way):
            self._at_most = self._store.photos.usable(self.photo_class.name)
        return self._wanted - self._at_most > len(self._under_way)

    async def fill(self, tasks: asyncio.TaskGroup) -> bool:
        """Take hits until the class is full or none are left.

        Args:
            tasks: where the hits are fetched, each as a task.

        Returns:
            Whether any were taken.
        """
        taken = False
        while hit := await self._next():
            taken = True
            self._under_way.add(hit.id)
            tasks.create_task(self._bring_home(hit))
        return taken

    async def _bring_home(self, hit: WaitingHit) -> None:
        await self._settle(hit)
        self._under_way.discard(hit.id)
        self._at_most += 1
        self._settled.set()

    async def _next(self) -> WaitingHit | None:
        """Wait until another hit may be under way and return it; None when all is done."""
        while True:
            if len(self._under_way) < UNDER_WAY and self._lacks_more() and (hit := await self._take()):
                return hit
            if not self._under_way:
                return None
            self._settled.clear()
            await self._settled.wait()

    async def _take(self) -> WaitingHit | None:
        """Return the next hit; None where there is none, or none before more of those under way are done with."""
        while not self._taken:
            self._taken.extend(self._portion())
            if not self._taken:
                if self._under_way and self._searches.is_in_doubt(self.photo_class):
                    return None
                if not await self._searches.more(self.photo_class):
                    return None
        return self._taken.popleft()

    def _portion(self) -> list[WaitingHit]:
        """Take hits from the store, those first that failed in an earlier run and may be there today."""
        found = self._store.hits.to_fetch(self.photo_class.name, PORTION, self._searches.engines, self._last)
        self._last = found[-1].id if found else self._last
        return found
