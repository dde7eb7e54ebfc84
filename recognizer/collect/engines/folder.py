"""A folder of one's own photos as an engine: one subfolder for each class, called like the class.

    own/Kilim/1.jpg  own/kilim/red/2.jpg    ->  folder:Kilim/1.jpg?70311-1764…  folder:Kilim/red/2.jpg?…

Addresses tell nothing of where the folder lies; names are percent-encoded in them. Behind the question mark stand the
size of the file and when it was written, so that another photo under the same name is another hit. Links are followed:
they are the owner's. An address that somebody changed leads to nothing outside.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from recognizer.collect.engines.engine import Engine
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import EngineRefused, RecipeError
from recognizer.images.decode import Limits
from recognizer.names import folder_name, loosely, stays_below
from recognizer.recipe import PhotoClass
from recognizer.store.rows import Hit

HITS_A_PAGE = 100
SCHEME = "folder:"


class Folder(Engine):
    """An engine whose pictures are files of this machine.

    Args:
        folder: holds a subfolder for each class, or a link to one; upper and lower case are the same, and for a name
            that no folder can have, such as AC/DC, any sign stands for what is not possible: AC_DC.
        most_bytes: largest file that is read.
    """

    name = "folder"
    good_for = 0  # photos may have been put there since

    def __init__(self, folder: Path, most_bytes: int | None = None) -> None:
        self._folder = folder
        self._most_bytes = Limits().bytes if most_bytes is None else most_bytes
        self._hits: dict[str, list[Hit]] = {}
        self._labels: set[str] = set()

    def queries(self, photo_class: PhotoClass) -> list[str]:
        """Return the class's name, which is the subfolder's."""
        return [photo_class.name]

    def check(self, classes: Sequence[PhotoClass], work: Path) -> None:
        """See that the folder is there, has a subfolder for each class, and is apart from the work folder.

        Args:
            classes: the classes.
            work: the work folder.

        Raises:
            RecipeError: the folder is the work folder, or one of them holds the other.
            EngineRefused: the folder is missing or cannot be read, or has not one subfolder for each class.
        """
        found = self.called(classes)
        for own in (self._folder, *(path for paths in found.values() for path in paths)):
            _see_apart(own, work)
        for label, paths in found.items():
            if len(paths) != 1:
                raise EngineRefused(self._not_one(label, paths, self.subfolders()))

    def called(self, classes: Sequence[PhotoClass]) -> dict[str, list[Path]]:
        """Return the subfolders that are called like each class; where all is well, one of each.

        Args:
            classes: the classes; only these are asked for later.

        Raises:
            EngineRefused: the folder is missing or cannot be read.
        """
        self._labels = {photo_class.name for photo_class in classes}
        there = self.subfolders()
        return {photo_class.name: self._called(photo_class.name, there) for photo_class in classes}

    def subfolders(self) -> list[Path]:
        """Return the subfolders and links to folders, of classes and others.

        Raises:
            EngineRefused: the folder is missing or cannot be read.
        """
        try:
            return [path for path in self._folder.iterdir() if path.is_dir()]
        except OSError as error:
            raise EngineRefused(
                f"The folder {self._folder} cannot be read: {error.strerror}. Make it, with one subfolder of photos "
                "for each class, or name another with --folder, or as folder under [collect] in the recipe."
            ) from error

    def file(self, address: str) -> Path:
        """Return the file of a hit, seen from the folder; it need not be there.

        Args:
            address: the `image` of a hit.

        Raises:
            DownloadError: `forbidden_address` for what is not below the folder.
            EngineRefused: there is no subfolder of its class.
        """
        return self._place(address).relative_to(self._folder)

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
            files = {path.relative_to(top): path.stat() for path in _files(top)}
        except OSError as error:
            raise EngineRefused(f"The folder {error.filename} cannot be read: {error.strerror}.") from error
        seen = {name.as_posix(): facts for name, facts in files.items() if not _is_hidden(name)}
        return [_hit(label, name, seen[name]) for name in sorted(seen)]

    def _see_that_it_is_there(self) -> None:
        if not self.subfolders():
            raise EngineRefused(
                f"There is nothing in the folder {self._folder} any more. What was found there waits: if it lies on "
                "another disk, plug that in, and run the same command again."
            )

    def _subfolder(self, label: str) -> Path:
        subfolders = self.subfolders()
        found = self._called(label, subfolders)
        if len(found) != 1:
            raise EngineRefused(self._not_one(label, found, subfolders))
        return found[0]

    def _called(self, label: str, subfolders: Sequence[Path]) -> list[Path]:
        """Return the subfolders that are called like a class, and not like another one."""
        free = [path for path in subfolders if path.name == label or path.name not in self._labels]
        return [path for path in free if path.name == folder_name(label) or loosely(path.name) == loosely(label)]

    def _not_one(self, label: str, found: Sequence[Path], subfolders: Sequence[Path]) -> str:
        there = ", ".join(sorted(path.name for path in subfolders)) or "none"
        wrong = "more than one folder" if found else "no folder"
        way_out = "leave one of them" if found else "rename one, make one or put a link there, an empty one if need be"
        return (
            f"There is {wrong} for “{label}” in {self._folder}; each class has to have one, called like it. Found: "
            f"{there}. If they lie on another disk, plug that in; else {way_out}."
        )

    def _path(self, address: str) -> Path:
        path = self._place(address)
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def _place(self, address: str) -> Path:
        label, _, name = address.removeprefix(SCHEME).partition("?")[0].partition("/")
        below = Path(_decoded(name))
        if not address.startswith(SCHEME) or not stays_below(below):
            raise DownloadError("forbidden_address")
        return self._subfolder(_decoded(label)) / below


def _files(top: Path) -> Iterator[Path]:
    """Find the files in and below a folder, behind links too; one that leads back is not followed again."""
    known: set[str] = set()
    for place, folders, names in os.walk(top, onerror=_tell, followlinks=True):
        known.add(os.path.realpath(place))
        folders[:] = sorted(name for name in folders if os.path.realpath(Path(place, name)) not in known)
        yield from (path for name in names if (path := Path(place, name)).is_file())


def _see_apart(own: Path, work: Path) -> None:
    """Refuse a folder of one's own photos that lies in the work folder or around it."""
    for ours in (work, work / "photos", *(work / "photos").glob("*/")):
        if _holds(ours, own) or _holds(own, ours):
            raise RecipeError(
                f"The folder {own} of your own photos and the work folder {work} may not lie in each other, since the "
                "photos of a collection come from the one and go to the other: move your photos, or choose another "
                "work folder with --work."
            )


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


def _encoded(name: str, safe: str = "") -> str:
    return quote(os.fsencode(name), safe)


def _decoded(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))


def _is_hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def _hit(label: str, name: str, facts: os.stat_result) -> Hit:
    title = Path(name).stem.encode("utf-8", "replace").decode()
    address = f"{SCHEME}{_encoded(label)}/{_encoded(name, safe='/')}?{facts.st_size}-{facts.st_mtime_ns}"
    return Hit(address, title=title)
