"""Photos for visitors to try, where the engines of a recipe tell no licence: one a class, from engines that do.

An example is shown to everybody, so its licence has to be known. It is found by the first query of its class, fetched
and checked as any photo, and kept apart from the photos, so that nothing is learned from it (store/examples.py).
"""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from recognizer.collect.engines.engine import Engine
from recognizer.collect.engines.make import make_engines
from recognizer.collect.engines.web_engine import WebEngine
from recognizer.collect.http.download import Downloader
from recognizer.collect.http.errors import DownloadError
from recognizer.collect.http.retries import Patience
from recognizer.collect.threads import in_thread
from recognizer.errors import EngineRefused, PictureError
from recognizer.images.decode import Limits
from recognizer.images.fingerprints import near_any
from recognizer.images.prepare import PreparedPhoto, prepare_photo
from recognizer.recipe import PhotoClass, Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit

ENGINES = ("openverse", "commons")
NEED_CONTACT = {"commons"}  # which refuse whoever gives none
MOST_CLASSES = 24  # the first ones of a recipe; nobody looks through more examples
MOST_HITS = 5  # of a search that are tried


class Found(NamedTuple):
    """What became of the search for examples.

    Args:
        wanted: how many classes shall have one.
        photos: how many have one.
        refused: what the first engine said where none would answer; else empty.
    """

    wanted: int
    photos: int
    refused: str


def find_examples(
    recipe: Recipe, store: PhotoStore, engines: Sequence[Engine], patience: Patience, again: bool = False
) -> Found:
    """Remove the examples that are among the photos by now, and find and store those that are lacking.

    Args:
        recipe: the recipe.
        store: the photo store.
        engines: that photos are collected from; those that tell a licence, or are of this machine, need no others.
        patience: with busy engines, which are asked once.
        again: whether classes are searched for again for which nothing was found before.
    """
    _drop_learned(store)
    needs_none = all(engine.tells_licence for engine in engines if isinstance(engine, WebEngine))
    if needs_none or not recipe.shows_examples:
        return Found(0, 0, "")
    classes = [photo_class for photo_class in recipe.classes[:MOST_CLASSES] if photo_class.queries]
    names = [photo_class.name for photo_class in classes]
    lacking = store.examples.lacking(names, again)
    refused = ""
    if lacking:
        finder = _Finder(recipe, store, replace(patience, tries=1, ended=threading.Event()))
        refused = asyncio.run(finder.find([one for one in classes if one.name in lacking]))
    return Found(len(names), len(names) - len(store.examples.lacking(names, again=True)), refused)


def _drop_learned(store: PhotoStore) -> None:
    """Remove the examples that are near copies of photos which were collected since."""
    examples, photos = store.examples.all(), store.photos.all()
    near = near_any([one.phash for one in examples], [photo.phash for photo in photos])
    store.examples.remove(example for example, is_near in zip(examples, near, strict=True) if is_near)


class _Finder:
    """Searches for examples, class by class."""

    def __init__(self, recipe: Recipe, store: PhotoStore, patience: Patience) -> None:
        engines = [name for name in ENGINES if recipe.collect.contact or name not in NEED_CONTACT]
        settings = recipe.collect.model_copy(update={"engines": engines})
        self._engines = make_engines(settings, patience)
        limits = {host: most for engine in self._engines.values() for host, most in engine.host_limits.items()}
        self._downloader = Downloader(settings.timeout, contact=settings.contact, host_limits=limits)
        self._limits = Limits(min_side=settings.min_side)
        self._store = store
        self._refused: dict[str, str] = {}

    async def find(self, classes: Sequence[PhotoClass]) -> str:
        """Store an example of each class; return what the first engine said where none answers any more, else ""."""
        async with self._downloader:
            for photo_class in classes:
                is_there = await self._find_one(photo_class)
                if len(self._refused) == len(self._engines):
                    return next(iter(self._refused.values()))
                if not (is_there or self._refused):
                    self._store.examples.add_none(photo_class.name)
        return ""

    async def _find_one(self, photo_class: PhotoClass) -> bool:
        for name, engine in self._engines.items():
            if name not in self._refused:
                hits = await self._search(name, engine, photo_class.queries[0])
                if await self._take_first(photo_class.name, hits):
                    return True
        return False

    async def _search(self, name: str, engine: Engine, query: str) -> list[Hit]:
        """Return the hits that may be tried: those of a known licence which nobody wanted forgotten."""
        try:
            hits = await in_thread(partial(engine.search, query, 1))
        except EngineRefused as refusal:
            self._refused[name] = str(refusal)
            return []
        gone = self._store.forgotten.has_address
        return [hit for hit in hits if hit.licence and not (gone(hit.image) or gone(hit.page))][:MOST_HITS]

    async def _take_first(self, label: str, hits: Sequence[Hit]) -> bool:
        for hit in hits:
            try:
                data = await self._downloader.fetch(hit.image)
                photo = await in_thread(partial(prepare_photo, data, self._limits))
            except (DownloadError, PictureError):
                continue
            if self._is_new(photo):
                self._store.examples.add(label, hit, photo)
                return True
        return False

    def _is_new(self, photo: PreparedPhoto) -> bool:
        """Tell whether a photo is neither forgotten nor a near copy of one that is learned from or shown already."""
        known = [*self._store.photos.all(), *self._store.examples.all()]
        is_near = bool(near_any([photo.phash], [one.phash for one in known])[0])
        return not is_near and not self._store.forgotten.are_known([photo])[0]
