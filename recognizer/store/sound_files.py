"""Which photo files are whole, without reading again what nobody has written since (table `sound_files`)."""

from collections.abc import Sequence
from pathlib import Path

from recognizer.files import writing
from recognizer.images.decode import sha256
from recognizer.store.database import Database
from recognizer.store.rows import Photo


class SoundFiles:
    """What each photo file was like when its bytes were last found to be right: its size and times.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def renew(self, photos: Sequence[Photo]) -> set[str]:
        """Look at the files of photos, and note those that are whole.

        Args:
            photos: all that are stored.

        Returns:
            The sha256 of the photos whose file is missing or damaged.

        Raises:
            Unwritable: a file may not be read.
        """
        rows = self._database.rows("SELECT photo, stamp FROM sound_files")
        known = {row["photo"]: row["stamp"] for row in rows}
        stamps: dict[str, str | None] = {}
        with writing(self._database.file.parent):
            for photo in photos:
                stamps[photo.sha256] = _stamp(photo.path, photo.sha256, known.get(photo.sha256))
        with self._database.transaction():
            for name, stamp in stamps.items():
                if stamp and stamp != known.get(name):
                    self._database.execute("INSERT OR REPLACE INTO sound_files VALUES (?, ?)", name, stamp)
        return {name for name, stamp in stamps.items() if stamp is None}

    def remove(self, photo: str) -> None:
        """Remove what is known of a photo's file."""
        self._database.execute("DELETE FROM sound_files WHERE photo = ?", photo)


def _stamp(file: Path, digest: str, known: str | None) -> str | None:
    """Return what a photo's file is like, if its bytes are right; they are not read where nobody has written since."""
    if not file.is_file():
        return None
    status = file.stat()
    stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    return stamp if stamp == known or sha256(file.read_bytes()) == digest else None
