"""Runs commands one after the other, each in a process of its own that may be killed or may write only small files.

python -m tests.whole.killing FOLDER        < [killed at which file or "", largest file or 0, argument, …]
                                            > [exit code, what it said]

What is heavy is imported once, and each command runs in a fork. It is killed just before a file in the folder gets its
name, which is when all of it has been written under another one.
"""

import recognizer.networks.torchvision_cure

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import recognizer.clean.clean
import recognizer.evaluate.evaluate
import recognizer.export.export
import recognizer.publish.folder  # noqa: F401
from recognizer.cli.commands import app


def run(folder: Path, victim: str, largest: int, arguments: list[str]) -> int:
    """Run a command; return its exit code, unless it is killed."""

    def watch(event: str, names: tuple[Any, ...]) -> None:
        place = Path(str(names[1])) if event == "os.rename" else folder
        if victim and place.is_relative_to(folder) and place.match(victim):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest or resource.RLIM_INFINITY,) * 2)
    try:
        app(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def fork(folder: Path, victim: str, largest: int, *arguments: str) -> tuple[int, str]:
    """Run a command in a process of its own; return its exit code, below 0 where it was killed, and what it said."""
    said, saying = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(saying, 1)
        os.dup2(saying, 2)
        sys.stdout = sys.stderr = os.fdopen(saying, "w", encoding="utf-8")
        code = 3
        with suppress(BaseException):
            code = run(folder, victim, largest, list(arguments))
        sys.stdout.flush()
        os._exit(code)
    os.close(saying)
    with os.fdopen(said, encoding="utf-8") as output:
        text = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(fork(Path(sys.argv[1]), *json.loads(line))), flush=True)
