"""A class that is called otherwise keeps its photos: `rename_class(work, "tartan", "Tartan")`.

Photos of one's own go to another class with their files: `follow_file`.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from recognizer.files import writing
from recognizer.store.blind_answers import on_offer
from recognizer.store.database import Database
from recognizer.store.folders import Folders
from recognizer.store.photo_store import PhotoStore

DECIDED = ("issues", "trust", "likelier", "decisions", "blind_answers")  # tables that say what was judged to be a class
TABLES = ("searches", "hits", "photos", "folders", *DECIDED)  # that name classes


def rename_class(work: Path, old: str, new: str) -> bool:
    """Give all that is stored under a class to another name, unless something is stored under that already.

    The rows go first, with the note of the folder, so that a stop leaves a class whose folder has the old name.

    Args:
        work: the work folder, in which nobody else may write meanwhile, and whose store is not open here.
        old: the name in the store.
        new: the name that it shall have.

    Returns:
        Whether it was done.

    Raises:
        Unwritable: the folder may not be written.
    """
    database = Database(work / "photos.db")
    try:
        if database.number("SELECT count(*) FROM hits WHERE label = ?", new):
            return not database.number("SELECT count(*) FROM hits WHERE label = ?", old)  # whether a stop left it so
        Folders(work / "photos", database, [old])
        database.execute("DELETE FROM folders WHERE label = ?", new)
        _rename(database, TABLES, old, new)
        Folders(work / "photos", database).rename(new)
        return True
    finally:
        database.close()


def follow_file(store: PhotoStore, hit: int, label: str, image: str) -> None:
    """Put a hit, and the photo that it led to, under another class.

    Args:
        store: the photo store, locked.
        hit: its number.
        label: the class.
        image: its address there.

    Raises:
        Unwritable: the photo's file may not be moved.
    """
    database = store.database
    if photo := database.row("SELECT sha256, label FROM photos WHERE hit = ?", hit):
        old, new = (store.photos.path(one, photo["sha256"]) for one in (photo["label"], label))
        with writing(new.parents[1]):
            new.parent.mkdir(exist_ok=True)
            old.replace(new)
    with database.transaction():
        database.execute("UPDATE photos SET label = ? WHERE hit = ?", label, hit)
        rank = database.number("SELECT coalesce(max(rank), 0) + 1 FROM hits WHERE label = ?", label)
        place = (label, label, rank, image)
        database.execute("UPDATE hits SET label = ?, query = ?, rank = ?, image = ? WHERE id = ?", *place, hit)
        # What led to no photo is read anew: the file may be another one.
        database.execute("UPDATE hits SET status = 'waiting', reason = '' WHERE id = ? AND photo IS NULL", hit)


def rename_decided(database: Database, old: str, new: str) -> None:
    """Let what was decided or seen as one class be another."""
    _rename(database, DECIDED, old, new)


def _rename(database: Database, tables: Sequence[str], old: str, new: str) -> None:
    with database.transaction():
        for table in tables:
            database.execute(f"UPDATE {table} SET label = ? WHERE label = ?", new, old)
        for row in database.rows("SELECT DISTINCT classes FROM blind_answers"):
            offered = json.loads(row["classes"])
            if old in offered and new not in offered:
                renamed = on_offer(new if one == old else one for one in offered)
                database.execute("UPDATE blind_answers SET classes = ? WHERE classes = ?", renamed, row["classes"])


def count_photos(work: Path, label: str) -> int:
    """Return how many photos are stored under a class, those that were put there among them, and no others."""
    database = Database(work / "photos.db")
    try:
        return database.number("SELECT count(*) FROM described_photos WHERE label = ?", label)
    finally:
        database.close()
