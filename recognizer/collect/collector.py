"""The collect stage: search, fetch, check and store until every class has its number of photos.

It goes in turns. In each turn every class that lacks photos asks its engines for as many further hits as it lacks,
and all of these are fetched together. What is fetched depends only on what is stored, so a run that was stopped
and started again ends with the same photos as one that was not.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from recognizer.collect.addresses import DownloadError
from recognizer.collect.download import Downloader
from recognizer.collect.duckduckgo import DuckDuckGo
from recognizer.collect.sample import SampleEngine
from recognizer.collect.search import Engine, Reader
from recognizer.errors import EngineRefused, PictureError, RecognizerError
from recognizer.photos import PhotoStore, WaitingHit
from recognizer.picture import Limits
from recognizer.prepare import prepare_photo
from recognizer.recipe import PhotoClass, Recipe
from recognizer.report import write_report
from recognizer.watch import Watch, unwatched

ENGINES: dict[str, Callable[[], Engine]] = {"duckduckgo": DuckDuckGo, "sample": SampleEngine}
MOST_DECODERS = 4  # each holds up to 0.5 GB for the largest pictures


@dataclass
class _Collection:
    recipe: Recipe
    store: PhotoStore
    engines: dict[str, Engine]
    watch: Watch
    refusals: list[str] = field(default_factory=list)
    settled: int = 0
    planned: int = 0


def collect(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Fill a photo store as a recipe says; what is there already is not fetched again.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about hits fetched.

    Returns:
        The report, as written to `reports/collect.json`; `refused` lists what engines said that would not answer.

    Raises:
        RecognizerError: no engine answered and there is not one photo.
    """
    begun = time.monotonic()
    store.repair()
    engines = {name: ENGINES[name]() for name in recipe.collect.engines}
    collection = _Collection(recipe, store, engines, watch)
    asyncio.run(_take_turns(collection))
    if collection.refusals and not store.count("stored"):
        raise RecognizerError(collection.refusals[0])
    return _report(collection, time.monotonic() - begun)


async def _take_turns(collection: _Collection) -> None:
    async with Downloader(timeout=collection.recipe.collect.timeout) as downloader:
        with ThreadPoolExecutor(min(MOST_DECODERS, os.cpu_count() or 1)) as decoders:
            while batch := await _next_batch(collection):
                collection.planned += len(batch)
                await asyncio.gather(*(_settle(collection, downloader, decoders, hit) for hit in batch))


async def _next_batch(collection: _Collection) -> list[WaitingHit]:
    """Take as many waiting hits of each class as it lacks photos, searching where too few wait."""
    batch: list[WaitingHit] = []
    for photo_class in collection.recipe.classes:
        lacking = collection.recipe.collect.photos - collection.store.count("stored", photo_class.name)
        if lacking > 0:
            await _search(collection, photo_class, lacking)
            batch += collection.store.waiting(photo_class.name, lacking)
    return batch


async def _search(collection: _Collection, photo_class: PhotoClass, wanted: int) -> None:
    """Ask for pages, engine by engine, until enough hits wait.

    The query with the fewest pages so far is next: what is asked follows from what is stored, as a restart needs it.
    """
    label = photo_class.name
    for name in collection.recipe.collect.engines:
        while name in collection.engines and collection.store.count("waiting", label) < wanted:
            pages = {query: collection.store.next_page(name, query, label) for query in photo_class.queries}
            unasked = {query: page for query, page in pages.items() if page is not None}
            if not unasked:
                break
            query = min(unasked, key=unasked.__getitem__)
            await _ask(collection, name, query, unasked[query], label)


async def _ask(collection: _Collection, name: str, query: str, page: int, label: str) -> None:
    """Ask one engine for one page, and part with an engine that refuses."""
    collection.watch(f"searching {label}", 0, 0)
    try:
        hits = await asyncio.to_thread(collection.engines[name].search, query, page)
    except EngineRefused as refusal:
        del collection.engines[name]
        collection.refusals.append(str(refusal))
    else:
        collection.store.add_page(name, query, label, page, hits)


async def _settle(
    collection: _Collection, downloader: Downloader, decoders: ThreadPoolExecutor, hit: WaitingHit
) -> None:
    """Make one hit a photo, or record why it cannot be one."""
    limits = Limits(min_side=collection.recipe.collect.min_side)
    try:
        data = await _bytes(collection.engines.get(hit.engine), downloader, hit)
        prepare = partial(prepare_photo, data, limits)
        photo = await asyncio.get_running_loop().run_in_executor(decoders, prepare)
    except (DownloadError, PictureError) as error:
        collection.store.fail(hit.id, error.reason)
    else:
        collection.store.add_photo(hit.id, photo)
    collection.settled += 1
    collection.watch("fetching photos", collection.settled, collection.planned)


async def _bytes(engine: Engine | None, downloader: Downloader, hit: WaitingHit) -> bytes:
    if isinstance(engine, Reader):
        return await asyncio.to_thread(engine.read, hit.image)
    return await downloader.fetch(hit.image)


def _report(collection: _Collection, seconds: float) -> dict[str, Any]:
    store = collection.store
    counts = {status: store.count(status) for status in ("stored", "duplicate", "failed", "waiting")}
    counts = {"hits": sum(counts.values()), **counts}
    labels = {label: store.count("stored", label) for label in collection.recipe.labels}
    return write_report(
        store.work,
        "collect",
        collection.recipe.name,
        seconds,
        counts,
        failures=store.failures(),
        labels=labels,
        refused=collection.refusals,
    )
