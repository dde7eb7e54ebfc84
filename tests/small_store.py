"""A small photo store, and what can be seen of it from outside."""

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from recognizer.images.prepare import PreparedPhoto
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.paths import ROOT

LABELS = ("Kilim", "Batik", "Ikat")
HITS = 6  # of each label
ENGINE = "duckduckgo"  # that gave them


def python(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start another program of this project; it ends where it reads to the end of its input."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def prepared(content: str) -> PreparedPhoto:
    """A photo that differs from others by its bytes; the store looks into none."""
    data = content.encode()
    return PreparedPhoto(data, hashlib.sha256(data).hexdigest(), "0" * 16, 400, 300)


def hit(label: str, number: int) -> Hit:
    address = f"https://a.example/{label}/{number}.jpg"
    return Hit(address, f"{address}/page", f"{label} {number}", "CC0-1.0", "Ann")


def hits(label: str, count: int = HITS) -> list[Hit]:
    return [hit(label, number) for number in range(count)]


def opened(work: Path, count: int = HITS) -> PhotoStore:
    """A store in which every label has waiting hits."""
    store = PhotoStore(work, LABELS)
    for label in LABELS:
        store.hits.add_page(ENGINE, label.lower(), label, 1, hits(label, count))
    return store


def ids(store: PhotoStore, label: str) -> list[int]:
    return [waiting.id for waiting in store.hits.to_fetch(label, HITS, [ENGINE])]


def fill(store: PhotoStore) -> list[str]:
    """Give every hit a photo of its own; return their sha256 in the store's order."""
    for label in LABELS:
        for number in ids(store, label):
            store.photos.add(number, prepared(f"{label} {number}"))
    return [photo.sha256 for photo in store.photos.all()]


def files(store: PhotoStore) -> set[Path]:
    return {path for path in (store.work / "photos").rglob("*") if path.is_file()}


def assert_rows_and_files_agree(store: PhotoStore) -> None:
    photos = store.photos.all()
    assert {photo.path for photo in photos} == files(store)
    for photo in photos:
        assert hashlib.sha256(photo.path.read_bytes()).hexdigest() == photo.sha256
        assert photo.path.parent.name == photo.found_as
    assert store.hits.count("stored") == len(photos)


def rows(store: PhotoStore, query: str) -> list[tuple[object, ...]]:
    """What another program finds in the database."""
    with sqlite3.connect(store.work / "photos.db") as database:
        return database.execute(query).fetchall()


def state(store: PhotoStore) -> tuple[object, ...]:
    """Everything that must not depend on the order of downloads."""
    photos = [(photo.sha256, photo.label, photo.image) for photo in store.photos.all()]
    return photos, files_of(store), rows(store, "SELECT label, rank, status, reason, photo FROM hits ORDER BY 1, 2")


def files_of(store: PhotoStore) -> list[str]:
    return sorted(str(path.relative_to(store.work)) for path in files(store))
