"""A data set on this machine as an engine: each line of its labels is a hit, and what is wrong with a line its reason.

dataset:images/1.jpg?3f2a9c41d07b       the file, and a digest of what the labels say of it
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from recognizer.collect.engines.engine import Engine
from recognizer.collect.http.errors import DownloadError
from recognizer.collect.labels import Row, read_rows
from recognizer.errors import RecipeError
from recognizer.images.decode import Limits
from recognizer.outputs import Output, PhotoClass
from recognizer.recipe import CollectSettings
from recognizer.store.rows import Hit

HITS_A_PAGE = 100
SCHEME = "dataset:"


class Dataset(Engine):
    """An engine whose pictures are the files of a data set.

    Args:
        settings: of the recipe: the folder and its labels.
        outputs: of the recipe.

    Attributes:
        rows: address to what the data set says of its file; known once it was checked.
    """

    name = "dataset"
    good_for = 0  # its labels may have been mended since

    def __init__(self, settings: CollectSettings, outputs: Sequence[Output]) -> None:
        if not (settings.folder and settings.labels):
            raise RecipeError(
                "The engine dataset needs to know which: name its folder with --folder DIR, or set folder and labels "
                "under [collect] in the recipe."
            )
        self._folder = Path(settings.folder).expanduser()
        self._labels, self._outputs = settings.labels, outputs
        self._most_bytes = Limits().bytes
        self.rows: dict[str, Row] = {}

    def queries(self, photo_class: PhotoClass) -> list[str]:
        """Return the one word under which all photos of a data set are stored."""
        return [photo_class.name]

    def check(self, classes: Sequence[PhotoClass], work: Path) -> None:
        """Read the labels.

        Args:
            classes: the one that all photos are stored under.
            work: the work folder, which may not lie in the data set.

        Raises:
            RecipeError: the folder or its labels are not there, or have no use for this recipe.
        """
        self._see_that_it_is_there()
        if self._folder.resolve() in (work.resolve(), *work.resolve().parents):
            raise RecipeError(f"The work folder {work} lies in the data set; choose another with --work.")
        self.rows = {_address(row): row for row in read_rows(self._folder, self._labels, self._outputs)}

    def search(self, query: str, page: int) -> list[Hit]:
        """Return one page of hits, in the order of the labels; see `Engine.search`."""
        first = (page - 1) * HITS_A_PAGE
        return [Hit(address) for address in list(self.rows)[first : first + HITS_A_PAGE]]

    def read(self, address: str) -> bytes:
        """Return the bytes of a file.

        Args:
            address: the `image` of a hit.

        Raises:
            DownloadError: its row is no use, for one of `labels.REASONS`; or the file is too large.
            RecipeError: the folder is not there any more, as on a disk that was pulled out.
        """
        row = self.rows.get(address)
        if row is None:  # of labels that were mended since
            raise DownloadError("not_in_labels")
        if row.reason:
            raise DownloadError(row.reason)
        try:
            with (self._folder / row.file).open("rb") as file:
                data = file.read(self._most_bytes + 1)
        except OSError as error:
            self._see_that_it_is_there()
            raise DownloadError("no_such_file") from error
        if len(data) > self._most_bytes:
            raise DownloadError("too_large")
        return data

    def _see_that_it_is_there(self) -> None:
        if not self._folder.is_dir():
            raise RecipeError(
                f"There is no folder {self._folder} of a data set; name it with --folder DIR, or as folder under "
                "[collect] in the recipe."
            )


def file_of(address: str) -> str:
    """Return an address without the digest: the same for all that labels ever said of a file."""
    return address.partition("?")[0]


def _address(row: Row) -> str:
    said = hashlib.sha256(json.dumps([row.values, row.reason]).encode()).hexdigest()[:12]
    return f"{SCHEME}{quote(os.fsencode(row.file))}?{said}"
