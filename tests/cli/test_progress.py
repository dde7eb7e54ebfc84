"""Progress that people can read, on a terminal and without one."""

import os
import re

import pytest

from recognizer.cli.progress import ClassDisplay, ProgressDisplay
from recognizer.collect.progress import ClassProgress

ARGYLE = ClassProgress("Argyle", found=40, stored=12, duplicate=3, failed=5, usable=11, wanted=30)
TARTAN = ClassProgress("Tartan", found=20, stored=0, duplicate=0, failed=0, usable=0, wanted=30)


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_terminal_each_class_is_a_plain_line(no_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ClassDisplay() as watch:
        watch([ARGYLE, TARTAN])
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "Argyle: 40 found, 12 stored, 3 duplicate, 5 failed, 11/30 usable, 0.0/s",
        "Tartan: 20 found, 0 stored, 0 duplicate, 0 failed, 0/30 usable, 0.0/s",
    ]


def test_lines_are_few_however_often_it_is_told(no_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ClassDisplay() as watch:
        for _ in range(1000):
            watch([ARGYLE, TARTAN])
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_display_that_was_told_nothing_says_nothing(no_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ClassDisplay():
        pass
    assert capsys.readouterr().err == ""


def test_on_a_terminal_each_class_is_a_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", os.environ.get("TERM") or "xterm")
    with ClassDisplay() as watch:
        watch([ARGYLE, TARTAN])
    shown = capsys.readouterr().err
    row = next(line for line in shown.splitlines() if "Argyle" in line)
    assert row.split()[1:7] == ["40", "12", "3", "5", "11/30", "0.0/s"] and "duplicate" in shown and "Tartan" in shown


def test_other_stages_have_their_line(no_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay() as watch:
        watch("training", 1, 3)
        watch("training", 3, 3)
    assert capsys.readouterr().err.splitlines() == ["training 1/3", "training 3/3"]


def test_the_last_line_of_a_kind_comes_before_the_next_kind(
    no_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressDisplay() as watch:
        watch("computing features", 1, 9)
        watch("computing features", 7, 9)
        watch("training, loss 2.10", 1, 3)
        watch("training, loss 1.90", 2, 3)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "computing features 1/9",
        "computing features 7/9",
        "training",
        "training",
    ]
    assert lines[-1].startswith("training, loss 1.90 2/3")


def test_work_that_begins_anew_has_a_first_line_again(no_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay() as watch:
        for done in (1, 2, 1, 2):
            watch("training", done, 2)
    assert capsys.readouterr().err.splitlines() == ["training 1/2", "training 2/2"] * 2


def test_on_a_terminal_each_kind_of_work_is_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", os.environ.get("TERM") or "xterm")
    with ProgressDisplay() as watch:
        watch("computing features", 9, 9)
        watch("training, loss 2.10", 1, 3)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    assert re.search(r"computing features +━+ 9/9 .*\n.*training, loss 2\.10 .*1/3", shown)
