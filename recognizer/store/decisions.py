"""What rules and people decide about photos (table `decisions`)."""

import sqlite3
from collections.abc import Iterable

from recognizer.errors import NotFound
from recognizer.store.database import Database, now
from recognizer.store.forgotten import is_too_short
from recognizer.store.rows import AUTO, NAMED_BY, Decision

UNDONE_BY_PERSON = 2  # in `undone`, which is 1 where the rules or a person's later choice took a decision back
Kind = tuple[str, str, str | None]  # photo, action and label


class Decisions:
    """The decisions of a photo store; an undone one stays as a row.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, photo: str | None = None) -> list[Decision]:
        """Return the decision that counts for each photo that has one, or for one photo."""
        rows = self._database.rows(
            'SELECT photo, action, reason, label, "by" FROM current_decisions WHERE photo = coalesce(?, photo)'
            " ORDER BY photo",
            photo,
        )
        return [Decision(**row) for row in rows]

    def add(self, *decisions: Decision) -> None:
        """Record decisions, all or none; the last one of a person counts. Those of one call are one choice.

        Raises:
            NotFound: a photo is not stored, perhaps because it was forgotten.
        """
        with self._database.transaction():
            choice = self._database.number("SELECT coalesce(max(id), 0) + 1 FROM decisions")
            for decision in decisions:
                self._check_stored(decision.photo)
                self._insert(decision, choice)

    def _check_stored(self, photo: str) -> None:
        if self._database.row("SELECT 1 FROM photos WHERE sha256 = ?", photo) is None:
            raise NotFound(f"Photo {photo[:16]} is not stored any more; nothing was decided.")

    def _insert(self, decision: Decision, choice: int | None = None) -> None:
        self._database.execute(
            'INSERT INTO decisions (photo, action, label, "by", reason, at, choice) VALUES (?, ?, ?, ?, ?, ?, ?)',
            *(decision.photo, decision.action, decision.label, decision.by, decision.reason, now(), choice),
        )

    def undo(self, by: str) -> list[str]:
        """Undo the last choice of a person that still stands, whole.

        Returns:
            The sha256 of the photos it was about; none when there is nothing to undo.
        """
        with self._database.transaction():
            rows = self._database.rows(
                """WITH standing AS (SELECT * FROM decisions WHERE "by" = ? AND undone = 0),
                    last AS (SELECT id, choice FROM standing ORDER BY id DESC LIMIT 1)
                SELECT id, photo FROM standing
                WHERE id = (SELECT id FROM last) OR choice = (SELECT choice FROM last) ORDER BY id""",
                by,
            )
            return self._undo(rows, 1)

    def replace_automatic(self, decisions: Iterable[Decision]) -> None:
        """Make these the automatic decisions that stand: the same ones stay, others are undone, new ones are added.

        What a person has undone is not decided again.
        """
        with self._database.transaction():
            refused = self.refused()
            wanted = {(d.photo, d.action, d.label, d.reason): d for d in decisions if kind_of(d) not in refused}
            rows = self._database.rows(
                'SELECT id, photo, action, label, reason FROM decisions WHERE "by" = ? AND undone = 0', AUTO
            )
            standing = {(row["photo"], row["action"], row["label"], row["reason"]): row for row in rows}
            self._undo([row for key, row in standing.items() if key not in wanted], 1)
            for key, decision in wanted.items():
                if key not in standing:
                    self._insert(decision)

    def refused(self) -> set[Kind]:
        """Return the automatic decisions that a person has undone."""
        rows = self._database.rows(
            'SELECT photo, action, label FROM decisions WHERE "by" = ? AND undone = ?', AUTO, UNDONE_BY_PERSON
        )
        return {(row["photo"], row["action"], row["label"]) for row in rows}

    def last_of_people(self) -> str | None:
        """Return when a person last decided something that still stands, or None where nobody has."""
        row = self._database.row('SELECT max(at) AS at FROM decisions WHERE undone = 0 AND "by" <> ?', AUTO)
        return row["at"] if row else None

    def dropped_by_rules(self) -> set[str]:
        """Return the sha256 of the photos that rules dropped, without a look at the label, less those that a person
        took in again. A person who drops one, too, changes nothing."""
        rows = self._database.rows(
            """SELECT photo FROM decisions WHERE "by" = ? AND action = 'drop' AND undone = 0
            INTERSECT SELECT photo FROM current_decisions WHERE action = 'drop'""",
            AUTO,
        )
        return {row["photo"] for row in rows}

    def undo_automatic(self, photo: str | None = None, review: str = "recognizer review") -> list[str]:
        """Undo what the rules decided, for good: they will not decide the same again.

        Args:
            photo: the sha256 of one photo, or its first 12 digits or more; without it everything is undone.
            review: the command that lists what they decided, for a sentence.

        Returns:
            The sha256 of the photos it was about.

        Raises:
            NotFound: the rules decided nothing about such a photo, or too few digits name it.
        """
        with self._database.transaction():
            rows = self._database.rows(
                'SELECT id, photo FROM decisions WHERE "by" = ? AND undone = 0 AND substr(photo, 1, ?) = ? ORDER BY id',
                *(AUTO, len(photo or ""), photo or ""),
            )
            if photo is not None:
                _check_one(rows, photo, review)
            return self._undo(rows, UNDONE_BY_PERSON)

    def _undo(self, rows: Iterable[sqlite3.Row], how: int) -> list[str]:
        photos = []
        for row in rows:
            self._database.execute("UPDATE decisions SET undone = ? WHERE id = ?", how, row["id"])
            photos.append(row["photo"])
        return photos

    def remove(self, photo: str) -> None:
        """Remove all that was ever decided about a photo."""
        self._database.execute("DELETE FROM decisions WHERE photo = ?", photo)


def kind_of(decision: Decision) -> Kind:
    """Return what makes an automatic decision the same as one that a person has undone."""
    return decision.photo, decision.action, decision.label


def _check_one(rows: Iterable[sqlite3.Row], photo: str, review: str) -> None:
    found = {row["photo"] for row in rows}
    if len(found) > 1:
        raise NotFound(f"The rules decided about several photos that begin with “{photo}”; give more of it.")
    if is_too_short(photo):
        raise NotFound(f"“{photo}” is too short; name a photo by {NAMED_BY}.")
    if not found:
        raise NotFound(
            f"The rules decided nothing about a photo that begins with “{photo}”; {review} lists what they decided."
        )
