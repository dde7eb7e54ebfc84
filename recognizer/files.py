"""Files and folders that are whole or not there, folders with one writer, and one sentence where either cannot be.

write_whole(work / "reports" / "clean.json", data)
with whole_folder(work / "model") as half:
    ...                                             # fill it; it takes the place of the old one when all is in it
with alone_in(work):
    ...                                             # the only one who writes here; what a killed one left is gone
carried("recipes", "data/recipes")                  # a folder that comes with this program
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock, Timeout

from recognizer.errors import Unwritable, WorkInUse

LOCK = ".lock"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_HALF = re.compile(r".+\.[0-9a-f]{8}\.part")  # see `write_whole`


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, then rename it, so that no half file ever has the right name.

    Args:
        path: where the file shall be; missing folders are made.
        data: its bytes.

    Raises:
        Unwritable: the disk is full, the folder may not be written, or a folder is there.
    """
    with writing(path.parent):
        if path.is_dir():
            raise Unwritable(f"{path} is a folder, and cannot be written as a file; name a file, such as one in it.")
        half = path.with_suffix(f".{secrets.token_hex(4)}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            half.write_bytes(data)
            half.replace(path)
        except BaseException:
            half.unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of another one when all is in it, and is gone otherwise.

    Args:
        place: where the folder shall be; missing folders above it are made.
    """
    mend_folder(place)
    half = _beside(place, "part")
    half.mkdir(parents=True)
    try:
        yield half
        if place.exists():
            place.replace(_beside(place, "old"))
        half.replace(place)
    finally:
        mend_folder(place)


def mend_folder(place: Path) -> None:
    """Make good what a stop left of `whole_folder`: half a folder goes, and the old one is back where it was."""
    half, old = _beside(place, "part"), _beside(place, "old")
    if old.exists() and not place.exists():
        old.replace(place)
    for left in (half, old):
        if left.exists():
            shutil.rmtree(left)


def _beside(place: Path, what: str) -> Path:
    return place.with_name(f"{place.name}.{what}")


@contextmanager
def alone_in(work: Path) -> Iterator[None]:
    """Be the only one who writes into a work folder, and begin without what a killed one left half written.

    Whatever the stage writes meanwhile, by whatever library, a full or read-only disk becomes one sentence.

    Args:
        work: the folder; made if it is missing.

    Raises:
        WorkInUse: another program is writing into it.
        Unwritable: the disk is full, or the folder may not be written.
    """
    with hold(work / LOCK), _writes_told(work):
        mend_folder(work / "model")
        for file in work.rglob("*.part"):
            if _HALF.fullmatch(file.name):
                file.unlink()
        yield


@contextmanager
def _writes_told(work: Path) -> Iterator[None]:
    """Make one sentence of those OSErrors that can only come of writing; others have another cause."""
    try:
        yield
    except OSError as error:
        folder = Path(os.fsdecode(error.filename)).parent if isinstance(error.filename, str | bytes) else work
        if error.errno in _FULL or (error.errno in _FORBIDDEN and folder.resolve().is_relative_to(work.resolve())):
            raise unwritable(folder, error.strerror or str(error), error.errno in _FULL) from error
        raise


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make one sentence of what keeps a folder from being written.

    Raises:
        Unwritable: for any OSError within.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error), error.errno in _FULL) from error


def unwritable(folder: Path, why: str, full: bool) -> Unwritable:
    """Return the error which says that a folder cannot be written, and the way out."""
    way_out = "free some space there" if full else "make it writable, or name another folder"
    return Unwritable(
        f"{folder} cannot be written ({why}); {way_out}, and run the command again: it goes on from here."
    )


@contextmanager
def hold(lock: Path, seconds: float = 0.0) -> Iterator[None]:
    """Be the only one within that holds a lock file; the system frees it when a program ends, however it ends.

    Args:
        lock: the file, in the folder that it is for; made if it is missing, and left there.
        seconds: how long to wait for it.

    Raises:
        WorkInUse: another program holds it.
        Unwritable: the folder may not be written.
    """
    held = FileLock(lock, timeout=seconds, thread_local=False)
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire()
        except Timeout as error:
            raise WorkInUse(
                f"Another run is at work in {lock.parent}; wait until it is done, or stop it and run the command again."
            ) from error
    try:
        yield
    finally:
        held.release()


def carried(inside: str, beside: str) -> Path:
    """Return a folder that comes with this program; setup.py puts it into the package as it is installed.

    Args:
        inside: where it is in an installed package.
        beside: where it is in a checkout, beside the package.
    """
    package = Path(str(files("recognizer")))
    return package / inside if (package / inside).is_dir() else package.parent / beside
