"""Uploads are gone once they are answered, and whatever else becomes of them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file

from recognizer.cli.sentences import BY_CTRL_C
from recognizer.errors import Unwritable
from recognizer.serve.uploads import HERE, Uploads
from tests.conftest import Built, Served
from tests.serve.asking import answered, client, half_sent, of_upload, serving, upload, wait_for
from tests.serve.test_guard import BEGUN, FORM

LONG_AGO = time.time() - 1000


@pytest.fixture
def page(served: Served) -> Iterator[httpx.Client]:
    with client(served.url) as opened:
        yield opened


def files(folder: Path) -> list[Path]:
    """List what is no folder, while others may be deleting it."""
    return [Path(inner, name) for inner, _, names in os.walk(folder) for name in names]


def is_begun(folder: Path) -> bool:
    """Tell whether part of an upload is there."""
    with suppress(FileNotFoundError):
        return any(path.stat().st_size for path in files(folder))
    return False


def test_a_photo_is_gone_with_its_answer(served: Served) -> None:
    before = set(files(HERE.root))
    Client(served.url, verbose=False).predict(handle_file(served.photos[0]), api_name="/predict")
    assert set(files(HERE.root)) <= before


@pytest.mark.parametrize("data", [b"no photo", b"", bytes(20_000_000)])
def test_what_is_no_photo_is_gone_with_its_answer(page: httpx.Client, data: bytes) -> None:
    path = upload(page, data)
    assert answered(page, of_upload(path))[0] == "error"
    assert not Path(path).exists()


def test_two_visitors_may_have_the_same_photo(page: httpx.Client, served: Served) -> None:
    """Where one upload of it is deleted, the other stays."""
    first, second = (upload(page, served.photos[0].read_bytes()) for _ in range(2))
    assert answered(page, of_upload(first))[0] == "complete"
    assert answered(page, of_upload(second))[0] == "complete"
    assert not Path(first).exists() and not Path(second).exists()


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    before = set(HERE.folder.iterdir())
    with half_sent(served.url, "/gradio_api/upload", FORM, BEGUN + bytes(100_000), 1_000_000):
        assert wait_for(lambda: is_begun(HERE.folder), 10)
    assert wait_for(lambda: set(HERE.folder.iterdir()) <= before, 10)


def test_an_upload_that_nobody_asks_about_is_gone_soon(
    page: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(upload(page, served.photos[0].read_bytes()))
    assert path.exists()
    monkeypatch.setattr(HERE, "kept_for", 0.5)
    assert wait_for(lambda: not path.parents[1].exists(), 10)


def test_a_full_folder_takes_no_more_until_there_is_room(
    page: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = served.photos[0].read_bytes()
    assert answered(page, of_upload(upload(page, bytes(20_000_000))))[0] == "error"  # gone again, and not counted
    HERE.sweep()
    monkeypatch.setattr(HERE, "largest", sum(path.stat().st_size for path in files(HERE.root)) + 3_000_000)
    codes = [page.post("/gradio_api/upload", files={"files": ("a", bytes(1_000_000))}).status_code for _ in range(5)]
    assert codes[0] == 200 and codes[-1] == 503
    monkeypatch.setattr(HERE, "kept_for", 0.5)

    def taken() -> bool:
        return page.post("/gradio_api/upload", files={"files": ("a.jpg", photo)}).status_code == 200

    assert wait_for(taken, 10)


def test_a_sweep_deletes_what_is_old_whoever_left_it_and_nothing_else(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "root")
    for name in ("root/4242-abc/place/sha/photo.jpg", "root/4242-abc/place/half", "root/stray", "neighbour/old.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    outside = tmp_path / "neighbour" / "old.jpg"
    (tmp_path / "root" / "link").symlink_to(outside)
    for path in [*tmp_path.rglob("*"), tmp_path / "root"]:
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    uploads.start()
    fresh = uploads.new_place() / "photo.jpg"
    fresh.write_bytes(b"x")
    uploads.sweep()
    assert files(tmp_path / "root") == [fresh]
    assert outside.exists()
    uploads.close()
    assert files(tmp_path / "root") == []


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_folder_that_somebody_else_put_there_is_not_used(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "root"
    root.symlink_to(tmp_path) if kind == "link" else root.write_bytes(b"")
    with pytest.raises(Unwritable, match=r"Uploads need the folder .*root.*GRADIO_TEMP_DIR\.$"):
        Uploads(root).start()
    assert list(tmp_path.iterdir()) == [root]


def test_no_other_file_is_deleted(served: Served) -> None:
    for path in (str(served.photos[0]), "\0", "", ".", str(HERE.folder), str(HERE.root), f"{HERE.folder}/.."):
        HERE.forget(path)
    assert served.photos[0].exists() and HERE.folder.is_dir()


@contextmanager
def served_apart(
    built: Built, temporary: Path, most_files: int = 1024
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve in a process of its own, with a temporary folder of its own, and with so many open files to begin with."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "recognizer", "serve", str(built.recipe), "--work", str(built.work)]
    limited = ["sh", "-c", f'ulimit -S -n {most_files}; exec "$@"', "sh", *command, "--port", str(port)]
    process = subprocess.Popen(limited, env={**os.environ, "GRADIO_TEMP_DIR": str(temporary)})
    address = f"http://127.0.0.1:{port}"
    try:
        assert wait_for(lambda: _is_up(address) or process.poll() is not None, 120)
        yield address, process
    finally:
        process.kill()
        process.wait()


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/config", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_by_a_process_that_ends_nor_by_one_before_it(
    built: Built, tmp_path: Path, number: signal.Signals
) -> None:
    left = tmp_path / f"recognizer-{os.getuid()}"
    old = left / "4242-abc" / "place" / "photo.jpg"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (LONG_AGO, LONG_AGO))
    (tmp_path / "other.txt").write_text("mine")
    with served_apart(built, tmp_path) as (address, process), client(address) as page:
        assert not old.exists()
        path = Path(upload(page, b"a photo that nobody asks about"))
        assert path.is_relative_to(left)
        with half_sent(address, "/gradio_api/upload", FORM, BEGUN + bytes(100_000), 1_000_000):
            assert wait_for(lambda: len(files(left)) == 2, 10)
            process.send_signal(number)
            assert process.wait(30) == 128 + number  # what shells have for it, and for Ctrl-C what --help tells
    assert files(tmp_path) == [tmp_path / "other.txt"]


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_pressed_twice_ends_it_in_order(built: Built, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with served_apart(built, tmp_path) as (_, process):
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == BY_CTRL_C
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_connections_that_ask_nothing_shut_nobody_out(built: Built, served: Served, tmp_path: Path) -> None:
    with served_apart(built, tmp_path, most_files=256) as (address, _), ExitStack() as idle:
        place = urlsplit(address)
        for _ in range(400):
            idle.enter_context(socket.create_connection((place.hostname, place.port), timeout=10))
        with client(address) as page:
            assert answered(page, of_upload(upload(page, served.photos[0].read_bytes())))[0] == "complete"


def test_a_folder_that_somebody_else_made_or_swept_away_is_this_users_alone(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "root")
    uploads.folder.mkdir(parents=True, mode=0o755)
    uploads.start()
    assert uploads.folder.stat().st_mode & 0o777 == 0o700
    uploads.folder.rmdir()
    place = uploads.new_place()
    assert place.stat().st_mode & 0o777 == uploads.folder.stat().st_mode & 0o777 == 0o700
    uploads.close()


@pytest.mark.slow
def test_nothing_is_left_under_load(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 visitors for 5 seconds, of whom every fourth asks nothing about an upload, and some break off."""
    monkeypatch.setattr(HERE, "kept_for", 8.0)
    photos = [photo.read_bytes() for photo in served.photos]
    end = time.monotonic() + 5
    wrong: list[object] = []
    with serving(served.model) as (address, app):
        threads = [threading.Thread(target=_visit, args=(address, photos, number, end, wrong)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert wait_for(lambda: not files(HERE.folder), 60)
        queue = app.get_blocks()._queue
        assert len(app.state_holder.session_data) <= 16 and not queue.event_ids_to_events
        assert not app.get_blocks().upload_file_set


def _visit(address: str, photos: list[bytes], number: int, end: float, wrong: list[object]) -> None:
    with client(address) as page:
        turn = number
        while time.monotonic() < end:
            turn += 1
            path = upload(page, photos[turn % len(photos)])
            if turn % 4 and (answer := answered(page, of_upload(path)))[0] != "complete":
                wrong.append(answer)
            if turn % 16 == 0:
                with half_sent(address, "/gradio_api/upload", FORM, BEGUN + bytes(10_000), 1_000_000):
                    pass
