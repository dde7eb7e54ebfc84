"""Tells a photo that cannot be had from a network that is not there.

Until anybody has answered in a run, failures are held back. Once many have come and no search engine answers either,
there is no network: the run ends, and what was held back is as it was before.
"""

import asyncio

from recognizer.collect.searches import Searches
from recognizer.errors import RecognizerError
from recognizer.recipe import PhotoClass
from recognizer.store.hits import Hits
from recognizer.store.rows import WaitingHit

MOST_HELD = 20  # failures of silent hosts, after which the engines are asked
SILENT = {"unknown_host", "connection_failed", "connection_reset", "timeout"}  # reasons when nobody answered
UNASKED = {"bad_address", "forbidden_address"}  # when nobody was asked


class NoNetwork(RecognizerError):
    """Nobody on the network answers."""


class Network:
    """What a run knows about the network.

    Args:
        hits: of the store.
        searches: the engines of the run.
        photo_class: whose photos the engines are asked for, to see whether they answer.
    """

    def __init__(self, hits: Hits, searches: Searches, photo_class: PhotoClass) -> None:
        self._hits = hits
        self._searches = searches
        self._class = photo_class
        self._held: list[tuple[int, str]] = []
        self._silent = 0
        self._answered = False
        self._checking = asyncio.Lock()
        self.is_down = False

    def heard(self) -> None:
        """Note that somebody answered; failures count from now on, and so do those that were held back."""
        self._answered = True
        for hit, reason in self._held:
            self._hits.fail(hit, reason)
        self._held.clear()

    async def fail(self, hit: WaitingHit, reason: str) -> None:
        """Record why a hit of the web did not become a photo, once it is known that there is a network.

        Args:
            hit: the hit.
            reason: one of the fixed words.

        Raises:
            NoNetwork: as `check`.
        """
        self._held.append((hit.id, reason))
        self._silent += reason in SILENT
        if self._answered or self._searches.has_answer() or reason not in SILENT | UNASKED:
            self.heard()
        elif self._silent >= MOST_HELD:
            await self.check()

    async def check(self) -> None:
        """Decide whether there is a network, if anything speaks against it; at the end of a run, too.

        Raises:
            NoNetwork: neither a host of a photo nor a search engine answered in this run. Where the run has photos of
                this machine too, the engines of the web are noted as refused instead, and `is_down` is set.
        """
        async with self._checking:
            if self.is_down:
                return
            in_vain = self._silent or self._searches.are_silent()
            if self._answered or not in_vain or await self._searches.reach(self._class):
                self.heard()
                return
            self._give_up()

    def _give_up(self) -> None:
        if not self._searches.has_local():
            raise NoNetwork(self._sentence("Nothing was changed: connect"))
        self._searches.refuse_web(self._sentence("Connect"))
        self._held.clear()
        self.is_down = True

    def _sentence(self, way_out: str) -> str:
        asked = [*self._searches.titles(), *([f"the hosts of {self._silent} photos"] if self._silent else [])]
        return (
            f"There seems to be no network: no answer came from {' or '.join(asked)}. {way_out} this "
            "machine, or set HTTPS_PROXY where a proxy leads out, and run the same command again."
        )
