"""A folder of one's own photos as an engine: one subfolder for each class, called like the class.

    own/Kilim/1.jpg  own/kilim/red/2.jpg    ->  folder:Kilim/1.jpg?70311-1764…  folder:Kilim/red/2.jpg?…

Addresses tell nothing of where the folder lies; names are percent-encoded in them. Behind the question mark stand the
size of the file and when it was written, so that another photo under the same name is another hit. What is not below
the folder, because a symbolic link leads out of it, is not there.
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from recognizer.collect.engines.engine import Engine
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import EngineRefused, RecipeError
from recognizer.images.decode import Limits
from recognizer.recipe import PhotoClass
from recognizer.store.rows import Hit

HITS_A_PAGE = 100
SCHEME = "folder:"


class Folder(Engine):
    """An engine whose pictures are files of this machine.

    Args:
        folder: holds a subfolder for each class; upper and lower case are the same.
        most_bytes: largest file that is read.
    """

    name = "folder"
    good_for = 0  # photos may have been put there since

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        self._folder = folder
        self._most_bytes = Limits().bytes if most_bytes is None else most_bytes
        self._hits: dict[str, list[Hit]] = {}

    def queries(self, photo_class: PhotoClass) -> list[str]:
        """Return the class's name, which is the subfolder's."""
        return [photo_class.name]

    def check(self, classes: Sequence[PhotoClass], work: Path) -> None:
        """See that the folder is there, holds photos of a class, and is apart from the work folder.

        Args:
            classes: the classes.
            work: the work folder.

        Raises:
            RecipeError: the folder is the work folder, or one of them holds the other.
            EngineRefused: the folder is missing, cannot be read, or has no subfolder for any class.
        """
        for ours in (work, work / "photos", *(work / "photos").glob("*/")):
            if _holds(ours, self._folder) or _holds(self._folder, ours):
                raise RecipeError(
                    f"The folder {self._folder} of your own photos and the work folder {work} may not lie in each "
                    "other, since the photos of a collection come from the one and go to the other: move your photos, "
                    "or choose another work folder with --work."
                )
        there = {_folded(path.name) for path in self._subfolders()}
        if not there & {_folded(photo_class.name) for photo_class in classes}:
            raise EngineRefused(
                f"There is no folder for any class in {self._folder}. If it lies on another disk, plug that in; "
                f"else make one folder of photos for each class, called like it, such as {classes[0].name}."
            )

    def search(self, query: str, page: int) -> list[Hit]:
        """Return one page of hits, by name; see `Engine.search`. Files are listed once for each class.

        Raises:
            EngineRefused: the folder or the subfolder is missing or cannot be read.
        """
        if query not in self._hits:
            self._hits[query] = self._list(query)
        first = (page - 1) * HITS_A_PAGE
        return self._hits[query][first : first + HITS_A_PAGE]

    def read(self, address: str) -> bytes:
        """Return the bytes of a file.

        Args:
            address: the `image` of a hit.

        Raises:
            DownloadError: `forbidden_address` for what is not below the folder, `no_such_file`, `too_large`.
            EngineRefused: the folder is missing or empty, as on a disk that was pulled out.
        """
        try:
            with self._path(address).open("rb") as file:
                data = file.read(self._most_bytes + 1)
        except (OSError, EngineRefused) as error:
            self._see_that_it_is_there()
            raise DownloadError("no_such_file") from error
        if len(data) > self._most_bytes:
            raise DownloadError("too_large")
        return data

    def _list(self, label: str) -> list[Hit]:
        """List the files of a class by name, hidden ones left out."""
        top = self._subfolder(label)
        try:
            found = [Path(place, name) for place, _, names in os.walk(top, onerror=_tell) for name in names]
            files = {path.relative_to(top): path.stat() for path in found if path.is_file() and self._is_below(path)}
        except OSError as error:
            raise EngineRefused(f"The folder {error.filename} cannot be read: {error.strerror}.") from error
        seen = {name.as_posix(): facts for name, facts in files.items() if not _is_hidden(name)}
        return [_hit(label, name, seen[name]) for name in sorted(seen)]

    def _subfolders(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.is_dir() and self._is_below(path)]
        except OSError as error:
            raise EngineRefused(
                f"The folder {self._folder} cannot be read: {error.strerror}. Make it, with one subfolder of photos "
                "for each class, or name another as folder under [collect] in the recipe."
            ) from error

    def _see_that_it_is_there(self) -> None:
        if not self._subfolders():
            raise EngineRefused(
                f"There is nothing in the folder {self._folder} any more. What was found there waits: if it lies on "
                "another disk, plug that in, and run the same command again."
            )

    def _subfolder(self, label: str) -> Path:
        subfolders = self._subfolders()
        found = [path for path in subfolders if _folded(path.name) == _folded(label)]
        if len(found) == 1:
            return found[0]
        there = ", ".join(sorted(path.name for path in subfolders)) or "none"
        wrong = "no folder" if not found else "more than one folder"
        raise EngineRefused(f"There is {wrong} for “{label}” in {self._folder}; there has to be one. Found: {there}.")

    def _path(self, address: str) -> Path:
        label, _, name = address.removeprefix(SCHEME).partition("?")[0].partition("/")
        path = self._subfolder(_decoded(label)) / _decoded(name)
        if not path.is_file():
            raise FileNotFoundError(path)
        if not address.startswith(SCHEME) or not self._is_below(path):
            raise DownloadError("forbidden_address")
        return path

    def _is_below(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder.resolve())


def _holds(outer: Path, inner: Path) -> bool:
    """Tell whether a folder is another or holds it, by whatever names and links they are called."""
    inside = inner.resolve()
    return any(_is_same(place, outer) for place in (inside, *inside.parents))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one is not there, or may not be looked at
        return False


def _tell(error: OSError) -> None:
    """Raise what `os.walk` would pass over."""
    raise error


def _folded(name: str) -> str:
    """Make names alike that differ in case, or in how a file system spells letters with accents."""
    return unicodedata.normalize("NFC", name).casefold()


def _encoded(name: str) -> str:
    return quote(os.fsencode(name))


def _decoded(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))


def _is_hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def _hit(label: str, name: str, facts: os.stat_result) -> Hit:
    title = Path(name).stem.encode("utf-8", "replace").decode()
    address = f"{SCHEME}{_encoded(label)}/{_encoded(name)}?{facts.st_size}-{facts.st_mtime_ns}"
    return Hit(address, title=title)
