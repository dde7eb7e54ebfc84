"""The collect stage: search, fetch, check and store until every class has its number of photos.

    report = collect(load_recipe("textiles"), store)

Every class is filled by itself (`filling.py`), so that no slow search or host keeps the others waiting. A run that
was stopped and started again ends with the same photos as one that was not.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from recognizer.collect.engines.dataset import Dataset
from recognizer.collect.engines.engine import Engine, Reader
from recognizer.collect.engines.folder import Folder
from recognizer.collect.engines.make import make_engines
from recognizer.collect.examples import find_examples
from recognizer.collect.filling import Filling
from recognizer.collect.http.download import Downloader
from recognizer.collect.http.environment import check_environment
from recognizer.collect.http.errors import DownloadError
from recognizer.collect.http.retries import Patience
from recognizer.collect.moved import follow_moved
from recognizer.collect.network import Network
from recognizer.collect.progress import ClassWatch, class_progress, unwatched_classes
from recognizer.collect.readings import store_readings
from recognizer.collect.report import make_report
from recognizer.collect.searches import Searches
from recognizer.collect.threads import Decoders
from recognizer.errors import PictureError, RecognizerError
from recognizer.images.decode import Limits
from recognizer.images.prepare import prepare_photo
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import WaitingHit

MOST_DECODERS = 4  # each holds up to 0.5 GB for the largest pictures
WATCH_EVERY = 0.5  # seconds
LOCAL = {"folder", "dataset", "sample"}  # engines that need no network


def collect(
    recipe: Recipe,
    store: PhotoStore,
    watch: ClassWatch = unwatched_classes,
    patience: Patience | None = None,
    again: bool = False,
) -> dict[str, Any]:
    """Fill a photo store as a recipe says; what is there already is not fetched again.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told how far each class is.
        patience: with busy engines; `Patience()` by default.
        again: whether engines, and searches for examples, that had no more are asked again now, and not after a day.

    Returns:
        The report, as written to `reports/collect.json`; see `report.py`.

    Raises:
        WorkInUse: another run collects into this store.
        NoNetwork: nobody on the network answers; nothing was changed.
        RecognizerError: an engine cannot serve, or none answered and there is not one photo, or no use can be made of
            a proxy or certificates that the environment names.
    """
    begun = time.monotonic()
    patience = replace(patience or Patience(), ended=threading.Event())
    engines = _checked_engines(recipe, store, patience)
    with store.locked():
        store.repair()
        moved = sum(follow_moved(one, recipe.labels, store) for one in engines.values() if isinstance(one, Folder))
        searches = Searches(engines, store, again)
        _fill_all(recipe, store, searches, watch, patience)
        _remove_strays(recipe, store, searches)
        data_sets = [store_readings(engine, store) for engine in engines.values() if isinstance(engine, Dataset)]
        examples = find_examples(recipe, store, list(engines.values()), patience, again)
        return make_report(recipe, store, searches, examples, time.monotonic() - begun, data_sets, moved)


def _checked_engines(recipe: Recipe, store: PhotoStore, patience: Patience) -> dict[str, Engine]:
    if set(recipe.collect.engines) - LOCAL:
        check_environment()
    engines = make_engines(recipe.collect, patience, recipe.outputs)
    for engine in engines.values():
        engine.check(recipe.classes, store.work)
    return engines


def _fill_all(recipe: Recipe, store: PhotoStore, searches: Searches, watch: ClassWatch, patience: Patience) -> None:
    asyncio.run(_watched_fill(recipe, store, searches, watch, patience))
    if searches.refused and not store.hits.count("stored"):
        raise RecognizerError(next(iter(searches.refused.values())))


def _remove_strays(recipe: Recipe, store: PhotoStore, searches: Searches) -> None:
    """Remove what a stop left, but no file that a photo may have which is still to be found."""
    lacking = [one.name for one in recipe.classes if store.photos.usable(one.name) < recipe.collect.photos]
    if searches.refused or store.hits.count_again(lacking, recipe.collect.engines):
        store.photos.remove_strays(set(recipe.labels) - set(lacking))
    else:
        store.photos.remove_strays()


async def _watched_fill(
    recipe: Recipe, store: PhotoStore, searches: Searches, watch: ClassWatch, patience: Patience
) -> None:
    telling = asyncio.create_task(_tell(recipe, store, watch))
    try:
        await _fill(recipe, store, searches)
    except* RecognizerError as group:
        raise _first(group) from None
    finally:
        telling.cancel()
        patience.ended.set()
    watch(class_progress(recipe, store))


async def _fill(recipe: Recipe, store: PhotoStore, searches: Searches) -> None:
    network = Network(store.hits, searches, recipe.classes[0])
    with Decoders(min(MOST_DECODERS, os.cpu_count() or 1)) as decoders:
        async with _downloader(recipe, searches.engines) as downloader, asyncio.TaskGroup() as tasks:
            settle = _Settler(recipe, store, searches.engines, downloader, decoders, network).settle
            wanted = recipe.collect.photos
            fillings = [Filling(photo_class, wanted, store, searches, settle) for photo_class in recipe.classes]
            # Once more for a class that lost a photo to an earlier one after it was full.
            while any(await asyncio.gather(*(filling.fill(tasks) for filling in fillings))):
                continue
            await network.check()


async def _tell(recipe: Recipe, store: PhotoStore, watch: ClassWatch) -> None:
    while True:
        watch(class_progress(recipe, store))
        await asyncio.sleep(WATCH_EVERY)


def _downloader(recipe: Recipe, engines: dict[str, Engine]) -> Downloader:
    limits = {host: most for engine in engines.values() for host, most in engine.host_limits.items()}
    return Downloader(timeout=recipe.collect.timeout, contact=recipe.collect.contact, host_limits=limits)


class _Settler:
    """Makes hits photos, or records why they cannot be."""

    def __init__(
        self,
        recipe: Recipe,
        store: PhotoStore,
        engines: dict[str, Engine],
        downloader: Downloader,
        decoders: Decoders,
        network: Network,
    ) -> None:
        self._limits = Limits(min_side=recipe.collect.min_side)
        self._store = store
        self._engines = engines
        self._downloader = downloader
        self._decoders = decoders
        self._network = network

    async def settle(self, hit: WaitingHit) -> None:
        """Make one hit a photo, or record why it cannot be one."""
        engine = self._engines[hit.engine]
        if isinstance(engine, Reader):
            await self._settle_own(hit, engine)
        elif not self._network.is_down:
            await self._settle_far(hit)

    async def _settle_own(self, hit: WaitingHit, engine: Reader) -> None:
        try:
            await self._keep(hit, partial(engine.read, hit.image))
        except (DownloadError, PictureError) as error:
            self._store.hits.fail(hit.id, error.reason)

    async def _settle_far(self, hit: WaitingHit) -> None:
        async def keep(data: bytes) -> None:
            self._network.heard()
            await self._keep(hit, lambda: data)

        try:
            await self._downloader.fetch_for(hit.image, keep)
        except (DownloadError, PictureError) as error:
            await self._network.fail(hit, error.reason)

    async def _keep(self, hit: WaitingHit, read: Callable[[], bytes]) -> None:
        """Read, decode and store on another thread: Pillow and SQLite let go of Python's lock while they work."""
        await self._decoders.run(
            lambda: prepare_photo(_read(read), self._limits), lambda photo: self._store.photos.add(hit.id, photo)
        )


def _read(read: Callable[[], bytes]) -> bytes:
    """Return the bytes of a hit; an address that its engine cannot read costs this hit and not the run."""
    try:
        return read()
    except (ValueError, OverflowError) as error:
        raise DownloadError("bad_answer") from error


def _first(group: BaseExceptionGroup[RecognizerError]) -> RecognizerError:
    """Return one error of a group: they all have the same cause, such as a full disk."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
