"""The photo store: the only code that touches the photo database and the photo files of a work folder.

    store = PhotoStore(Path("data/textiles"), recipe.labels)
    with store.locked():                                               # one collector at a time
        store.add_page("duckduckgo", "tartan", "Tartan", 1, hits)      # search results become rows
        for hit in store.waiting("Tartan", 100):                       # what is still to be fetched
            store.add_photo(hit.id, prepare_photo(data))               # a file, then its row
    store.kept()                                                       # the photos that training uses

A file is written before the row that names it, so a stop at any moment leaves rows that are true. Its parts are in
`recognizer/store/`: hits become stored photos, which are judged, or forgotten.
"""

from contextlib import AbstractContextManager

from recognizer.files import hold
from recognizer.store.judgements import Judgements
from recognizer.store.removal import Removal
from recognizer.store.rows import AUTO, WORTH_A_LOOK, Action, Decision, Issue, Photo, Trust, WaitingHit

__all__ = ["AUTO", "WORTH_A_LOOK", "Action", "Decision", "Issue", "Photo", "PhotoStore", "Trust", "WaitingHit"]


class PhotoStore(Removal, Judgements):
    """The photos of one work folder.

    Args:
        work: the work folder; made if it is missing.
        labels: the classes in the recipe's order. Bytes found under two of them belong to the first.

    Raises:
        Damaged: the database cannot be read.
        Unwritable: the disk is full, or the folder may not be written.
    """

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs from adding or removing photos meanwhile; reading and deciding go on beside it.

        Raises:
            WorkInUse: another run is adding or removing photos.
        """
        return hold(self.work / ".lock")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> "PhotoStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
