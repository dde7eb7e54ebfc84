"""A run that is killed at any moment and started again ends like one that was not."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.collect.threads import Decoders
from tests.collect.collecting import (
    CLASSES,
    STORED,
    Run,
    State,
    Web,
    assert_same,
    read_state,
    set_environment,
    write_bare_web,
    write_recipe,
)
from tests.collect.test_own_photos import draw_own
from tests.paths import ROOT
from tests.web import SmallWeb
from tests.web_answers import Reply


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something has happened, while a process runs."""
    never = threading.Event()
    while not reached():
        assert process.poll() is None, "the run ended before the moment came"
        never.wait(0.002)


def collecting(recipe: Path, work: Path) -> list[str]:
    program = "from recognizer.cli.commands import app; app()"
    return [sys.executable, "-c", program, "collect", str(recipe), "--work", str(work)]


def kill_and_restart(web: SmallWeb, recipe: Path, work: Path, reached: Callable[[], bool]) -> State:
    """Kill a run at a moment; return what a second run ends with."""
    command = collecting(recipe, work)
    variables = os.environ | web.environment
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL) as process:
        wait_for(reached, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=True)
    return read_state(work)


def photo_files(work: Path) -> int:
    return len(list((work / "photos").glob("*/*.jpg")))


def killed_once(undisturbed: Run, work: Path, requests: int, files: int) -> State:
    """Do a run again and kill it once so many requests and files are there; return what a second run ends with."""
    with SmallWeb(undisturbed.folder / "web") as web:
        return kill_and_restart(
            web, undisturbed.recipe, work, lambda: len(web.requests) >= requests and photo_files(work) >= files
        )


@pytest.mark.slow
@pytest.mark.parametrize(("requests", "files"), [(30, 0), (0, STORED * len(CLASSES))])
def test_a_killed_run_ends_like_an_undisturbed_one(
    run: Run, tmp_path: Path, requests: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, {})
    assert_same(killed_once(run, tmp_path / "work", requests, files), run.state)


@pytest.mark.parametrize(("requests", "files"), [(7, 0), (40, 0), (0, 1), (0, 14)])
def test_a_killed_run_with_a_target_in_reach_ends_like_an_undisturbed_one(
    quick_run: Run, tmp_path: Path, requests: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, {})
    state = killed_once(quick_run, tmp_path / "work", requests, files)
    assert quick_run.report["labels"] == dict.fromkeys(CLASSES, 10) and quick_run.report["counts"]["waiting"] > 0
    assert_same(state, quick_run.state)


A_FEW = 8  # seconds, for a busy machine; what is under way takes longer by far


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_does_not_wait_for_an_engine_that_says_nothing(tmp_path: Path) -> None:
    write_bare_web(tmp_path, {"kilim": 3})
    recipe, work = write_recipe(tmp_path, 3, {"Kilim": ["kilim"], "Batik": ["none"]}), tmp_path / "work"
    with Web(tmp_path) as web:
        web.search = lambda address: Reply(fault="hang")
        variables = os.environ | web.environment
        with subprocess.Popen(collecting(recipe, work), cwd=ROOT, env=variables, stderr=subprocess.PIPE) as process:
            wait_for(lambda: bool(web.requests), process)
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=A_FEW)[1].decode()
            assert process.returncode == 130
            assert told.endswith("\nStopped. What was done is kept; the same command goes on from there.\n")


# Pictures that take very long, whatever is known of them: Pillow itself takes a minute to scale each.
SLOW = """
import sys, threading
from PIL import Image
def thumbnail(*_, **__):
    print("slow", end="", flush=True)
    threading.Event().wait(60)
Image.Image.thumbnail = thumbnail
from recognizer.cli.commands import app
app(sys.argv[1:])
"""


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_does_not_wait_for_slow_pictures_which_wait_for_the_next_run(tmp_path: Path) -> None:
    draw_own(tmp_path / "own", 3)
    recipe, work = write_recipe(tmp_path, 3), tmp_path / "work"
    own = ["--engine", "folder", "--folder", str(tmp_path / "own")]
    slow = [sys.executable, "-c", SLOW, *collecting(recipe, work)[3:], *own]
    with subprocess.Popen(slow, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout and process.stdout.read(4) == b"slow"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=A_FEW) != 0
    assert {hit[3] for hit in read_state(work).hits} == {"waiting"}
    subprocess.run([*collecting(recipe, work), *own], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    assert {hit[3] for hit in read_state(work).hits} == {"stored"}


def test_nothing_is_stored_once_a_run_has_ended() -> None:
    ended, threads, stored = threading.Event(), list[threading.Thread](), list[None]()

    def decode() -> None:
        threads.append(threading.current_thread())
        ended.wait()

    async def run() -> None:
        with Decoders(1) as decoders:
            await asyncio.wait_for(decoders.run(decode, stored.append), 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
    ended.set()
    threads[0].join()
    assert stored == []


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_does_not_wait_for_a_busy_engine(tmp_path: Path) -> None:
    write_bare_web(tmp_path, {"kilim": 3})
    recipe, work = write_recipe(tmp_path, 3, {"Kilim": ["kilim"], "Batik": ["none"]}), tmp_path / "work"
    with Web(tmp_path) as web:
        web.search = lambda address: Reply(429, headers={"Retry-After": "50"})
        variables = os.environ | web.environment
        with subprocess.Popen(collecting(recipe, work), cwd=ROOT, env=variables, stderr=subprocess.DEVNULL) as process:
            wait_for(lambda: bool(web.requests), process)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=40)
