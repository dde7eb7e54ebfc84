"""Shows how far long work is: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

PLAIN_EVERY = 5.0  # seconds between plain lines


class ProgressDisplay:
    """A `Watch` that people can read.

    with ProgressDisplay() as watch:
        watch("fetching photos", 12, 300)
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._plain = not self._console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=self._plain,
        )
        self._task: TaskID | None = None
        self._what = ""
        self._begun = self._shown = time.monotonic()

    def __enter__(self) -> "ProgressDisplay":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done; what comes behind a comma in `what` may change."""
        now = time.monotonic()
        kind = what.partition(",")[0]
        new = kind != self._what
        if new:
            self._what, self._begun = kind, now
        seconds = now - self._begun
        rate = done / seconds if seconds > 1 else 0.0
        if self._plain:
            self._print(what, done, total, rate, new)
        else:
            self._draw(what, done, total, rate, new)

    def _draw(self, what: str, done: int, total: int, rate: float, new: bool) -> None:
        if new and self._task is not None:
            self._bar.remove_task(self._task)
        if new or self._task is None:
            self._task = self._bar.add_task(what, total=None, rate="")
        shown = f"{rate:.1f}/s" if rate else ""
        self._bar.update(self._task, description=what, completed=done, total=total or None, rate=shown)

    def _print(self, what: str, done: int, total: int, rate: float, new: bool) -> None:
        now = time.monotonic()
        if not new and done < total and now - self._shown < PLAIN_EVERY:
            return
        self._shown = now
        left = f", {rate:.1f}/s, {(total - done) / rate:.0f} s left" if rate and done < total else ""
        amount = f" {done}/{total}" if total else ""
        print(f"{what}{amount}{left}", file=sys.stderr, flush=True)
