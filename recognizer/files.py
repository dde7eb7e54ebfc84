"""Files that are whole or not there, folders with one writer, and one sentence where either cannot be.

write_whole(work / "reports" / "clean.json", data)
with hold(work / ".lock"):
    ...
"""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recognizer.errors import Unwritable, WorkInUse

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, then rename it, so that no half file ever has the right name.

    Args:
        path: where the file shall be; missing folders are made.
        data: its bytes.

    Raises:
        Unwritable: the disk is full, or the folder may not be written.
    """
    half = path.with_suffix(f".{secrets.token_hex(4)}.part")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            half.write_bytes(data)
            half.replace(path)
        except BaseException:
            half.unlink(missing_ok=True)
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
    way_out = "free some space there" if full else "make it writable, or choose another folder with --work"
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
