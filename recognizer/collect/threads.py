"""Threads that nobody waits for once a run is stopped: neither a decoder nor a search can be told to end.

    await in_thread(lambda: engine.search("kilim", 1))
    with Decoders(2) as decoders:
        await decoders.run(lambda: prepare_photo(data), lambda photo: photos.add(7, photo))

They are daemons, so that a program which ends does not wait for them as it does for those of a `ThreadPoolExecutor`.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do work on a thread of its own and return what it gives; who is cancelled does not wait for it.

    Args:
        work: what to do; what it raises is raised here.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def do() -> None:
        try:
            tell = partial(_give, result, work())
        except BaseException as error:
            tell = partial(_fail, result, error)
        with suppress(RuntimeError):  # the loop is closed: the run was stopped
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=do, daemon=True).start()
    return await result


def _give(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[T], error: BaseException) -> None:
    if not result.done():
        result.set_exception(error)


class Decoders:
    """Decodes and stores, so many at once; after its end nothing is stored any more, however long decoding takes.

    Args:
        most: at once.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._storing = threading.Lock()
        self._ended = False

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *_: object) -> None:
        with self._storing:
            self._ended = True

    async def run(self, decode: Callable[[], T], store: Callable[[T], None]) -> None:
        """Decode, then store what that gave.

        Args:
            decode: takes as long as it takes.
            store: is quick.
        """

        def work() -> None:
            decoded = decode()
            with self._storing:
                if not self._ended:
                    store(decoded)

        async with self._free:
            await in_thread(work)
