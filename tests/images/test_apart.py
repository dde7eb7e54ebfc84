"""Pictures that are decoded in a process apart: it is ended in time, and nothing is lost or left by that."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from PIL import Image

from recognizer.errors import PictureError, RecognizerError
from recognizer.images import apart, decode
from recognizer.images.apart import MOST, end_all
from recognizer.images.decode import Limits, read_here, read_picture
from tests.images.hostile import encoded
from tests.images.hostile_boxes import HOSTILE_BOXES
from tests.images.large import one_tile, rows_png
from tests.images.odd_forms import photo
from tests.paths import ROOT

PROGRAM = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from recognizer.images.decode import read_picture\n"
    "read_picture(Path(sys.argv[1]).read_bytes())\n"
    "print('read', flush=True)\n"
    "time.sleep(60)\n"
)
# The most megabytes of a program that reads a picture, and of its process apart: the most, and at the end.
MEASURED = (
    "import re, sys\n"
    "from pathlib import Path\n"
    "from recognizer.images.decode import read_picture\n"
    "read_picture(Path(sys.argv[1]).read_bytes())\n"
    "def told(name, process): return int(re.search(name + r':\\s+(\\d+)', process.read_text())[1]) // 1024\n"
    "(child,) = ' '.join(one.read_text() for one in Path('/proc/self/task').glob('*/children')).split()\n"
    "child = Path('/proc', child, 'status')\n"
    "print(told('VmHWM', Path('/proc/self/status')), told('VmHWM', child), told('VmRSS', child))\n"
)


@pytest.fixture(scope="module")
def heic() -> bytes:
    return encoded(photo(), "HEIF")


def reason(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data)
    assert str(caught.value).endswith(".")
    return caught.value.reason


def children(process: int) -> list[int]:
    """The processes that one, by any of its threads, has started and not yet waited for."""
    files = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def only_process(data: bytes) -> int:
    """The process that has decoded a picture, with no other one that could take the next."""
    end_all()
    others = children(os.getpid())
    read_picture(data)
    (process,) = set(children(os.getpid())) - set(others)
    return process


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask again and again, for at most 20 seconds."""
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    assert is_so()


@pytest.mark.parametrize("form", ["HEIF", "AVIF", "TIFF", "PNG"])
def test_the_picture_is_the_same_as_here(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LARGE", 100 * 100)
    data = encoded(photo(), form, exif=Image.Exif())
    assert read_picture(data).tobytes() == read_here(data, Limits()).tobytes()


@pytest.mark.parametrize("kind", ["HEIC, turned again and again", "AVIF, frames"])
def test_decoding_without_end_is_ended_and_the_next_picture_is_read(kind: str, heic: bytes) -> None:
    data, before = HOSTILE_BOXES[kind](), time.process_time()
    assert reason(data) == "too_complex"
    assert time.process_time() - before < 0.5
    assert read_picture(heic).size == photo().size


def test_decoding_that_takes_too_much_memory_is_refused(heic: bytes) -> None:
    assert reason(HOSTILE_BOXES["HEIC, pictures that share one EXIF"]()) == "too_complex"
    assert reason(one_tile(65_536)) == "too_complex"
    assert read_picture(heic).size == photo().size


def test_limits_are_kept_apart_too(heic: bytes) -> None:
    width, height = photo().size
    assert read_picture(heic, Limits(longest_side=width // 2)).size == (width // 2, height // 2)
    with pytest.raises(PictureError, match="pixels") as caught:
        read_picture(heic, Limits(min_side=width))
    assert caught.value.reason == "too_small"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much memory is taken")
def test_large_pictures_take_no_memory_here(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(rows_png(6, 8, False))
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "large.png")]
    here, apart_while, apart_after = (int(told) for told in subprocess.check_output(command, cwd=ROOT).split())
    assert here < 100 and 300 < apart_while < 600 and apart_after < 100


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process is whose")
def test_a_process_that_was_ended_is_made_anew(heic: bytes) -> None:
    process = only_process(heic)
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: ") Z " in Path(f"/proc/{process}/stat").read_text())
    assert read_picture(heic).size == photo().size
    assert not Path(f"/proc/{process}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process is whose")
def test_a_process_that_does_not_answer_is_waited_for_no_longer(heic: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    process = only_process(heic)
    os.kill(process, signal.SIGSTOP)
    monkeypatch.setattr(apart, "LONGEST_WAIT", 0.2)
    assert reason(heic) == "too_complex"
    assert not Path(f"/proc/{process}").exists()
    monkeypatch.undo()
    assert read_picture(heic).size == photo().size


def test_many_threads_share_few_processes(heic: bytes) -> None:
    expected = read_picture(heic).tobytes()
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(read_picture, [heic] * 60))
    assert {picture.tobytes() for picture in pictures} == {expected}
    assert sys.platform != "linux" or len(children(os.getpid())) <= MOST + 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process is whose")
def test_nothing_is_left_when_the_program_is_killed(tmp_path: Path, heic: bytes) -> None:
    (tmp_path / "photo.heic").write_bytes(heic)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "photo.heic")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout and program.stdout.readline() == b"read\n"
        (process,) = children(program.pid)
        program.kill()
    wait_until(lambda: not Path(f"/proc/{process}").exists())


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_forked_process_has_its_own(heic: bytes) -> None:
    expected = read_picture(heic).tobytes()
    with get_context("fork").Pool(2) as pool:
        results = pool.map_async(_pixels, [heic] * 8)
        assert {read_picture(heic).tobytes() for _ in range(8)} == {expected}
        assert set(results.get(60)) == {expected}


def _pixels(data: bytes) -> bytes:
    return read_picture(data).tobytes()


@pytest.mark.parametrize("program", ["/no/such/python", "/bin/false"])
def test_no_further_process_is_a_sentence(program: str, heic: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    end_all()
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(RecognizerError, match=f"{program}.*\\.$"):
        read_picture(heic)
    monkeypatch.undo()
    assert read_picture(heic).size == photo().size


def test_the_process_loads_neither_torch_nor_fastai() -> None:
    program = (
        "import sys, recognizer.images.decoding_process as p; print(sorted({'torch', 'fastai'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True) == "[]\n"
