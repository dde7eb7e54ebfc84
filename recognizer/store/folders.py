"""The folder that each class's photos lie in, noted once (table `folders`), whatever becomes of the recipe.

    folders = Folders(work / "photos", database, labels)
    folders.of("Tartan")            # "Tartan", or "Tartan~a1b2c3" where "tartan" has that on some system
    folders.rename("tartan")        # as the class is called now

Where there is no note, as in a work folder of an earlier version, or the noted folder is not there, the photos' files
tell which it is.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from recognizer.names import folded, folder_name, free_folder
from recognizer.store.database import Database


class Folders:
    """The folders of classes.

    Args:
        place: where they lie.
        database: of the store.
        labels: classes, in the recipe's order; others that have photos get a note, too.
    """

    def __init__(self, place: Path, database: Database, labels: Sequence[str] = ()) -> None:
        self._place = place
        self._database = database
        self._noted = self._notes()
        with_photos = [row["label"] for row in database.rows("SELECT DISTINCT label FROM photos ORDER BY label")]
        for label in dict.fromkeys([*(one for one in labels if one in with_photos), *with_photos]):
            if label not in self._noted or not (place / self._noted[label]).is_dir():
                self._note(label, self._found(label) or self.of(label))
        for label in labels:
            self.of(label)

    def of(self, label: str) -> str:
        """Return the folder of a class; one that has none yet gets one that is no other's."""
        if label not in self._noted:
            self._noted = self._notes()  # another program may have noted it
        if label not in self._noted:
            self._note(label, free_folder(label, self._taken(label)))
        return self._noted[label]

    def rename(self, label: str) -> None:
        """Let the folder of a class be called like it, where that is free and it may be; else it stays as it is."""
        old, taken = self.of(label), self._taken(label)
        new = free_folder(label, taken)
        before, after = self._place / old, self._place / new
        if folded(old) in taken or (after.exists() and not (before.is_dir() and before.samefile(after))):
            return
        with suppress(OSError):  # such as of a folder that another program has open
            if before.is_dir():
                before.rename(after)
            self._note(label, new)

    def _notes(self) -> dict[str, str]:
        return {row["label"]: row["folder"] for row in self._database.rows("SELECT * FROM folders")}

    def _taken(self, label: str) -> set[str]:
        return {folded(folder) for other, folder in self._noted.items() if other != label}

    def _note(self, label: str, folder: str) -> None:
        if self._noted.get(label) != folder:
            self._database.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", label, folder)
            self._noted[label] = folder

    def _found(self, label: str) -> str | None:
        """Return the folder that most of a class's photo files lie in; None where there are none."""
        photos = self._database.rows("SELECT sha256 FROM photos WHERE label = ?", label)
        files = {f"{photo['sha256'][:16]}.jpg" for photo in photos}
        found = [(_count(folder, files), folder.name == folder_name(label), folder.name) for folder in self._all()]
        count, _, name = max(found, default=(0, False, ""))
        return name if count else None

    def _all(self) -> list[Path]:
        return [folder for folder in self._place.glob("*") if folder.is_dir()]


def _count(folder: Path, files: set[str]) -> int:
    with suppress(OSError):  # a folder that may not be looked into
        return sum(file.name in files for file in folder.iterdir())
    return 0
