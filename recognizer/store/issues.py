"""What checks think of photos: issues, and how likely each label is right (tables `issues`, `trust` and `likelier`)."""

from collections.abc import Iterable

from recognizer.store.database import Database
from recognizer.store.rows import Issue, LabelQuality


class Issues:
    """The issues of a photo store.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, check: str, issues: Iterable[Issue]) -> None:
        """Put a check's new issues in the place of its former ones."""
        with self._database.transaction():
            self._database.execute('DELETE FROM issues WHERE "check" = ?', check)
            for issue in issues:
                self._database.execute(
                    'INSERT INTO issues (photo, "check", score, label, twin, probability) VALUES (?, ?, ?, ?, ?, ?)',
                    *(issue.photo, check, issue.score, issue.label, issue.twin, issue.probability),
                )

    def all(self, photo: str | None = None) -> list[Issue]:
        """Return all issues, or those of one photo, worst first."""
        rows = self._database.rows(
            'SELECT photo, "check", score, label, twin, probability FROM issues WHERE photo = coalesce(?, photo)'
            " ORDER BY score DESC, photo",
            photo,
        )
        return [Issue(**row) for row in rows]

    def exist(self) -> bool:
        """Tell whether any check has looked at the photos."""
        return self._database.row("SELECT 1 FROM issues LIMIT 1") is not None

    def remove(self, photo: str, as_twin: bool = False) -> None:
        """Remove the issues of a photo; `as_twin`, also those of its copies that name it."""
        self._database.execute("DELETE FROM issues WHERE photo = ?1 OR (?2 AND twin = ?1)", photo, as_twin)


class LabelQualities:
    """How likely each photo's label is right; it counts while its label does and no person has decided.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, qualities: Iterable[LabelQuality]) -> None:
        """Put new ones in the place of all former."""
        with self._database.transaction():
            self._database.execute("DELETE FROM trust")
            self.remove_likelier()
            for one in qualities:
                self._database.execute("INSERT INTO trust VALUES (?, ?, ?)", one.photo, one.label, one.probability)
                if one.likelier:
                    row = one.photo, one.likelier, one.likelier_probability
                    self._database.execute("INSERT INTO likelier VALUES (?, ?, ?)", *row)

    def remove_likelier(self) -> None:
        """Let no class be likelier than a label, until labels are estimated again."""
        self._database.execute("DELETE FROM likelier")

    def remove(self, photo: str) -> None:
        """Remove what is known of a photo's label."""
        self._database.execute("DELETE FROM trust WHERE photo = ?", photo)
        self._database.execute("DELETE FROM likelier WHERE photo = ?", photo)
