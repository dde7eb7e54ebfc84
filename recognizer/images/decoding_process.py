"""A process that decodes one picture after the other, within a time and a memory that the system keeps to.

It reads {"bytes", "limits"} as a line of JSON and then the file, and answers with a line and the pixels, {"size",
"bytes"}, or with {"reason", "message"}. It ends when nobody is left to ask, or when the system ends it.
"""

import json
import os
import signal
import sys
from typing import IO, Any

from PIL import AvifImagePlugin

from recognizer.errors import PictureError
from recognizer.images.apart import READY
from recognizer.images.decode import Limits, read_here

PROCESSOR_SECONDS = 2.0  # for one picture
MEMORY = 700_000_000  # bytes, of all that it may write to; the largest that are read take up to 630 million
THREADS = 4  # each takes memory


def main() -> None:
    """Answer until nobody asks."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    _bound_memory()
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends this process, whatever its parent made of it
    AvifImagePlugin.DEFAULT_MAX_THREADS = min(THREADS, _processors())
    answers.write(READY)
    answers.flush()
    while line := questions.readline():
        question = json.loads(line)
        _answer(answers, questions.read(question["bytes"]), Limits(**question["limits"]))


def _answer(answers: IO[bytes], data: bytes, limits: Limits) -> None:
    pixels = b""
    _bound_time(PROCESSOR_SECONDS)
    try:
        image = read_here(data, limits)
        pixels = image.tobytes()
        answer: dict[str, Any] = {"size": image.size, "bytes": len(pixels)}
    except PictureError as error:
        answer = {"reason": error.reason, "message": str(error)}
    _bound_time(0)
    answers.write(json.dumps(answer).encode() + b"\n" + pixels)
    answers.flush()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _bound_time(seconds: float) -> None:
    """Have the system end this process after so much processor time from now on; 0 for never."""
    if sys.platform != "win32":  # which lacks it: there it is ended by who asks, after a longer time
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _bound_memory() -> None:
    if sys.platform == "linux":  # other systems do not keep to it
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # libraries that get none may end it


if __name__ == "__main__":
    main()
