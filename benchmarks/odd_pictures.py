"""Odd pictures by the hundred: what becomes of each, in how much processor time and memory; also by a running server.

    python -m benchmarks.odd_pictures --large
    python -m benchmarks.odd_pictures --serve http://127.0.0.1:7860

Each picture is decoded in a new process: "here" counts that one, in which a page or a collection runs, "apart" the
process that it starts for HEIC, AVIF, TIFF and large pictures. Ends with exit code 1 where a picture takes over 2 s or,
here, 600 MB and, apart, 700 MB, or ends as anything but a picture or one sentence; with --serve, where an answer is
another than 200, 400, 413, 415, 422 or 503 with a sentence, or where an ordinary photo is not answered afterwards.
"""

import argparse
import collections
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.images.large import large_pictures
from tests.images.odd import odd_pictures
from tests.images.odd_forms import plain

SECONDS = 2.0  # at most, of a process
HERE, APART = 600, 700  # megabytes, at most
SLOWEST = 15  # rows of each table
LONGEST = 120.0  # seconds that anything may take before it is given up
LARGEST_FILE = 20_000_000  # bytes; larger files are refused unread
REFUSALS = (400, 413, 415, 422, 503)
SENTENCE = re.compile(r"[A-Z][^\n]{10,250}[.!]")

Maker = Callable[[], bytes]


@dataclass(frozen=True)
class Outcome:
    """What became of a picture: processor seconds and the most megabytes, here and apart."""

    name: str
    end: str
    here: tuple[float, int]
    apart: tuple[float, int]
    fine: bool

    @property
    def seconds(self) -> float:
        """The processor seconds of the process that took more."""
        return max(self.here[0], self.apart[0])

    @property
    def megabytes(self) -> int:
        """The megabytes of the process that took more."""
        return max(self.here[1], self.apart[1])

    @property
    def takes_too_much(self) -> bool:
        """Whether one of the processes took too much memory."""
        return self.here[1] > HERE or self.apart[1] > APART

    def row(self) -> str:
        """A line of the table."""
        (here, memory), (apart, more) = self.here, self.apart
        return f"{here:7.2f} s {memory:5} MB   {apart:7.2f} s {more:5} MB   {self.end:20.20} {self.name}"


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        _decode_one()
        return
    makers = odd_pictures() | (large_pictures() if arguments.large else {})
    chosen = {name: make for name, make in makers.items() if arguments.only in name}
    sys.exit(_ask(chosen, arguments.serve) if arguments.serve else _decode(chosen))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="the largest that are allowed, too; takes minutes")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with this text in their name")
    parser.add_argument("--serve", metavar="URL", help="ask a server that runs there instead")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _decode(makers: dict[str, Maker]) -> int:
    outcomes = [_outcome(name, make()) for name, make in makers.items()]
    print(f"{len(outcomes)} pictures: {dict(collections.Counter(outcome.end for outcome in outcomes).most_common())}")
    for title, key in (("slowest", lambda one: one.seconds), ("largest", lambda one: one.megabytes)):
        print(f"\nthe {title}\n   here               apart                ended as             picture")
        print("\n".join(one.row() for one in sorted(outcomes, key=key, reverse=True)[:SLOWEST]))
    bad = [one for one in outcomes if not one.fine or one.seconds > SECONDS + 0.1 or one.takes_too_much]
    print(f"\n{len(bad)} that take over {SECONDS} s, {HERE} MB here or {APART} MB apart, or end otherwise")
    print("\n".join(one.row() for one in bad))
    return bool(bad)


def _outcome(name: str, data: bytes) -> Outcome:
    command = [sys.executable, "-m", "benchmarks.odd_pictures", "--child"]
    try:
        ended = subprocess.run(command, input=data, capture_output=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return Outcome(name, f"over {LONGEST:.0f} s", (LONGEST, 0), (0.0, 0), False)
    if ended.returncode:
        return Outcome(name, f"exit code {ended.returncode}", (0.0, 0), (0.0, 0), False)
    told = json.loads(ended.stdout.splitlines()[-1])
    return Outcome(name, told["end"], tuple(told["here"]), tuple(told["apart"]), told["fine"])


def _decode_one() -> None:
    """Decode what stands in the standard input, and tell what it took; runs in a process of its own."""
    from recognizer.errors import PictureError
    from recognizer.images import apart
    from recognizer.images.decode import read_picture

    data, before = sys.stdin.buffer.read(), _used(resource.RUSAGE_SELF)[0]
    fine = True
    try:
        end = "{} x {}".format(*read_picture(data).size)
    except PictureError as error:
        end, fine = error.reason, bool(SENTENCE.fullmatch(str(error)))
    seconds, _ = _used(resource.RUSAGE_SELF)
    apart.end_all()
    other = _used(resource.RUSAGE_CHILDREN)
    print(json.dumps({"end": end, "fine": fine, "here": (seconds - before, _peak()), "apart": other}))


def _used(whom: int) -> tuple[float, int]:
    """Return processor seconds and the most megabytes of this process, or of those that it started."""
    usage = resource.getrusage(whom)
    unit = 1_000_000 if sys.platform == "darwin" else 1000
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // unit


def _peak() -> int:
    """Return the most megabytes of this process; Linux counts the parent's into what `resource` tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return _used(resource.RUSAGE_SELF)[1]
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    assert found
    return int(found[1]) // 1000


def _ask(makers: dict[str, Maker], address: str) -> int:
    """Send each picture to a server; return how many were not answered as they should."""
    bad, statuses = 0, collections.Counter[int]()
    with httpx.Client(base_url=address, timeout=LONGEST) as client:
        for name, make in makers.items():
            begun, answer = time.monotonic(), _post(client, make())
            took, told = time.monotonic() - begun, _told(answer)
            after = _post(client, plain("JPEG")).status_code
            statuses[answer.status_code] += 1
            if not told or after != 200 or took > 2 * SECONDS:
                bad += 1
                print(f"{answer.status_code} {took:6.2f} s, then {after}: {name}: {told or answer.text[:200]!r}")
    print(f"{sum(statuses.values())} pictures sent, answered by {dict(statuses)}; {bad} not as they should be")
    return bool(bad)


def _post(client: httpx.Client, data: bytes) -> httpx.Response:
    return client.post("/predict", files={"image": ("photo.jpg", data, "image/jpeg")})


def _told(answer: httpx.Response) -> str:
    """Return the label or the sentence of an answer, nothing where it has neither."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    if answer.status_code == 200:
        return str(body.get("label", ""))
    detail = body.get("detail", "")
    is_told = answer.status_code in REFUSALS and isinstance(detail, str) and SENTENCE.fullmatch(detail)
    return str(detail) if is_told else ""


if __name__ == "__main__":
    main()
