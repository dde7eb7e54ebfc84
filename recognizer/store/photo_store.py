"""The photo store: the only code that touches the photo database and the photo files of a work folder.

    store = PhotoStore(Path("data/textiles"), recipe.labels)
    with store.locked():                                                    # one writer at a time
        store.hits.add_page("duckduckgo", "tartan", "Tartan", 1, hits)      # search results become rows
        for hit in store.hits.to_fetch("Tartan", 100, ["duckduckgo"]):      # what is still to be fetched
            store.photos.add(hit.id, prepare_photo(data))                   # a file, then its row
    store.photos.kept()                                                     # the photos that training uses

A file is written before the row that names it, so a stop at any moment leaves rows that are true.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from recognizer.errors import Damaged
from recognizer.files import alone_in
from recognizer.store.blind_answers import BlindAnswers
from recognizer.store.database import Database
from recognizer.store.decisions import Decisions
from recognizer.store.examples import Examples
from recognizer.store.forgotten import Forgotten
from recognizer.store.hits import Hits
from recognizer.store.issues import Issues, LabelQualities
from recognizer.store.photos import Photos
from recognizer.store.readings import Readings
from recognizer.store.rows import Photo
from recognizer.store.sound_files import SoundFiles


class PhotoStore:
    """The photos of one work folder.

    Args:
        work: the work folder; made if it is missing.
        labels: the classes in the recipe's order. Bytes found under two of them belong to the first.

    Attributes:
        hits: search results, and what became of them.
        photos: stored photos, rows and files.
        issues: what checks think of photos.
        label_quality: how likely each label is right.
        readings: what a data set says of photos.
        decisions: what rules and people decided.
        blind_answers: what people saw in photos of the blind sample.
        forgotten: what must never come back.
        sound_files: which photo files are known to be whole.
        examples: photos for visitors to try, which are none of the photos.

    Raises:
        Damaged: the database cannot be read.
        Unwritable: the disk is full, or the folder may not be written.
    """

    def __init__(self, work: Path, labels: Sequence[str]) -> None:
        self.work = work
        self.database = Database(work / "photos.db")
        self.forgotten = Forgotten(self.database)
        self.hits = Hits(self.database, self.forgotten, labels)
        self.photos = Photos(work, self.database, self.hits, self.forgotten, labels)
        self.issues = Issues(self.database)
        self.label_quality = LabelQualities(self.database)
        self.readings = Readings(self.database)
        self.decisions = Decisions(self.database)
        self.blind_answers = BlindAnswers(self.database, labels)
        self.sound_files = SoundFiles(self.database)
        self.examples = Examples(work)

    def repair(self) -> None:
        """Put right what a damage left: photos without a whole file wait again. Decisions count once they are back.

        Raises:
            Damaged: the database itself is broken, or none of the photos' folders is there.
            Unwritable: a file may not be removed.
        """
        self.database.check()
        photos = self.photos.all()
        self._see_that_they_are_there(photos)
        lost = self.sound_files.renew(photos)
        self._let_wait([photo for photo in photos if photo.sha256 in lost])

    def _see_that_they_are_there(self, photos: Sequence[Photo]) -> None:
        folders = {photo.path.parent for photo in photos}
        if folders and not any(folder.is_dir() for folder in folders):
            raise Damaged(
                f"None of the folders of the {len(photos)} photos is in {self.work / 'photos'}: if it lies on another "
                f"disk, plug it in; if the photos are lost, make the folder {photos[0].path.parent}, and run "
                "recognizer collect, which looks for them again."
            )

    def _let_wait(self, photos: Sequence[Photo]) -> None:
        """Let photos wait again. A damaged file goes before its row, without which it would look like a stranger's."""
        for photo in photos:
            self.photos.remove_file(photo)
        with self.database.transaction():
            for photo in photos:
                self.issues.remove(photo.sha256)
                self._remove_rows(photo.sha256)
                self.hits.let_wait(photo.sha256)
                self.photos.remove_row(photo.sha256)

    def erase_rows(self, sha256: str) -> None:
        """Remove every row about a photo but its hits."""
        self.issues.remove(sha256, as_twin=True)
        self.decisions.remove(sha256)
        self.blind_answers.remove(sha256)
        self._remove_rows(sha256)
        self.photos.remove_row(sha256)

    def _remove_rows(self, sha256: str) -> None:
        self.label_quality.remove(sha256)
        self.readings.remove(sha256)
        self.sound_files.remove(sha256)

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs from writing into the work folder meanwhile; reading and deciding go on beside it.

        Raises:
            WorkInUse: another run is writing.
            Unwritable: the disk is full, or the folder may not be written; also whatever is written within.
        """
        return alone_in(self.work)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def __enter__(self) -> "PhotoStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
