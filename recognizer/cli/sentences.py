"""Every error as one line that says what, why and what to do; and words that come out on any terminal.

app = typer.Typer(cls=Commands)         # no command needs a thought for its errors then
"""

import errno
import json
import logging
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from recognizer.cli import output
from recognizer.errors import RecognizerError

_FULL = "the disk is full: free some space there"
_FORBIDDEN = "make sure that you may read and write there, or name another place"
_WAYS_OUT = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.ENOENT: "check its name",
    errno.ENOTDIR: "name a folder",
    errno.EISDIR: "name a file",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EMFILE: "allow more open files with ulimit -n",
    errno.EIO: "check that the disk is sound and plugged in",
}
DISTRIBUTION = "ethnic-group-recognizer"  # as pip calls this program
ALL = 1000  # letters of a sentence of help
STOPPED = "\nStopped. What was done is kept; the same command goes on from there."
BY_CTRL_C = 130  # the exit code that shells have for it
_OURS = Path(__file__).parents[1]


class Commands(TyperGroup):
    """The commands: whatever becomes of one, the user reads a sentence, on any terminal."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line."""
        print_anything()
        output.begin()
        try:
            with sentences():
                try:
                    return super().main(*args, **kwargs)
                finally:
                    sys.stdout.flush()
        except typer.Exit as end:
            sys.exit(end.exit_code)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands with the whole first sentence of each, which typer would cut."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(ALL)) for name, one in commands if not one.hidden])

    def invoke(self, ctx: Any) -> Any:
        """Run a command; typer would end some errors with a word, Ctrl-C with none, and at a question with code 1."""
        with sentences():
            try:
                return super().invoke(ctx)
            except (KeyboardInterrupt, typer.Abort) as stop:
                print("\nStopped." if isinstance(stop, typer.Abort) else STOPPED, file=sys.stderr)
                raise typer.Exit(BY_CTRL_C) from None


def print_anything() -> None:
    r"""Write what a terminal cannot show as \u0416, to a closed one nothing, and what rooms have to say as lines."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    notes = logging.getLogger("recognizer")
    if logging.lastResort and logging.lastResort not in notes.handlers:
        notes.addHandler(logging.lastResort)  # writes plain lines


@contextmanager
def sentences() -> Iterator[None]:
    """Turn any error into one line and exit code 1; of what nobody expected, a file keeps the whole story."""
    try:
        yield
    except Exception as error:
        if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):  # typer's own: wrong usage, or an end
            raise
        cause = _first(error)
        is_unread = isinstance(cause, BrokenPipeError)  # nobody reads any more, as behind `| head`
        _leave("" if is_unread else _sentence(cause))


def _first(error: Exception) -> Exception:
    """Return one error of a group: they all have the same cause, such as a full disk."""
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def _sentence(error: Exception) -> str:
    if isinstance(error, RecognizerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The memory of this machine is used up; close other programs, and run the command again."
    if isinstance(error, UnicodeEncodeError) and not _takes_all_names():
        return (
            f"File names can only have letters of {sys.getfilesystemencoding()} here, as the environment (LC_ALL, "
            f"PYTHONUTF8) has it; set PYTHONUTF8=1, and run the command again."
        )
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("recognizer"):
        return _not_installed(str(error.name))
    return said_by_system(error) if isinstance(error, OSError) else _own_fault(error)


def _not_installed(module: str) -> str:
    """Say how the packages are had which only building a model needs, from where this program was installed."""
    from importlib.metadata import distribution

    origin = distribution(DISTRIBUTION).read_text("direct_url.json")  # of what came as a file, a folder or an address
    place = f" @ {json.loads(origin)['url']}" if origin else ""
    return (
        f"Serving is installed here, but not all that building a model needs ({module} is missing); "
        f"run: pip install {shlex.quote(f'{DISTRIBUTION}[train]{place}')}"
    )


def _takes_all_names() -> bool:
    return sys.getfilesystemencoding().startswith("utf")


def said_by_system(error: OSError) -> str:
    """Return the sentence for what the system would not do, with a way out.

    Args:
        error: as the system raised it.
    """
    why = error.strerror or str(error) or type(error).__name__
    way_out = _WAYS_OUT.get(error.errno or 0, "put that right")
    what = f"{_text(error.filename)} cannot be used ({why})" if error.filename else f"The system refused ({why})"
    return f"{what}; {way_out}, and run the command again: it goes on from here."


def _text(name: Any) -> str:
    return name.decode(errors="backslashreplace") if isinstance(name, bytes) else str(name)


def _own_fault(error: Exception) -> str:
    """Keep the whole story of an error that nobody expected, and return a sentence that tells where."""
    story = "".join(traceback.format_exception(error)).encode(errors="backslashreplace")
    with tempfile.NamedTemporaryFile(prefix="recognizer-", suffix=".txt", delete=False) as file:
        file.write(story)
    return (
        f"The program itself failed ({type(error).__name__} in {_place(error)}); what it had done is kept. "
        f"{file.name} tells all of it: please report it with that."
    )


def _place(error: Exception) -> str:
    """Return where an error came from, by the last lines of this package that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_OURS)] or frames
    return f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}"


def _leave(sentence: str) -> NoReturn:
    """End with exit code 1, and without what cannot be printed, as on a full disk: else Python tries it again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if sentence:
        output.note(" ".join(sentence.split()))
        print(" ".join(sentence.split()), file=sys.stderr)
    raise typer.Exit(1)
