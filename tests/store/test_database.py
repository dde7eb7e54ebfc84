"""What happens to a photo store: several programs at once, full and read-only disks."""

import os
import signal
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from recognizer.errors import Unwritable, WorkInUse
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from tests.paths import ROOT
from tests.small_store import LABELS, assert_rows_and_files_agree, fill, ids, opened, prepared, python, rows, state

PROGRAMS = 4
FOLDERS = 12
BIG = 300  # kB of a photo that is too large where only `LITTLE` bytes may be written
LITTLE = 250_000


# Several programs at once


def open_new_folders(folder: Path, gate: Barrier) -> None:
    for number in range(FOLDERS):
        gate.wait(60)
        with PhotoStore(folder / str(number), LABELS) as store:
            store.hits.add_page("sample", str(os.getpid()), "Kilim", 1, [])


def test_several_programs_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    context = get_context("spawn")
    gate = context.Barrier(PROGRAMS)
    programs = [context.Process(target=open_new_folders, args=(tmp_path, gate)) for _ in range(PROGRAMS)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    assert [program.exitcode for program in programs] == [0] * PROGRAMS
    for number in range(FOLDERS):
        with PhotoStore(tmp_path / str(number), LABELS) as store:
            assert len(rows(store, "SELECT * FROM searches")) == PROGRAMS


HOLD = """
import sys
from pathlib import Path
from recognizer.store.photo_store import PhotoStore
with PhotoStore(Path(sys.argv[1]), []) as store, store.locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_of_the_first_which_leaves_no_lock_when_killed(tmp_path: Path) -> None:
    with opened(tmp_path) as store, python(HOLD, tmp_path) as holder:
        store.photos.add(ids(store, "Kilim")[0], prepared("a"))
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(WorkInUse, match=f"{tmp_path}; wait"), store.locked():
            pass
        store.decisions.add(Decision(prepared("a").sha256, "drop", "a reason", by="ann"))
        assert store.photos.kept() == [], "others read and decide meanwhile"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with store.locked():
            fill(store)
    assert_rows_and_files_agree_in(tmp_path)


def assert_rows_and_files_agree_in(work: Path) -> None:
    with PhotoStore(work, LABELS) as store:
        store.repair()
        store.photos.remove_strays()
        assert_rows_and_files_agree(store)


# Disks that are full or read-only

STORE_ALL = """
import resource, sys
from pathlib import Path
from recognizer.errors import Unwritable
from recognizer.store.photo_store import PhotoStore
from tests.small_store import ENGINE, LABELS, prepared
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    with PhotoStore(Path(sys.argv[1]), LABELS) as store:
        store.repair()
        for label in LABELS:
            for hit in store.hits.to_fetch(label, 100_000, [ENGINE]):
                store.photos.add(hit.id, prepared(str(hit.id) * int(sys.argv[2])))
    print("done")
except Unwritable as error:
    print(error)
"""
HITS = 60


def filled(work: Path, size: int) -> tuple[object, ...]:
    """What becomes of a store on a good disk."""
    return stored(work, size, 0, "done\n")


def stored(work: Path, size: int, most: int, *said: str) -> tuple[object, ...]:
    """Store photos until all are, or the disk is full; return the store that this leaves."""
    with python(STORE_ALL, work, str(size), str(most)) as program:
        out, _ = program.communicate()
    assert program.returncode == 0 and all(part in out for part in said), out
    with PhotoStore(work, LABELS) as store:
        return state(store)


@pytest.mark.parametrize("size", [5, BIG * 500], ids=["database", "photo"])
def test_a_full_disk_is_one_sentence_and_a_rerun_completes(tmp_path: Path, size: int) -> None:
    """Files may not grow beyond a limit: photos are too large for it, or the database is in the end."""
    work, other = tmp_path / "full", tmp_path / "good"
    for folder in (work, other):
        with opened(folder, HITS):
            pass
    stopped = stored(work, size, LITTLE, str(work), "cannot be written", "free some space", "again")
    whole = filled(other, size)
    assert stopped != whole
    assert_rows_and_files_agree_in(work)
    assert filled(work, size) == whole


IN_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=932k none "$1"
"$2" -c "$3" "$1" 20000 0
mount -o remount,ro "$1"
"$2" -c "$3" "$1" 20000 0
mount -o remount,rw,size=50m "$1"
"$2" -c "$3" "$1" 20000 0
cp -r "$1"/. "$4"
"""


def test_a_real_disk_that_is_full_then_read_only_then_has_space(tmp_path: Path) -> None:
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no mounts of one's own; the file limits above are tested all the same")
    disk, copy, good = tmp_path / "disk", tmp_path / "copy", tmp_path / "good"
    disk.mkdir()
    copy.mkdir()
    program = STORE_ALL.replace("store.repair()", OPEN_HITS)
    command = [*inside, "sh", "-c", IN_A_SMALL_DISK, "sh", str(disk), sys.executable, program, str(copy)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    full, read_only, last = done.stdout.splitlines()
    assert str(disk) in full and "cannot be written" in full and "free some space" in full
    assert f"{disk} cannot be written" in read_only and "make it writable" in read_only
    assert last == "done"
    with opened(good, HITS):
        pass
    whole = filled(good, 20000)
    with PhotoStore(copy, LABELS) as store:
        assert state(store) == whole


OPEN_HITS = """store.repair()
        if not store.hits.count("waiting") + store.hits.count("stored"):
            from tests.small_store import hits
            for label in LABELS:
                store.hits.add_page("duckduckgo", label.lower(), label, 1, hits(label, 60))"""


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unwritable, match=f"{tmp_path}/file/work cannot be written"):
        PhotoStore(tmp_path / "file" / "work", LABELS)
