"""What people saw in photos of the blind sample (table `blind_answers`)."""

import json
from collections.abc import Iterable, Sequence

from recognizer.errors import NotFound
from recognizer.store.database import Database, now
from recognizer.store.rows import BlindAnswer


def on_offer(labels: Iterable[str]) -> str:
    """Return classes as the table holds them, in whatever order they stand."""
    return json.dumps(sorted(labels), ensure_ascii=False)


class BlindAnswers:
    """The blind answers of a photo store; those that were given with other classes on offer do not count.

    Args:
        database: of the store.
        labels: the classes on offer.
    """

    def __init__(self, database: Database, labels: Sequence[str]) -> None:
        self._database = database
        self._classes = on_offer(labels)

    def all(self) -> dict[str, BlindAnswer]:
        """Return the answers that count, by the sha256 of their photos."""
        rows = self._database.rows(
            """SELECT photo, seen, label, "by", EXISTS (
                SELECT 1 FROM decisions AS d WHERE d.photo = a.photo AND d."by" <> 'auto' AND d.at <= a.at
            ) AS decided_before FROM blind_answers AS a WHERE classes = ? ORDER BY id""",
            self._classes,
        )
        return {row["photo"]: BlindAnswer(**{**row, "decided_before": bool(row["decided_before"])}) for row in rows}

    def add(self, answer: BlindAnswer) -> None:
        """Record an answer in the place of an earlier one.

        Raises:
            NotFound: the photo is not stored, perhaps because it was forgotten.
        """
        with self._database.transaction():
            if self._database.row("SELECT 1 FROM photos WHERE sha256 = ?", answer.photo) is None:
                raise NotFound(f"Photo {answer.photo[:16]} is not stored any more; nothing was saved.")
            self._database.execute(
                'INSERT OR REPLACE INTO blind_answers (photo, seen, label, classes, "by", at)'
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(answer.photo, answer.seen, answer.label, self._classes, answer.by, now()),
            )

    def undo(self, by: str) -> str | None:
        """Take a person's last answer back.

        Returns:
            The sha256 of its photo; None where there is no answer to take back.
        """
        with self._database.transaction():
            row = self._database.row(
                'SELECT id, photo FROM blind_answers WHERE "by" = ? AND classes = ? ORDER BY id DESC LIMIT 1',
                *(by, self._classes),
            )
            if row is None:
                return None
            self._database.execute("DELETE FROM blind_answers WHERE id = ?", row["id"])
            return str(row["photo"])

    def remove(self, photo: str) -> None:
        """Remove what was seen in a photo."""
        self._database.execute("DELETE FROM blind_answers WHERE photo = ?", photo)
