"""Shows how far long work is: bars or a table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from recognizer.cli.output import note
from recognizer.collect.progress import ClassProgress

PLAIN_EVERY = 5.0  # seconds between plain lines
RATE_OVER = 600.0  # seconds that a rate is measured over; one step can take minutes
NUMBERS = ("found", "stored", "duplicate", "failed", "usable", "rate")


class _Display(Progress):
    def __init__(self, *columns: ProgressColumn) -> None:
        console = Console(stderr=True)
        super().__init__(*columns, console=console, speed_estimate_period=RATE_OVER, disable=not console.is_terminal)
        self._lines: dict[str, str] = {}  # what is not printed yet, by what it is about
        self._begun = self._printed = time.monotonic()

    def stop(self) -> None:
        """Stop drawing, or print what is not printed yet."""
        super().stop()
        self._print()

    def _print(self, now: bool = True) -> None:
        """Note the lines, and where there is no terminal, print them, unless others were noted a moment ago."""
        if now or time.monotonic() - self._printed >= PLAIN_EVERY:
            lines = "".join(f"{line}\n" for line in self._lines.values())
            note(lines)
            sys.stderr.write(lines if self.disable else "")
            sys.stderr.flush()
            self._lines.clear()
            self._printed = time.monotonic()


class ProgressDisplay(_Display):
    """A `Watch` that people can read: a bar for each kind of work.

    with ProgressDisplay() as watch:
        watch("fetching photos", 12, 300)
    """

    def __init__(self) -> None:
        what = TextColumn("{task.description}", markup=False)
        super().__init__(what, BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done; what comes behind a comma in `what` may change."""
        kind = what.partition(",")[0]
        last = self.tasks[-1] if self.tasks else None
        begins = last is None or last.fields["kind"] != kind or done < last.completed
        task = self._begin(kind, total) if last is None or begins else last
        self.update(task.id, description=what, completed=done, total=total or None)
        self._lines[kind] = _line(task)
        self._print(now=begins or task.finished)

    def _begin(self, kind: str, total: int) -> Task:
        self._print()  # the last of the kind before
        for task in self.tasks:
            if task.fields["kind"] == kind or not task.finished:
                self.remove_task(task.id)
        self.add_task(kind, total=total or None, kind=kind)
        return self.tasks[-1]


class ClassDisplay(_Display):
    """A `ClassWatch` that people can read: a line for each class.

    with ClassDisplay() as watch:
        watch([ClassProgress("Argyle", found=40, stored=12, ...)])
    """

    def __init__(self) -> None:
        self._settled: dict[str, int] = {}  # label to hits settled before this run
        self._last: Sequence[ClassProgress] = ()
        super().__init__()  # which asks for the table

    def __call__(self, classes: Sequence[ClassProgress]) -> None:
        """Show how far each class is."""
        for one in classes:
            self._settled.setdefault(one.label, one.settled)
            if one not in self._last:
                numbers = zip(self._numbers(one), (*NUMBERS[:-1], ""), strict=True)
                self._lines[one.label] = f"{one.label}: " + ", ".join(f"{n} {name}".strip() for n, name in numbers)
        self._last = classes
        self._print(now=False)

    def get_renderable(self) -> Table:
        """Return the table, which is drawn anew several times a second."""
        columns = [Column(name, justify="right") for name in NUMBERS]
        table = Table("class", *columns, box=None, padding=(0, 1, 0, 0), show_header=bool(self._last))
        for one in self._last:
            table.add_row(Text(one.label), *self._numbers(one))
        return table

    def _numbers(self, one: ClassProgress) -> list[str]:
        """Return the numbers of a class; its rate is hits settled a second since the display began."""
        rate = (one.settled - self._settled[one.label]) / max(time.monotonic() - self._begun, 1)
        counts = (one.found, one.stored, one.duplicate, one.failed)
        return [*map(str, counts), f"{one.usable}/{one.wanted}", f"{rate:.1f}/s"]


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show steps a second."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def _line(task: Task) -> str:
    amount = f" {task.completed:.0f}/{task.total:.0f}" if task.total else ""
    left = f", {task.speed:.1f}/s, {task.time_remaining:.0f} s left" if task.speed and task.time_remaining else ""
    return f"{task.description}{amount}{left}"
