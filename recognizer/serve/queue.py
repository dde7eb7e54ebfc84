"""Photos of programs wait here for a free processor; how many may wait is bounded, and whoever goes frees the place.

queue = Queue(classifier)
explanation = await queue.explain(photo, gone)
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from recognizer.networks.onnx_session import usable_processors

MOST_WAITING = 64  # photos; further ones are refused
MOST_BYTES = 200_000_000  # of all of them, in memory
LOOKED_EVERY = 0.25  # seconds, for who has gone
ASK_AGAIN = 2  # seconds


class Full(Exception):
    """As many photos wait as may; the message is one sentence for a person.

    Args:
        seconds: until it makes sense to ask again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many photos are here at this moment; try again in {seconds} seconds.")
        self.seconds = seconds


class Gone(Exception):
    """Whoever asked has left before the turn came."""


class Explains(Protocol):
    """What answers: a classifier."""

    def explain(self, data: bytes) -> Any:
        """Return what is said of a photo."""
        ...


class Queue:
    """A bounded queue before a classifier, for one event loop.

    Args:
        classifier: answers.
        most: photos that wait or are being compared; one more is refused.
    """

    def __init__(self, classifier: Explains, most: int = MOST_WAITING) -> None:
        self._classifier = classifier
        self._most = most
        self._inside = 0
        self._bytes = 0
        workers = usable_processors()
        self._turn = asyncio.Semaphore(workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="predict")

    async def explain(self, photo: bytes, gone: Callable[[], Awaitable[bool]]) -> Any:
        """Return the prediction for a photo, with its evidence, when its turn has come.

        Args:
            photo: the bytes of a picture file.
            gone: tells whether the one who asked has left.

        Raises:
            Full: too many wait.
            Gone: nobody waits for this one any more.
            PictureError: it is no picture.
        """
        if self.full or self._bytes + len(photo) > MOST_BYTES:
            raise Full(ASK_AGAIN)
        self._inside += 1
        self._bytes += len(photo)
        try:
            await self._wait(gone)
            return await self._run(photo)
        finally:
            self._inside -= 1
            self._bytes -= len(photo)

    @property
    def full(self) -> bool:
        """Whether no further photo is taken."""
        return self._inside >= self._most

    async def _run(self, photo: bytes) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._classifier.explain, photo)
        finally:
            self._turn.release()

    async def _wait(self, gone: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a turn, and look now and then whether anybody still waits for the answer."""
        turn = asyncio.ensure_future(self._turn.acquire())
        try:
            while not turn.done():
                await asyncio.wait([turn], timeout=LOOKED_EVERY)
                if not turn.done() and await gone():
                    raise Gone
        except BaseException:
            if not turn.cancel():  # it had come already
                self._turn.release()
            raise
