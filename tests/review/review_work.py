"""A small work folder with something to review: twelve drawn photos, six of them suspicious."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from PIL import Image

from recognizer.images.prepare import prepare_photo
from recognizer.networks.cache import FOLDER, FeatureCache
from recognizer.recipe import load_recipe
from recognizer.review.queue import Entry, Filter, read_entries
from recognizer.review.review import make_review
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Hit, Issue

CAPES = "Capes <i>& ${1+1} {{x}}"  # a name that a careless page would run or lose
LABELS = ["Kilim", "Batik", CAPES]
RECIPE = 'title = "Cloth"\n[train]\nheld_out = {share}\n' + "".join(
    f"[[classes]]\nname = '{label}'\nqueries = ['q']\n" for label in LABELS
)
PHOTOS = 12
PERSON = "ada"


class Work:
    """A recipe with three classes of four photos, and its work folder.

    `ids` are the photos as they were found; `worst_first` are those worth a look: 5 and 1 are copies of 9, 6 is empty,
    the labels of 0, 1, 2 and 8 seem wrong; a rule has dropped 6, the others wait.
    """

    def __init__(self, folder: Path, held_out: float = 0.5) -> None:
        self.recipe_file = folder / "cloth.toml"
        self.recipe_file.write_text(RECIPE.replace("{share}", str(held_out)))
        self.recipe = load_recipe(self.recipe_file)
        self.folder = folder / "work"
        with self.open() as store:
            self.ids = [_add(store, number, LABELS[number * 3 // PHOTOS]) for number in range(PHOTOS)]
            self._check(store)
        self.worst_first = [self.ids[number] for number in (5, 6, 1, 0, 2, 8)]
        self.waiting = [photo for photo in self.worst_first if photo != self.ids[6]]

    def _check(self, store: PhotoStore) -> None:
        ids = self.ids
        scores = {0: 0.95, 1: 0.9, 2: 0.8, 8: 0.6, 4: 0.3, 7: 0.0}
        labels = [
            Issue(ids[n], "label", score, "Batik" if n < 3 else None, probability=0.9 if n < 2 else None)
            for n, score in scores.items()
        ]
        copies = [Issue(ids[n], "duplicate", score, twin=ids[9]) for n, score in {5: 0.97, 1: 0.7}.items()]
        store.issues.replace("label", labels)
        store.issues.replace("duplicate", copies)
        store.issues.replace("empty", [Issue(ids[6], "empty", 0.99)])
        store.decisions.replace_automatic([Decision(ids[6], "drop", "empty picture")])

    def open(self) -> PhotoStore:
        """Open the store once more, on a connection of its own."""
        return PhotoStore(self.folder, self.recipe.labels)

    def reload(self) -> None:
        """Read the recipe again after its file was changed."""
        self.recipe = load_recipe(self.recipe_file)

    def decided(self) -> dict[str, tuple[str, str | None, str]]:
        """Read from the database what counts for each photo: action, label, and by whom."""
        with self.open() as store:
            return {one.photo: (one.action, one.label, one.by) for one in store.decisions.current()}

    def chosen(self, **wanted: Any) -> list[str]:
        """Read the photos that a filter leaves."""
        with self.open() as store:
            entries = read_entries(store, held_out=0.0)
        return [entry.photo.sha256 for entry in entries if Filter(**wanted).matches(entry)]

    def add_features(self) -> None:
        """Leave features as the clean stage does: each photo is nearest to those found just before and after it."""
        cache = FeatureCache(self.folder / FOLDER / f"{self.recipe.train.backbone}-pooled-test")
        angles = np.arange(PHOTOS) * 0.1
        cache.add([(photo, 0) for photo in self.ids], {"overall": np.stack([np.cos(angles), np.sin(angles)], axis=1)})


def entry_of(store: PhotoStore, photo: str) -> Entry:
    """Read a photo that is there."""
    return next(entry for entry in read_entries(store, held_out=0.0) if entry.photo.sha256 == photo)


@contextmanager
def served_review(work: Work, person: str = PERSON) -> Iterator[str]:
    """Serve the review page on a free port, and yield its address."""
    with work.open() as store, socket.create_server(("127.0.0.1", 0)) as listening:
        page = make_review(work.recipe, store, person, "127.0.0.1")
        server = uvicorn.Server(uvicorn.Config(page, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


def _add(store: PhotoStore, number: int, label: str) -> str:
    grey = Image.effect_noise((320, 240), 20 + 10 * number)
    buffer = io.BytesIO()
    Image.merge("RGB", [grey, grey.rotate(180), grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]).save(buffer, "PNG")
    page = f"https://pages.example/{number}?a=1&b=<i>" if number % 2 else "javascript:alert(1)"
    store.hits.add_page(
        "test", "q", label, number + 1, [Hit(f"https://x.example/{number}.jpg", page, author="<b>A & B")]
    )
    photo = prepare_photo(buffer.getvalue())
    store.photos.add(store.hits.to_fetch(label, 1, ["test"])[0].id, photo)
    return photo.sha256
