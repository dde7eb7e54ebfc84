"""Photos of one's own follow their files from one subfolder to another: `follow_moved(folder, labels, store)`."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from recognizer.collect.engines.folder import Folder
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import PictureError
from recognizer.images.fingerprints import near_any
from recognizer.images.prepare import prepare_photo
from recognizer.store.photo_store import PhotoStore
from recognizer.store.renaming import follow_file, rename_decided


def follow_moved(folder: Folder, labels: Sequence[str], store: PhotoStore) -> int:
    """Put photos under the class whose subfolder their files are in now; what was decided about them stays.

    A file is known by its name below the subfolder, its size and its time, or by these two where no other has them and,
    where the hit led to a photo, the file shows it.
    Where all files of a class that the recipe no longer has are in one subfolder now, the class was renamed: decisions
    that name it follow.

    Args:
        folder: the engine, after its check.
        labels: the recipe's classes.
        store: the photo store, locked.

    Returns:
        How many photos or hits followed to another class; a file that is only called otherwise does not count.
    """
    there = {address: label for label in labels for address in addresses(folder, label)}
    files = Counter(mark for address in there for mark in _marks(address))
    now = {mark: address for address in there for mark in _marks(address) if files[mark] == 1}
    went: dict[str, Counter[str]] = defaultdict(Counter)
    for hit in store.hits.of_engine(folder.name):
        address = None if hit["image"] in there else _moved_to(folder, hit, now)
        if address is None:
            continue
        follow_file(store, hit["id"], there[address], address)
        if there[address] != hit["label"]:
            went[hit["label"]][there[address]] += 1
    for old, new in went.items():
        if old not in labels and len(new) == 1:
            rename_decided(store.database, old, *new)
    return sum(new.total() for new in went.values())


def _moved_to(folder: Folder, hit: sqlite3.Row, now: Mapping[str, str]) -> str | None:
    named, alike = _marks(hit["image"])
    if named in now:
        return now[named]
    return now[alike] if alike in now and _shows(folder, now[alike], hit["phash"]) else None


def addresses(folder: Folder, label: str) -> Iterator[str]:
    """Yield the addresses of all files that a class has now.

    Args:
        folder: the engine, after its check.
        label: the class.
    """
    for page in count(1):
        hits = folder.search(label, page)
        if not hits:
            return
        yield from (hit.image for hit in hits)


def _shows(folder: Folder, address: str, phash: str | None) -> bool:
    """Tell whether a file shows the picture with a perceptual hash; True where there is none to compare."""
    if phash is None:
        return True
    try:
        return bool(near_any([prepare_photo(folder.read(address)).phash], [phash])[0])
    except (DownloadError, PictureError):
        return False


def _marks(address: str) -> tuple[str, str]:
    """Return what a file is known by: its address without the subfolder, and size and time alone."""
    return address.partition("/")[2], address.rpartition("?")[2]
