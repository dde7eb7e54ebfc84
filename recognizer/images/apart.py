"""Pictures that may take much time or memory are decoded in a process apart, which can be ended.

A HEIC of 12 kB can ask to be turned 200 times, an AVIF of 60 kB holds 100 hidden frames, a TIFF may come with any of
twenty compressions: the libraries behind them read far more than is known of a file before. And any picture of 50
million pixels takes up to 0.6 GB. The process takes one picture after the other and stays; what takes too much
processor time or memory ends it, and the next picture gets a new one. See `decoding_process.py`, which runs in it.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, LifoQueue
from typing import IO, Any, TypeVar

from PIL import Image

from recognizer.errors import PictureError, RecognizerError

MOST = min(4, os.cpu_count() or 1)  # processes
LONGEST_WAIT = 30.0  # seconds, for a process that neither calculates nor answers
READY = b"ready\n"
T = TypeVar("T")
_PROGRAM = "recognizer.images.decoding_process"


def read_apart(data: bytes, limits: dict[str, int]) -> Image.Image:
    """Decode a picture in another process.

    Args:
        data: the file.
        limits: those of `Limits`, by name.

    Returns:
        A picture as `read_picture` gives it.

    Raises:
        PictureError: as `read_picture`; with reason `too_complex` where decoding takes too much time or memory.
        RecognizerError: no process can be started.
    """
    return _processes().read(data, limits)


class Processes:
    """As many processes as decode at once, each started when it is first needed.

    Args:
        most: at once; further pictures wait.
    """

    def __init__(self, most: int = MOST) -> None:
        self.owner = os.getpid()
        self._free: LifoQueue[_Process | None] = LifoQueue()
        for _ in range(most):
            self._free.put(None)

    def read(self, data: bytes, limits: dict[str, int]) -> Image.Image:
        """As `read_apart`."""
        process = self._free.get()
        try:
            process = process if process and process.runs() else _Process()
            return process.read(data, limits)
        finally:
            self._free.put(process)

    def end(self) -> None:
        """End those that wait for a picture."""
        waiting: list[_Process | None] = []
        with suppress(Empty):
            while True:
                waiting.append(self._free.get_nowait())
        for process in waiting:
            if process:
                process.end()
            self._free.put(None)


class _Process:
    def __init__(self) -> None:
        self._process = _start()
        if self._within_time(lambda answers: answers.readline()) != READY:
            self.end()
            raise _cannot_start()

    def runs(self) -> bool:
        return self._process.poll() is None

    def read(self, data: bytes, limits: dict[str, int]) -> Image.Image:
        try:
            answer, pixels = self._within_time(lambda answers: self._asked(answers, data, limits))
        except (OSError, ValueError) as error:  # it has ended, and what it said is no answer
            self.end()
            raise PictureError(
                "too_complex", "This picture takes too much time or memory to decode; use another copy, or a JPEG."
            ) from error
        except BaseException:
            self.end()  # its answer would be taken for the next picture's
            raise
        if "reason" in answer:
            raise PictureError(answer["reason"], answer["message"])
        return Image.frombytes("RGB", tuple(answer["size"]), pixels)

    def _asked(self, answers: IO[bytes], data: bytes, limits: dict[str, int]) -> tuple[dict[str, Any], bytes]:
        questions = self._process.stdin
        assert questions
        questions.write(json.dumps({"bytes": len(data), "limits": limits}).encode() + b"\n")
        questions.write(data)
        questions.flush()
        answer = json.loads(answers.readline())
        return answer, answers.read(answer.get("bytes", 0))

    def _within_time(self, talk: Callable[[IO[bytes]], T]) -> T:
        last = threading.Timer(LONGEST_WAIT, self._process.kill)
        last.daemon = True
        last.start()
        assert self._process.stdout
        try:
            return talk(self._process.stdout)
        finally:
            last.cancel()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", _PROGRAM]
    # One thread for numpy, whose others only take memory; and the modules that are found here.
    surroundings = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        # In a session of its own, so that Ctrl-C is for the program that reads pictures.
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings, start_new_session=True
        )
    except OSError as error:
        raise _cannot_start() from error


def _cannot_start() -> RecognizerError:
    return RecognizerError(
        f"HEIC, AVIF, TIFF and large pictures are decoded by a further process of {sys.executable}, and none can be "
        "started; see what it says above."
    )


_lock = threading.Lock()
_made: Processes | None = None


def _processes() -> Processes:
    """Return this process's own: after a fork, those of the parent answer the parent."""
    global _made
    with _lock:
        if _made is None or _made.owner != os.getpid():
            _made = Processes()
        return _made


@atexit.register
def end_all() -> None:
    """End the processes that wait for a picture; the next picture gets a new one."""
    if _made and _made.owner == os.getpid():
        _made.end()
