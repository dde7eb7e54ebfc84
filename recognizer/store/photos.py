"""Stored photos: a file each, then a row (table `photos`)."""

import hashlib
import re
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path

from recognizer.files import write_whole, writing
from recognizer.images.prepare import PreparedPhoto
from recognizer.store.database import Database
from recognizer.store.folders import Folders
from recognizer.store.forgotten import Forgotten
from recognizer.store.hits import Hits
from recognizer.store.rows import Photo

_COLUMNS = [field.name for field in fields(Photo) if field.name != "path"]  # of the view `described_photos`
_WHOLE = re.compile(r"[0-9a-f]{16}\.jpg")  # see `Photos.path`
_HALF = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{8}\.part")


class Photos:
    """The photos of a photo store, rows and files.

    Args:
        work: the work folder.
        database: of the store.
        hits: that photos come from.
        forgotten: what must not be stored again.
        labels: the classes in the recipe's order. Bytes found under two of them belong to the first.
    """

    def __init__(self, work: Path, database: Database, hits: Hits, forgotten: Forgotten, labels: Sequence[str]) -> None:
        self._folder = work / "photos"
        self._folders = Folders(self._folder, database, labels)
        self._database = database
        self._hits = hits
        self._forgotten = forgotten
        self._order = {label: number for number, label in enumerate(labels)}

    def path(self, label: str, sha256: str) -> Path:
        """Return where the file of a photo lies.

        Args:
            label: the class that it was found as.
            sha256: of the file.
        """
        return self._folder / self._folders.of(label) / f"{sha256[:16]}.jpg"

    def add(self, hit: int, photo: PreparedPhoto) -> None:
        """Store a fetched photo: its file, then its row. The same bytes are stored once, under the earliest hit.

        A photo that was forgotten, or a near copy of one, makes the hit a failed one, with reason `forgotten`.

        Args:
            hit: number of the hit that led to it.
            photo: as `prepare_photo` gives it.

        Raises:
            Unwritable: the disk is full, or the work folder may not be written.
        """
        if self._forgotten.are_known([photo]) == [True]:
            self._hits.empty([hit])
            return
        label = self._hits.label_of(hit)
        write_whole(self.path(label, photo.sha256), photo.jpeg)
        with self._database.transaction():
            owner = self._owner(photo.sha256)
            if owner is None:
                self._insert(hit, label, photo)
                self._hits.settle(hit, "stored", photo=photo.sha256)
                return
            first, second = self._hits.earlier_first(owner, hit)
            self._give(photo.sha256, first, second)
        self._remove_stray(photo.sha256, first, second)

    def _insert(self, hit: int, label: str, photo: PreparedPhoto) -> None:
        self._database.execute(
            "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)",
            *(photo.sha256, photo.phash, photo.width, photo.height, label, hit),
        )

    def _give(self, sha256: str, first: int, second: int) -> None:
        """Give a photo to the earlier of two hits, so that the order in which downloads end makes no difference."""
        label = self._hits.label_of(first)
        self._database.execute("UPDATE photos SET label = ?, hit = ? WHERE sha256 = ?", label, first, sha256)
        self._hits.settle(second, "duplicate", "same_bytes", sha256)
        self._hits.settle(first, "stored", photo=sha256)

    def _remove_stray(self, sha256: str, first: int, second: int) -> None:
        owned, other = (self.path(self._hits.label_of(hit), sha256) for hit in (first, second))
        if other != owned:
            other.unlink(missing_ok=True)

    def _owner(self, sha256: str) -> int | None:
        row = self._database.row("SELECT hit FROM photos WHERE sha256 = ?", sha256)
        return None if row is None else int(row["hit"])

    def usable(self, label: str) -> int:
        """Count the different pictures among the photos of a label: those with one perceptual hash are one."""
        return self._database.number("SELECT count(DISTINCT phash) FROM photos WHERE label = ?", label)

    def all(self) -> list[Photo]:
        """Return every stored photo, in the order of classes and ranks."""
        return self._listed("described_photos")

    def kept(self) -> list[Photo]:
        """Return the stored photos less the dropped ones, under their decided labels."""
        return self._listed("kept_photos")

    def get(self, sha256: str) -> Photo | None:
        """Return one stored photo, or None where there is none."""
        row = self._database.row("SELECT * FROM described_photos WHERE sha256 = ?", sha256)
        return None if row is None else self._photo(row)

    def _listed(self, view: str) -> list[Photo]:
        rows = self._database.rows(f"SELECT * FROM {view}")
        rows.sort(key=lambda row: (self._order.get(row["found_as"], len(self._order)), row["rank"]))
        return [self._photo(row) for row in rows]

    def _photo(self, row: sqlite3.Row) -> Photo:
        values = {key: row[key] for key in _COLUMNS}
        return Photo(**values, path=self.path(row["found_as"], row["sha256"]))

    def remove_row(self, sha256: str) -> None:
        """Remove the row of a photo; its file, and what other tables say of it, are the caller's."""
        self._database.execute("DELETE FROM photos WHERE sha256 = ?", sha256)

    def remove_strays(self, labels: Collection[str] | None = None) -> None:
        """Remove the photo files that a stop left: those of this program which are not among those of photos.

        Whatever else lies there was put there by somebody, and stays. Where there are no photos nothing is removed: the
        database is new, and the files may be all that is left of an earlier one.

        Args:
            labels: classes in whose folders they lie; all by default.

        Raises:
            Unwritable: one may not be removed.
        """
        owned = {photo.path.name: photo.path for photo in self.all()}
        inside = None if labels is None else {self._folder / self._folders.of(label) for label in labels}
        with writing(self._folder.parent):
            for file in self._folder.glob("*/*") if owned else ():
                is_asked = inside is None or file.parent in inside
                if is_asked and not _is_same(file, owned.get(file.name)) and _is_ours(file):
                    file.unlink()

    def remove_file(self, photo: Photo) -> None:
        """Remove the file of a photo, if it is there.

        Raises:
            Unwritable: it may not be removed.
        """
        with writing(self._folder.parent):
            photo.path.unlink(missing_ok=True)


def _is_same(file: Path, other: Path | None) -> bool:
    """Tell whether two paths are of one file, as on a disk that takes upper and lower case for the same."""
    return other is not None and (file == other or (file.exists() and other.exists() and file.samefile(other)))


def _is_ours(file: Path) -> bool:
    """Tell whether this program wrote a file: it is called by its own bytes, or it is a half file of `write_whole`."""
    if not file.is_file():
        return False
    if _HALF.fullmatch(file.name):
        return True
    return bool(_WHOLE.fullmatch(file.name)) and _digest(file).startswith(file.stem)


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
