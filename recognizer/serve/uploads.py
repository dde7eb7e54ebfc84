"""The folder of this process for what visitors upload: only files in it are read, and nothing stays in it.

HERE.start()
place = HERE.new_place()          # an empty folder for one upload
data = HERE.read(path)            # a regular file of this folder, or an example of the model; nothing else
HERE.forget(path)                 # gone, as soon as the answer has what it needs
HERE.forget_soon(path)            # gone in a few seconds, when the page has shown it

    <temporary folder>/recognizer-<user>/      0700; every process sweeps all of it by age, a killed one's files too
      <process>/<upload>/<sha256>/<name>       what Gradio writes; half an upload is a file beside <sha256>
"""

import math
import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from recognizer.errors import Unwritable
from recognizer.images.decode import Limits

LARGEST_PHOTO = Limits().bytes
KEPT_FOR = 60.0  # seconds; what is older is deleted, asked about or not
SHOWN_FOR = 5.0  # seconds after its answer
SWEPT_EVERY = 2.0  # seconds
LARGEST_FOLDER = 400_000_000  # bytes; above it no upload is taken, above half of it they are kept a third as long
BLOCK = 4096  # bytes that a folder counts for, however little it holds
NAME = "recognizer-"


class NotReadable(Exception):
    """Not a file of this folder, or none that may be read; the message is one sentence for a person."""


class Uploads:
    """A folder of its own for the uploads of a process.

    Args:
        root: the folder for all processes of this user; made by `start`, for this user alone.
        kept_for: seconds until an upload that nobody asks about is deleted.
        largest: bytes that all processes' uploads may take together.
    """

    def __init__(self, root: Path, kept_for: float = KEPT_FOR, largest: int = LARGEST_FOLDER) -> None:
        self.root = root
        self.folder = root / f"{os.getpid()}-{secrets.token_hex(8)}"
        self.kept_for = kept_for
        self.largest = largest
        self._shown: set[Path] = set()
        self._shown_until: list[tuple[float, str]] = []
        self._used = 0
        self._since = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Make the folder, delete what an earlier process left, and go on deleting by age; again is harmless.

        Raises:
            Unwritable: the folder for all uploads cannot be made, or belongs to somebody else.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _own(self.root)
            self._make_folder()
        except OSError as error:
            raise Unwritable(
                f"Uploads need the folder {self.root}, which is not this user's to write ({error}); "
                "name another one in GRADIO_TEMP_DIR."
            ) from error
        self.sweep()
        if self._thread is None or not self._thread.is_alive():
            self._ended.clear()
            self._thread = threading.Thread(target=self._go_on, name="uploads", daemon=True)
            self._thread.start()

    def show(self, files: Iterable[Path]) -> None:
        """Let these files be read as well, as long as they are where they are now: the examples of a model."""
        self._shown |= {file.resolve() for file in files}

    def new_place(self) -> Path:
        """Return a new, empty folder for one upload, whose name nobody can guess."""
        self._make_folder()
        place = self.folder / secrets.token_urlsafe(16)
        place.mkdir(mode=0o700)
        self.note(BLOCK)
        return place

    def _make_folder(self) -> None:
        """Make the folder, which another process sweeps away while it is empty, and which Gradio may have made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _own(self.folder)

    def note(self, arrived: int) -> None:
        """Count bytes that arrive or, below 0, go, until the next sweep counts what is there."""
        with self._lock:
            self._since += arrived

    @property
    def full(self) -> bool:
        """Whether no further upload is to be taken."""
        return self._used + self._since > self.largest

    def find(self, path: str) -> Path | None:
        """Return the regular file at a path if it is an upload of this process or shown, however it is written.

        Args:
            path: what a visitor names; may be anything.
        """
        try:
            found = Path(path).resolve()
            ours = self._is_upload(found) or found in self._shown
            return found if ours and stat.S_ISREG(found.lstat().st_mode) else None
        except (OSError, ValueError, RuntimeError):
            return None

    def read(self, path: str) -> bytes:
        """Return the bytes of an upload or a shown file.

        Args:
            path: what a visitor names; may be anything.

        Raises:
            NotReadable: it is neither, it is gone, or it has over `LARGEST_PHOTO` bytes.
        """
        found = self.find(path)
        if found is None:
            raise NotReadable("This photo is not here, or deleted here already; choose it again.")
        try:
            data = _read_regular(found, LARGEST_PHOTO + 1)
        except OSError as error:
            raise NotReadable("This photo is deleted here already; choose it again.") from error
        if len(data) > LARGEST_PHOTO:
            raise NotReadable(f"This file has over {LARGEST_PHOTO // 1_000_000} MB; use a smaller copy.")
        return data

    def forget(self, path: str) -> None:
        """Delete an upload with its folder; a file that is no upload stays.

        Args:
            path: the file, or the folder that `new_place` gave.
        """
        try:
            place = Path(path).resolve().relative_to(self.folder.resolve()).parts[:1]
        except (OSError, ValueError, RuntimeError):
            return
        for name in place:
            self.note(-_size(self.folder / name))
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def forget_soon(self, path: str) -> None:
        """Delete an upload after `SHOWN_FOR` seconds, in which the page of its visitor loads it.

        Args:
            path: the file; one that is no upload stays.
        """
        with self._lock:
            self._shown_until.append((time.monotonic() + SHOWN_FOR, path))

    def sweep(self) -> None:
        """Delete what is older than `kept_for` seconds, of every process, or a third of that when much is there."""
        self._forget_shown()
        self._since = 0
        kept_for = self.kept_for if self._used < self.largest / 2 else self.kept_for / 3
        used = 0
        for folder, folders, files in os.walk(self.root, topdown=False):
            used += sum(_delete_if_old(Path(folder, name), kept_for) for name in files)
            used += sum(_delete_if_old(Path(folder, name), kept_for, self.folder) for name in folders)
        self._used = used

    def close(self) -> None:
        """Delete all uploads of this process and stop sweeping."""
        self._ended.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _forget_shown(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [path for until, path in self._shown_until if until <= now]
            self._shown_until = [(until, path) for until, path in self._shown_until if until > now]
        for path in over:
            self.forget(path)

    def _is_upload(self, found: Path) -> bool:
        folder = self.folder.resolve()
        return found != folder and found.is_relative_to(folder)

    def _go_on(self) -> None:
        while not self._ended.wait(min(SWEPT_EVERY, self.kept_for)):
            self.sweep()


def _own(folder: Path) -> None:
    """See to it that a folder is a real one of this user, whom nobody else can look over the shoulder."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or (hasattr(os, "getuid") and facts.st_uid != os.getuid()):
        raise PermissionError("it belongs to somebody else")
    folder.chmod(0o700)


