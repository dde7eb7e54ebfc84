"""Stored photos: a file each, then a row; and how both are put right after a stop or a damage."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from recognizer.files import write_whole, writing
from recognizer.picture import sha256
from recognizer.prepare import PreparedPhoto
from recognizer.store.hits import Hits
from recognizer.store.rows import Photo


class StoredPhotos(Hits):
    """The photos of a photo store, rows and files."""

    def add_photo(self, hit: int, photo: PreparedPhoto) -> None:
        """Store a fetched photo: its file, then its row. The same bytes are stored once, under the earliest hit.

        A photo that was forgotten, or a near copy of one, makes the hit a failed one, with reason `forgotten`.

        Raises:
            Unwritable: the disk is full, or the work folder may not be written.
        """
        if self._are_forgotten([photo]) == [True]:
            self._empty_hits([hit])
            return
        label, _ = self._rank_of(hit)
        write_whole(self.path(label, photo.sha256), photo.jpeg)
        with self._db.transaction():
            owner = self._owner(photo.sha256)
            if owner is None:
                self._insert_photo(hit, label, photo)
                self._settle(hit, "stored", "", photo.sha256)
                return
            first, second = sorted((owner, hit), key=self._rank_key)
            self._give(photo.sha256, first, second)
        self._remove_stray(photo.sha256, first, second)

    def _insert_photo(self, hit: int, label: str, photo: PreparedPhoto) -> None:
        self._db.execute(
            "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)",
            *(photo.sha256, photo.phash, photo.width, photo.height, label, hit),
        )

    def _give(self, sha256: str, first: int, second: int) -> None:
        """Give a photo to the earlier of two hits, so that the order in which downloads end makes no difference."""
        label, _ = self._rank_of(first)
        self._db.execute("UPDATE photos SET label = ?, hit = ? WHERE sha256 = ?", label, first, sha256)
        self._settle(second, "duplicate", "same_bytes", sha256)
        self._settle(first, "stored", "", sha256)

    def _remove_stray(self, sha256: str, first: int, second: int) -> None:
        label, other = self._rank_of(first)[0], self._rank_of(second)[0]
        if other != label:
            self.path(other, sha256).unlink(missing_ok=True)

    def _owner(self, sha256: str) -> int | None:
        row = self._db.row("SELECT hit FROM photos WHERE sha256 = ?", sha256)
        return None if row is None else int(row["hit"])

    def usable(self, label: str) -> int:
        """Count the different pictures among the photos of a label: those with one perceptual hash are one."""
        return self._db.number("SELECT count(DISTINCT phash) FROM photos WHERE label = ?", label)

    def photos(self) -> list[Photo]:
        """Return every stored photo, in the order of classes and ranks."""
        return self._photos("described_photos")

    def kept(self) -> list[Photo]:
        """Return the stored photos less the dropped ones, under their decided labels."""
        return self._photos("kept_photos")

    def photo(self, sha256: str) -> Photo | None:
        """Return one stored photo, or None where there is none."""
        row = self._db.row("SELECT * FROM described_photos WHERE sha256 = ?", sha256)
        return None if row is None else self._photo(row)

    def _photos(self, view: str) -> list[Photo]:
        rows = self._db.rows(f"SELECT * FROM {view}")
        rows.sort(key=lambda row: (self._order.get(row["found_as"], len(self._order)), row["rank"]))
        return [self._photo(row) for row in rows]

    def _photo(self, row: sqlite3.Row) -> Photo:
        values = {key: row[key] for key in row.keys() if key != "rank"}  # noqa: SIM118 - a Row is no dict
        return Photo(**values, path=self.path(row["found_as"], row["sha256"]))

    def repair(self) -> None:
        """Put right what a stop or a damage left: photos without their file wait again, files without a row go.

        A file is read again only if its size or its times are not those with which it was last found to be right.

        Raises:
            Damaged: the database itself is broken.
        """
        self._db.check()
        rows = self._db.rows("SELECT sha256, label, stamp FROM photos LEFT JOIN sound_files ON photo = sha256")
        with writing(self.work):
            stamps = {row["sha256"]: _sound_stamp(self.path(row["label"], row["sha256"]), row) for row in rows}
            sound = [row for row in rows if stamps[row["sha256"]]]
            self._let_wait(photo for photo, stamp in stamps.items() if stamp is None)
            self._note_sound(
                (row["sha256"], stamp) for row in sound if (stamp := stamps[row["sha256"]]) != row["stamp"]
            )
            self._remove_all_but({self.path(row["label"], row["sha256"]) for row in sound})

    def _remove_all_but(self, owned: set[Path]) -> None:
        for file in (self.work / "photos").glob("*/*"):
            if file not in owned and file.is_file():
                file.unlink()

    def _let_wait(self, lost: Iterable[str]) -> None:
        """Make the hits of lost photos wait again; decisions stay, and count once the photo is back."""
        with self._db.transaction():
            for photo in lost:
                self._db.execute("DELETE FROM issues WHERE photo = ?", photo)
                self._db.execute("DELETE FROM trust WHERE photo = ?", photo)
                self._db.execute("DELETE FROM sound_files WHERE photo = ?", photo)
                self._db.execute("UPDATE hits SET status = 'waiting', reason = '', photo = NULL WHERE photo = ?", photo)
                self._db.execute("DELETE FROM photos WHERE sha256 = ?", photo)

    def _note_sound(self, stamps: Iterable[tuple[str, str | None]]) -> None:
        with self._db.transaction():
            for photo, stamp in stamps:
                self._db.execute("INSERT OR REPLACE INTO sound_files VALUES (?, ?)", photo, stamp)


def _sound_stamp(file: Path, row: sqlite3.Row) -> str | None:
    """Return what a photo's file is like, if its bytes are right; they are not read where nobody has written since."""
    if not file.is_file():
        return None
    status = file.stat()
    stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    return stamp if stamp == row["stamp"] or sha256(file.read_bytes()) == row["sha256"] else None
