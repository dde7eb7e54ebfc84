"""What every part of the photo store shares."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from recognizer.store.database import Database


class StorePart:
    """A part of the photo store of one work folder.

    Args:
        work: the work folder; made if it is missing.
        labels: the classes in the recipe's order. Bytes found under two of them belong to the first.
    """

    def __init__(self, work: Path, labels: Sequence[str]) -> None:
        self.work = work
        self._order = {label: number for number, label in enumerate(labels)}
        self._db = Database(work / "photos.db")

    def path(self, label: str, sha256: str) -> Path:
        """Return where the file of a photo lies."""
        return self.work / "photos" / label / f"{sha256[:16]}.jpg"


def now() -> str:
    """Return the time as rows have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
