"""What a data set says of photos: the values of a recipe's outputs (table `readings`). No row: the value is missing."""

from collections.abc import Mapping

from recognizer.store.database import Database

Values = dict[str, str]  # name of an output to its value, a class or a number as text; missing ones are not there


class Readings:
    """The values of a photo store.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, values: Mapping[str, Values]) -> None:
        """Put new values in the place of all former.

        Args:
            values: sha256 of a photo to its values.
        """
        with self._database.transaction():
            self._database.execute("DELETE FROM readings")
            for photo, found in values.items():
                for output, value in found.items():
                    self._database.execute("INSERT INTO readings VALUES (?, ?, ?)", photo, output, value)

    def all(self) -> dict[str, Values]:
        """Return the values of all photos that have any, by sha256."""
        found: dict[str, Values] = {}
        for photo, output, value in self._database.rows("SELECT photo, output, value FROM readings"):
            found.setdefault(photo, {})[output] = value
        return found

    def remove(self, photo: str) -> None:
        """Remove the values of a photo."""
        self._database.execute("DELETE FROM readings WHERE photo = ?", photo)
