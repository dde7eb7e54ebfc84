"""Whatever goes wrong in a command is one line, and of what nobody expected a file keeps the whole story."""

import errno
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recognizer.cli.sentences import BY_CTRL_C, STOPPED, Commands
from recognizer.errors import RecognizerError


def failing(error: BaseException) -> tuple[int, str]:
    """Run a command that fails; return its exit code and its last words."""
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode=None)

    @app.command()
    def one() -> None:
        raise error

    app.command()(lambda: None)  # with one command alone, its name would not be typed
    result = CliRunner().invoke(app, ["one"], catch_exceptions=False)
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RecognizerError("It is so;\n do that."), "It is so; do that."),
        (OSError(errno.ENOSPC, "No space left", "a/b"), "a/b cannot be used (No space left); the disk is full: "),
        (PermissionError(errno.EACCES, "Forbidden", b"\xe9"), r"\xe9 cannot be used (Forbidden); make sure"),
        (ExceptionGroup("", [ExceptionGroup("", [OSError(errno.EIO, "Lost")])]), "The system refused (Lost)"),
        (MemoryError(), "The memory of this machine is used up; close other programs"),
    ],
)  # fmt: skip
def test_an_expected_error_is_one_line(error: Exception, said: str) -> None:
    code, told = failing(error)
    assert (code, len(told.splitlines()), "Traceback" in told) == (1, 1, False) and told.startswith(said)


@pytest.mark.parametrize("make", [lambda: KeyError("x"), lambda: EOFError("empty"), lambda: ValueError("\udce9\n")])
def test_what_nobody_expected_is_one_line_and_its_story_is_kept(make: Callable[[], Exception]) -> None:
    error = make()
    code, told = failing(error)
    assert (code, len(told.splitlines())) == (1, 1) and "Aborted" not in told
    assert re.match(rf"The program itself failed \({type(error).__name__} in \w+\.py, line \d+\); ", told)
    story = Path(re.findall(r"(\S+\.txt) tells all", told)[0])
    assert "Traceback" in story.read_text() and "raise error" in story.read_text()
    story.unlink()


def test_wrong_usage_and_ends_are_as_typer_has_them() -> None:
    assert failing(typer.BadParameter("no"))[0] == 2
    assert failing(typer.Exit(3)) == (3, "")
    assert failing(BrokenPipeError(errno.EPIPE, "Broken pipe")) == (1, "")


def test_ctrl_c_has_one_exit_code_at_work_and_at_a_question() -> None:
    assert failing(KeyboardInterrupt()) == (BY_CTRL_C, f"{STOPPED}\n")
    assert failing(typer.Abort()) == (BY_CTRL_C, "\nStopped.\n")
