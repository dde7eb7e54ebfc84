"""Files and folders that a stop leaves whole or not there, whenever it comes; and one sentence for a full disk."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.errors import Unwritable, WorkInUse
from recognizer.files import alone_in, whole_folder, write_whole
from tests.paths import ROOT

# Writes a folder anew, and is killed before the system does the n-th thing to a path.
WRITE = """
import os, signal, sys
from pathlib import Path
from recognizer.files import alone_in, whole_folder, write_whole
work, left = Path(sys.argv[1]), int(sys.argv[2])
def watch(event, arguments):
    global left
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir") and str(work) in str(arguments[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
with alone_in(work):
    with whole_folder(work / "model") as half:
        write_whole(half / "a.txt", b"new")
        write_whole(half / "b.txt", b"new")
    write_whole(work / "reports" / "a.json", b"new")
"""


def write(work: Path, left: int) -> int:
    return subprocess.run([sys.executable, "-c", WRITE, work, str(left)], cwd=ROOT, check=False).returncode


def contents(work: Path) -> dict[str, bytes]:
    return {str(file.relative_to(work)): file.read_bytes() for file in work.rglob("*") if file.is_file()}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write_whole(tmp_path / "model" / "a.txt", b"old")
    write_whole(tmp_path / "photos" / "mine.part", b"somebody's")
    return tmp_path


def test_a_stop_at_any_moment_leaves_the_old_or_the_new_and_nothing_half(work: Path) -> None:
    mine, lock = ("photos/mine.part", b"somebody's"), (".lock", b"")
    old = dict([("model/a.txt", b"old"), mine, lock])
    new = dict([("model/a.txt", b"new"), ("model/b.txt", b"new"), mine, lock])
    seen: list[dict[str, bytes]] = []
    while write(work, len(seen)) == -signal.SIGKILL:
        with alone_in(work):
            seen.append(contents(work))
            write_whole(work / "model" / "a.txt", b"old")
            (work / "model" / "b.txt").unlink(missing_ok=True)
    assert seen == [old] * seen.count(old) + [new] * seen.count(new) and len(seen) > 12 and new in seen
    assert contents(work) == new | {"reports/a.json": b"new"}


def test_a_folder_that_could_not_be_filled_stays_as_it_was(work: Path) -> None:
    before = contents(work)
    with pytest.raises(ZeroDivisionError), whole_folder(work / "model") as half:
        write_whole(half / "a.txt", b"new")
        1 / 0  # noqa: B018
    assert contents(work) == before


@pytest.mark.parametrize("name", ["model", ".", "..", "/", ""])
def test_a_folder_is_no_file_to_write(work: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(work)
    before = contents(work)
    with pytest.raises(Unwritable, match="is a folder, and cannot be written as a file; name a file"):
        write_whole(Path(name), b"new")
    assert contents(work) == before


def test_two_never_write_at_once(work: Path) -> None:
    with alone_in(work), pytest.raises(WorkInUse, match=f"Another run is at work in {work}; wait"), alone_in(work):
        pass


@pytest.mark.parametrize(
    ("code", "name", "sentence"),
    [
        (errno.ENOSPC, None, "{work} cannot be written (No space left on device); free some space there, and run"),
        (errno.EDQUOT, "{work}/runs/1/a.pth", "{work}/runs/1 cannot be written (Disk quota exceeded); free some space"),
        (errno.EFBIG, "/elsewhere/a", "/elsewhere cannot be written (File too large); free some space there"),
        (errno.EROFS, "{work}/reports/a.json", "{work}/reports cannot be written (Read-only file system); make it"),
        (errno.EACCES, None, "{work} cannot be written (Permission denied); make it writable"),
    ],
)
def test_whatever_library_writes_a_full_or_read_only_disk_is_one_sentence(
    work: Path, code: int, name: str | None, sentence: str
) -> None:
    with pytest.raises(Unwritable) as caught, alone_in(work):
        raise OSError(code, os.strerror(code), name and name.format(work=work))
    assert str(caught.value).startswith(sentence.format(work=work))


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file"), PermissionError(13, "No", "/etc/shadow"), ConnectionResetError()]
)
def test_errors_of_other_causes_stay_what_they_are(work: Path, error: OSError) -> None:
    with pytest.raises(type(error)) as caught, alone_in(work):
        raise error
    assert caught.value is error
