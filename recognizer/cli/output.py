"""What a command says: tables and sentences for people, or reports as JSON for programs; and a log of either.

show(summary, report)           the one or the other on stdout
note("fetching photos 12/300")  a line for the log alone
"""

import json
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # no --help needs rich
    from recognizer.cli.summaries import Summary

_ROOMS = logging.getLogger("recognizer")  # what rooms have to say, which is on the terminal, too
_LOG = logging.getLogger(__name__)  # what is on the terminal already
_LOG.propagate = False
_json = [False]


class _File(logging.FileHandler):
    """A log that ends with a sentence where its disk is full."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say what has happened, and write no more."""
        for logger in (_ROOMS, _LOG):
            logger.removeHandler(self)
        with suppress(OSError):  # what is not written yet cannot be
            self.close()
        print(f"{self.baseFilename} cannot be written ({sys.exc_info()[1]}); the log ends here.", file=sys.stderr)


def begin() -> None:
    """Forget what the command line before wanted, and close its log."""
    _json[0] = False
    for handler in list(_LOG.handlers):
        for logger in (_ROOMS, _LOG):
            logger.removeHandler(handler)
        handler.close()
    _LOG.addHandler(logging.NullHandler())


def as_json(wanted: bool) -> None:
    """Choose JSON for what follows, where that is wanted."""
    _json[0] = wanted


def log_to(file: Path | None) -> Path | None:
    """Write all that follows to the end of a file, too, a line with its time each.

    Raises:
        OSError: the file cannot be written.
    """
    if file:
        handler = _File(file, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        for logger in (_ROOMS, _LOG):
            logger.addHandler(handler)
        _LOG.setLevel(logging.INFO)
    return file


def note(text: str) -> None:
    """Write into the log, if there is one."""
    for line in filter(str.strip, text.splitlines()):
        _LOG.info("%s", line.rstrip())


def show(summary: "Summary", report: dict[str, Any] | None = None) -> None:
    """Print what a command has to say: tables, and sentences on one line each however narrow the terminal is.

    Args:
        summary: for people.
        report: the same for programs, which get it as a line of JSON; without one, the summary is on stderr then.
    """
    note(_plain(summary) if _LOG.isEnabledFor(logging.INFO) else "")
    if _json[0] and report is not None:
        print(json.dumps(report))
    else:
        _print(summary, sys.stderr if _json[0] else sys.stdout)


def _print(summary: "Summary", to: Any, **how: Any) -> None:
    from rich.console import Console

    out = Console(file=to, soft_wrap=True, markup=False, emoji=False, **how)  # names may have brackets and colons
    for part in summary:
        out.print(part)


def _plain(summary: "Summary") -> str:
    from io import StringIO

    written = StringIO()
    _print(summary, written, no_color=True, width=200)
    return written.getvalue()
