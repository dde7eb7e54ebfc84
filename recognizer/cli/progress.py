"""Shows how far long work is: a bar or a table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from recognizer.collect.progress import ClassProgress

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


class ClassDisplay:
    """A `ClassWatch` that people can read: a line for each class.

    with ClassDisplay() as watch:
        watch([ClassProgress("Argyle", found=40, stored=12, ...)])
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._begun = self._shown = time.monotonic()
        self._settled: dict[str, int] = {}  # label to hits settled before this run
        self._printed: dict[str, ClassProgress] = {}
        self._last: Sequence[ClassProgress] = ()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        else:
            self._print()

    def __call__(self, classes: Sequence[ClassProgress]) -> None:
        """Show how far each class is."""
        self._last = classes
        for one in classes:
            self._settled.setdefault(one.label, one.settled)
        if self._live:
            self._live.update(self._table())
        elif time.monotonic() - self._shown >= PLAIN_EVERY:
            self._print()

    def _table(self) -> Table:
        table = Table("class", *(("found", "stored", "duplicate", "failed", "usable", "rate")), box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        for one in self._last:
            numbers = (one.found, one.stored, one.duplicate, one.failed)
            table.add_row(one.label, *map(str, numbers), f"{one.usable}/{one.wanted}", f"{self._rate(one):.1f}/s")
        return table

    def _print(self) -> None:
        """Print the classes that changed since they were last printed."""
        self._shown = time.monotonic()
        for one in self._last:
            if self._printed.get(one.label) != one:
                self._printed[one.label] = one
                print(self._line(one), file=sys.stderr, flush=True)

    def _line(self, one: ClassProgress) -> str:
        counts = f"{one.found} found, {one.stored} stored, {one.duplicate} duplicate, {one.failed} failed"
        return f"{one.label}: {counts}, {one.usable}/{one.wanted} usable, {self._rate(one):.1f}/s"

    def _rate(self, one: ClassProgress) -> float:
        """Return the hits settled a second, since the display began."""
        seconds = time.monotonic() - self._begun
        return (one.settled - self._settled[one.label]) / seconds if seconds > 0 else 0.0
