"""What programs have of the commands: reports as JSON, a log, exit codes that --help tells; and what to install."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recognizer.cli import commands
from recognizer.cli.app import EXITS
from recognizer.cli.commands import app
from recognizer.cli.sentences import BY_CTRL_C, Commands
from tests.paths import ROOT
from tests.small_sample import write_small_recipe


def test_a_stage_gives_its_report_as_json_and_a_log_of_all_that_is_said(filled: Path, tmp_path: Path) -> None:
    work, log = Path(shutil.copytree(filled, tmp_path / "work")), tmp_path / "log.txt"
    typed = [str(write_small_recipe(tmp_path)), "--work", str(work), "--json", "--log", str(log)]
    result = CliRunner().invoke(app, ["collect", *typed])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == json.loads((work / "reports" / "collect.json").read_bytes())
    said = log.read_text("utf-8")
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} .", line) for line in said.splitlines())
    assert "Argyle: 40 found" in said and "Argyle: 40 found" in result.stderr and "Photos for small" in said


def test_what_one_command_wanted_is_not_wanted_of_the_next(filled: Path, tmp_path: Path) -> None:
    work, log = Path(shutil.copytree(filled, tmp_path / "work")), tmp_path / "log.txt"
    typed = [str(write_small_recipe(tmp_path)), "--work", str(work)]
    first = CliRunner().invoke(app, ["credits", *typed, "--json", "--log", str(log)])
    logged = log.read_text()
    second = CliRunner().invoke(app, ["credits", *typed])
    assert json.loads(first.stdout)["stage"] == "credits" and "Credits in" not in first.output
    assert "Credits in" in second.stdout and "Credits in" in logged and log.read_text() == logged


def test_an_error_is_in_the_log_and_nothing_on_stdout(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    result = CliRunner().invoke(app, ["train", "nowhere", "--json", "--log", str(log)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no recipe" in result.stderr and "There is no recipe" in log.read_text()


def test_a_log_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", "nowhere", "--log", str(tmp_path / "no" / "log.txt")])
    assert result.exit_code == 1 and "log.txt cannot be used" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_log_whose_disk_is_full_ends_with_a_sentence(filled: Path, tmp_path: Path) -> None:
    work = Path(shutil.copytree(filled, tmp_path / "work"))
    typed = ["credits", str(write_small_recipe(tmp_path)), "--work", str(work), "--log", "/dev/full"]
    result = CliRunner().invoke(app, typed)
    assert result.exit_code == 0 and "Credits in" in result.stdout
    assert result.stderr == "/dev/full cannot be written ([Errno 28] No space left on device); the log ends here.\n"


@pytest.mark.parametrize("command", ["", "new", "collect", "build", "publish", "serve", "classify"])
def test_help_tells_the_exit_codes(command: str) -> None:
    text = CliRunner().invoke(app, [*command.split(), "--help"]).output
    assert EXITS in " ".join(text.split()) and EXITS.endswith(f"; {BY_CTRL_C} stopped with Ctrl-C.")


def test_what_is_written_tells_of_the_exit_code_of_ctrl_c() -> None:
    for text in ((ROOT / "README.md").read_text(), (ROOT / "CONTRIBUTING.md").read_text(), str(commands.__doc__)):
        assert f"{BY_CTRL_C} stopped with Ctrl-C" in " ".join(text.split())


def test_lines_are_plain_and_whole_in_a_pipe(filled: Path, tmp_path: Path) -> None:
    work = shutil.copytree(filled, tmp_path / "work")
    command = [sys.executable, "-m", "recognizer", "credits", str(write_small_recipe(tmp_path)), "--work", str(work)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout and f"Credits in {work}/ATTRIBUTION.md" in done.stdout


def test_what_is_not_installed_is_named_with_the_command_that_installs_it() -> None:
    cli = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode=None)

    @cli.command()
    def one() -> None:
        raise ModuleNotFoundError("No module named 'timm'", name="timm.models")

    cli.command()(lambda: None)
    result = CliRunner().invoke(cli, ["one"])
    assert result.exit_code == 1 and "(timm.models is missing); run: pip install 'ethnic-group" in result.stderr
