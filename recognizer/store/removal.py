"""Removing photos for good: what is meant by a sha256 or an address, and what of it is erased."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recognizer.files import writing
from recognizer.store.forgotten import is_digest
from recognizer.store.rows import Photo
from recognizer.store.stored import StoredPhotos


@dataclass(frozen=True)
class Match:
    """What is to be forgotten.

    Args:
        photos: the photos that were named.
        hits: numbers of the search results that led to them, or would.
        addresses: where these were, and the page if it is what was named.
    """

    photos: list[Photo]
    hits: list[int]
    addresses: list[str]


class Removal(StoredPhotos):
    """The part of a photo store that removes photos for good."""

    def match(self, what: str) -> Match:
        """Find the photos that a sha256 (12 digits or more), an image address or a page address means."""
        rows = self._named(what)
        named = {row["photo"] for row in rows}
        photos = [photo for photo in self.photos() if photo.sha256 in named]
        hits = {row["id"]: row["image"] for row in rows} | self._hits_of(photos)
        pages = {what} & {row["page"] for row in rows}
        return Match(photos, list(hits), sorted(pages.union(hits.values())))

    def _named(self, what: str) -> list[sqlite3.Row]:
        if is_digest(what):
            return self._db.rows("SELECT id, image, page, photo FROM hits WHERE photo GLOB ?", f"{what}*")
        return self._db.rows("SELECT id, image, page, photo FROM hits WHERE ?1 <> '' AND ?1 IN (image, page)", what)

    def _hits_of(self, photos: Iterable[Photo]) -> dict[int, str]:
        """Return the hits that led to photos, and those of the same addresses which did not yet, with the addresses."""
        query = "SELECT id, image FROM hits WHERE photo = ?1 OR image IN (SELECT image FROM hits WHERE photo = ?1)"
        return {row["id"]: row["image"] for photo in photos for row in self._db.rows(query, photo.sha256)}

    def remembered(self) -> list[Photo]:
        """Return the photos that are still stored although they, or what they are near copies of, were forgotten."""
        photos = self.photos()
        return [photo for photo, gone in zip(photos, self._are_forgotten(photos), strict=True) if gone]

    def erase(self, photos: Sequence[Photo], hits: Iterable[int]) -> int:
        """Remove photos: all files named for them, and every row but the hits, which are emptied.

        Args:
            photos: the photos.
            hits: further hits to empty, beside those of the photos.

        Returns:
            How many hits were emptied.

        Raises:
            Unwritable: a file may not be removed.
        """
        self._erase_files({photo.path.stem for photo in photos})
        led = self._hits_of(photos)
        with self._db.transaction():
            self._remember_addresses(led.values())
            self._empty_hits(all_hits := led.keys() | set(hits))
            self._erase_rows(photo.sha256 for photo in photos)
        self._db.settle()
        return len(all_hits)

    def _erase_files(self, names: set[str]) -> None:
        with writing(self.work):
            for file in [file for file in self.work.rglob("*") if file.name.partition(".")[0] in names]:
                file.unlink(missing_ok=True)

    def _erase_rows(self, photos: Iterable[str]) -> None:
        for photo in photos:
            self._db.execute("DELETE FROM issues WHERE photo = ?1 OR twin = ?1", photo)
            self._db.execute("DELETE FROM trust WHERE photo = ?", photo)
            self._db.execute("DELETE FROM decisions WHERE photo = ?", photo)
            self._db.execute("DELETE FROM sound_files WHERE photo = ?", photo)
            self._db.execute("DELETE FROM photos WHERE sha256 = ?", photo)