def _read_regular(path: Path, most: int) -> bytes:
    """Read a file without waiting for one that is a pipe or a device by now, nor following a link."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileNotFoundError(path)
        return file.read(most)


def _size(folder: Path) -> int:
    """Return the bytes that a folder and the files in it count for."""
    held = (Path(inner, name) for inner, _, names in os.walk(folder) for name in names)
    return BLOCK + sum(_delete_if_old(path, math.inf) for path in held)


def _delete_if_old(path: Path, kept_for: float, never: Path | None = None) -> int:
    """Return the bytes that a file or folder goes on taking: none if it was old, and empty where it is a folder."""
    try:
        facts = path.lstat()
        is_folder = stat.S_ISDIR(facts.st_mode)
        if path != never and abs(time.time() - facts.st_mtime) > kept_for:
            path.rmdir() if is_folder else path.unlink()
            return 0
    except FileNotFoundError:
        return 0
    except OSError:
        pass  # a folder that is not empty
    return BLOCK if is_folder else facts.st_size


def _root() -> Path:
    """Return the folder for uploads of all processes of this user, in GRADIO_TEMP_DIR where that is set."""
    base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    if base.parent.name.startswith(NAME):  # set by a process that started this one
        return base.parent
    return base / f"{NAME}{os.getuid() if hasattr(os, 'getuid') else 'uploads'}"


HERE = Uploads(_root())
