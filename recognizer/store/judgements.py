"""What checks think of photos, and what rules and people decide about them."""

from collections.abc import Iterable

from recognizer.errors import NotFound
from recognizer.store.part import StorePart, now
from recognizer.store.rows import AUTO, Decision, Issue, Trust

UNDONE_BY_PERSON = 2  # in `undone`, which is 1 where the rules or a person's later choice took a decision back


class Judgements(StorePart):
    """The issues and decisions of a photo store."""

    def replace_issues(self, check: str, issues: Iterable[Issue]) -> None:
        """Put a check's new issues in the place of its former ones."""
        with self._db.transaction():
            self._db.execute('DELETE FROM issues WHERE "check" = ?', check)
            for issue in issues:
                self._db.execute(
                    'INSERT INTO issues (photo, "check", score, label, twin, probability) VALUES (?, ?, ?, ?, ?, ?)',
                    *(issue.photo, check, issue.score, issue.label, issue.twin, issue.probability),
                )

    def issues(self, photo: str | None = None) -> list[Issue]:
        """Return all issues, or those of one photo, worst first."""
        rows = self._db.rows(
            'SELECT photo, "check", score, label, twin, probability FROM issues WHERE photo = coalesce(?, photo)'
            " ORDER BY score DESC, photo",
            photo,
        )
        return [Issue(**row) for row in rows]

    def is_checked(self) -> bool:
        """Tell whether any check has looked at the photos."""
        return self._db.row("SELECT 1 FROM issues LIMIT 1") is not None

    def replace_trust(self, trust: Iterable[Trust]) -> None:
        """Put new trust in the place of all former; it counts while its label does and no person has decided."""
        with self._db.transaction():
            self._db.execute("DELETE FROM trust")
            for one in trust:
                self._db.execute("INSERT INTO trust VALUES (?, ?, ?)", one.photo, one.label, one.probability)

    def replace_automatic(self, decisions: Iterable[Decision]) -> None:
        """Make these the automatic decisions that stand: the same ones stay, others are undone, new ones are added.

        What a person has undone is not decided again.
        """
        with self._db.transaction():
            refused = self._refused()
            wanted = {
                (d.photo, d.action, d.label, d.reason): d
                for d in decisions
                if (d.photo, d.action, d.label) not in refused
            }
            rows = self._db.rows(
                'SELECT id, photo, action, label, reason FROM decisions WHERE "by" = ? AND undone = 0', AUTO
            )
            for row in rows:
                if wanted.pop((row["photo"], row["action"], row["label"], row["reason"]), None) is None:
                    self._db.execute("UPDATE decisions SET undone = 1 WHERE id = ?", row["id"])
            for decision in wanted.values():
                self._insert_decision(decision)

    def _refused(self) -> set[tuple[str, str, str | None]]:
        """Return the automatic decisions that a person has undone."""
        rows = self._db.rows(
            'SELECT photo, action, label FROM decisions WHERE "by" = ? AND undone = ?', AUTO, UNDONE_BY_PERSON
        )
        return {(row["photo"], row["action"], row["label"]) for row in rows}

    def undo_automatic(self, photo: str | None = None) -> list[str]:
        """Undo what the rules decided, for good: they will not decide the same again.

        Args:
            photo: the sha256 of one photo, or its first digits; without it everything is undone.

        Returns:
            The sha256 of the photos it was about.

        Raises:
            NotFound: the rules decided nothing about such a photo.
        """
        with self._db.transaction():
            rows = self._db.rows(
                'SELECT id, photo FROM decisions WHERE "by" = ? AND undone = 0 AND substr(photo, 1, ?) = ? ORDER BY id',
                *(AUTO, len(photo or ""), photo or ""),
            )
            if photo is not None and len({row["photo"] for row in rows}) != 1:
                if rows:
                    raise NotFound(
                        f"The rules decided about several photos that begin with “{photo}”; give more of it."
                    )
                raise NotFound(
                    f"The rules decided nothing about a photo that begins with “{photo}”; "
                    "recognizer review lists what they decided."
                )
            for row in rows:
                self._db.execute("UPDATE decisions SET undone = ? WHERE id = ?", UNDONE_BY_PERSON, row["id"])
            return [row["photo"] for row in rows]

    def decide(self, *decisions: Decision) -> None:
        """Record decisions, all or none; the last one of a person counts. Those of one call are one choice.

        Raises:
            NotFound: a photo is not stored, perhaps because it was forgotten.
        """
        with self._db.transaction():
            choice = self._db.number("SELECT coalesce(max(id), 0) + 1 FROM decisions")
            for decision in decisions:
                self._check_stored(decision.photo)
                self._insert_decision(decision, choice)

    def _check_stored(self, photo: str) -> None:
        if self._db.row("SELECT 1 FROM photos WHERE sha256 = ?", photo) is None:
            raise NotFound(f"Photo {photo[:16]} is not stored any more; nothing was decided.")

    def _insert_decision(self, decision: Decision, choice: int | None = None) -> None:
        self._db.execute(
            'INSERT INTO decisions (photo, action, label, "by", reason, at, choice) VALUES (?, ?, ?, ?, ?, ?, ?)',
            *(decision.photo, decision.action, decision.label, decision.by, decision.reason, now(), choice),
        )

    def undo(self, by: str) -> list[str]:
        """Undo the last choice of a person that still stands, whole.

        Returns:
            The sha256 of the photos it was about; none when there is nothing to undo.
        """
        with self._db.transaction():
            rows = self._db.rows(
                """WITH standing AS (SELECT * FROM decisions WHERE "by" = ? AND undone = 0),
                    last AS (SELECT id, choice FROM standing ORDER BY id DESC LIMIT 1)
                SELECT id, photo FROM standing
                WHERE id = (SELECT id FROM last) OR choice = (SELECT choice FROM last) ORDER BY id""",
                by,
            )
            for row in rows:
                self._db.execute("UPDATE decisions SET undone = 1 WHERE id = ?", row["id"])
            return [row["photo"] for row in rows]

    def decisions(self, photo: str | None = None) -> list[Decision]:
        """Return the decision that counts for each photo that has one, or for one photo."""
        rows = self._db.rows(
            'SELECT photo, action, reason, label, "by" FROM current_decisions WHERE photo = coalesce(?, photo)'
            " ORDER BY photo",
            photo,
        )
        return [Decision(**row) for row in rows]
