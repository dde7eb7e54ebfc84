"""Photos for visitors to try, one a class, kept apart from those that are learned from: `<work>/examples/`.

    examples = Examples(work)
    examples.add("Tartan", hit, photo)          # a file, then its entry in examples.json
    examples.all()                              # as photos, for credits, forgetting and the model folder

They are none of the photos of `photos.db`, so no stage learns from them or measures on them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recognizer.files import write_whole, writing
from recognizer.images.prepare import PreparedPhoto
from recognizer.report import read_json, write_json
from recognizer.store.rows import Hit, Photo

FOLDER = "examples"
NONE: dict[str, Any] = {}  # what stands in the place of an example where none was found


class Examples:
    """The examples of one work folder.

    Args:
        work: the work folder.
    """

    def __init__(self, work: Path) -> None:
        self._folder = work / FOLDER
        self._list = self._folder / "examples.json"

    def all(self) -> list[Photo]:
        """Return the examples whose files are there.

        Raises:
            Damaged: the list of them is not as it was written.
        """
        found = [self._photo(label, entry) for label, entry in self._entries().items() if entry != NONE]
        return [photo for photo in found if photo.path.is_file()]

    def lacking(self, labels: Iterable[str], again: bool = False) -> list[str]:
        """Return the classes that have no example.

        Args:
            labels: of the classes.
            again: whether those are meant, too, for which none could be found before.
        """
        there = {photo.label for photo in self.all()}
        in_vain = {label for label, entry in self._entries().items() if entry == NONE and not again}
        return [label for label in labels if label not in there | in_vain]

    def add(self, label: str, hit: Hit, photo: PreparedPhoto) -> None:
        """Store the example of a class: its file, then its entry.

        Args:
            label: the class.
            hit: where it was found.
            photo: the picture.
        """
        write_whole(self._path(photo.sha256), photo.jpeg)
        size = {"width": photo.width, "height": photo.height}
        self._write(self._entries() | {label: {"sha256": photo.sha256, "phash": photo.phash, **size, **vars(hit)}})

    def add_none(self, label: str) -> None:
        """Note that there is no example of a class."""
        self._write(self._entries() | {label: NONE})

    def named(self, what: str) -> list[Photo]:
        """Return the examples that a sha256 or its first 12 digits, an image address or a page address means."""
        return [
            photo
            for photo in self.all()
            if what in (photo.image, photo.page) or (len(what) >= 12 and photo.sha256.startswith(what))
        ]

    def remove(self, gone: Iterable[Photo]) -> int:
        """Remove examples, and return how many.

        Args:
            gone: some of `all`.

        Raises:
            Unwritable: a file may not be removed.
        """
        photos = list(gone)
        with writing(self._folder.parent):
            for photo in photos:
                photo.path.unlink(missing_ok=True)
        if photos:
            names = {photo.sha256 for photo in photos}
            entries = self._entries()
            self._write({label: entry for label, entry in entries.items() if entry.get("sha256") not in names})
        return len(photos)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256[:16]}.jpg"

    def _photo(self, label: str, entry: dict[str, Any]) -> Photo:
        return Photo(label=label, found_as=label, action="", path=self._path(entry["sha256"]), **entry)

    def _entries(self) -> dict[str, dict[str, Any]]:
        if not self._list.is_file():
            return {}
        way_out = "delete it, and collect again, which finds other examples"
        entries: dict[str, dict[str, Any]] = read_json(self._list, {}, way_out)
        return entries

    def _write(self, entries: dict[str, dict[str, Any]]) -> None:
        write_json(self._list, entries)
