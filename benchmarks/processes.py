"""What a command takes: seconds, and memory of all its processes together."""

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY = 0.2  # seconds


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Args:
        seconds: from its start to its end.
        processor_seconds: of all its processes, on all cores.
        peak_mb: the most memory at one look, of the process and its children; shared pages count in parts (Linux: PSS).
        output: what it printed.
    """

    seconds: float
    processor_seconds: float
    peak_mb: float
    output: str


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    begun, used, peak = time.monotonic(), _processor_seconds(), 0.0
    variables = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, env=variables, cwd=cwd, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, sum(_memory(pid) for pid in _family(process.pid)))
            time.sleep(LOOK_EVERY)
        assert process.stdout is not None
        output = process.stdout.read()
    seconds = time.monotonic() - begun
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Cost(seconds, _processor_seconds() - used, peak / 1000, output)


def _processor_seconds() -> float:
    """Return the time that processors worked for processes which have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it; those that have just ended are left out."""
    children: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        children += map(int, _text(file).split())
    return [pid, *(one for child in children for one in _family(child))]


def _memory(pid: int) -> float:
    """Return the kilobytes that a process has; 0 where it has just ended."""
    lines = _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
