"""The one cache of what frozen networks make of photos: `features/<key>/`, numbers in files of some photos each.

    cache = FeatureCache(work / "features" / extractor.key)
    cache.add([("3f…", 0), …], {"overall": rows})           # one file, whole or not there
    cache.gather([("3f…", 0)], ["overall"])["overall"]      # (1, channels)

Each file holds `photos` and `views`, which say whose row is whose, and arrays with a row each. A stop loses what is
not in a file yet, and a new photo costs only itself. Nothing here needs torch.
"""

import hashlib
import io
import logging
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.files import write_whole

FOLDER = "features"
Row = tuple[str, int]  # sha256 of a photo, and number of its augmented view; 0 is the photo itself
Array = npt.NDArray[Any]


class FeatureCache:
    """The rows of one folder.

    Args:
        folder: where its files lie; it need not exist. Files that cannot be read are removed, to be made anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[Row, tuple[Path, int]] = {}
        for file in sorted(folder.glob("*.npz")):
            self._index(file)

    def _index(self, file: Path) -> None:
        if not _is_whole(file):
            logging.getLogger(__name__).warning("%s was damaged; what was in it is computed anew.", file)
            file.unlink()
            return
        with np.load(file) as stored:
            rows = zip(stored["photos"].tolist(), stored["views"].tolist(), strict=True)
            self._places.update({row: (file, place) for place, row in enumerate(rows)})

    @property
    def rows(self) -> list[Row]:
        """Which rows there are."""
        return list(self._places)

    def missing(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows that are not there, in order."""
        return [row for row in rows if row not in self._places]

    def add(self, rows: Sequence[Row], arrays: Mapping[str, Array]) -> None:
        """Write a file of rows.

        Args:
            rows: n of them.
            arrays: name to array, (n, …).

        Raises:
            Unwritable: the disk is full, or the folder may not be written.
        """
        photos, views = zip(*rows, strict=True)
        whole: dict[str, Any] = {"photos": np.array(photos), "views": np.array(views), **arrays}
        buffer = io.BytesIO()
        np.savez(buffer, **whole)
        name = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
        file = self._folder / f"{name}.npz"
        write_whole(file, buffer.getvalue())
        self._places.update({row: (file, place) for place, row in enumerate(rows)})

    def gather(self, rows: Sequence[Row], names: Sequence[str]) -> dict[str, Array]:
        """Return arrays of rows, each (len(rows), …).

        Args:
            rows: all of them there; where there is none, no array is returned.
            names: of the arrays.
        """
        by_file: dict[Path, list[tuple[int, int]]] = {}
        for place, row in enumerate(rows):
            file, stored_place = self._places[row]
            by_file.setdefault(file, []).append((place, stored_place))
        found: dict[str, Array] = {}
        for file, pairs in by_file.items():
            to, of = (list(places) for places in zip(*pairs, strict=True))
            with np.load(file) as stored:
                for name in names:
                    values = stored[name]
                    found.setdefault(name, np.empty((len(rows), *values.shape[1:]), values.dtype))[to] = values[of]
        return found


def newest(work: Path, pattern: str) -> Path | None:
    """Return the folder of features that was written last, of those whose key fits a pattern; None where none does."""
    folders = (work / FOLDER).glob(pattern)
    return max(folders, key=lambda folder: folder.stat().st_mtime_ns, default=None)


def _is_whole(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.testzip() is None and {"photos.npy", "views.npy"} <= set(archive.namelist())
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError):  # the last for what it cannot unpack
        return False
