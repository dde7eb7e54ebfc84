"""Commands on one work folder at the same time: one writes, the others say so and change nothing, or come after it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.paths import ROOT
from tests.small_sample import write_small_recipe
from tests.small_store import python

WRITING = ["collect", "clean", "train", "evaluate", "export", "publish", "forget", "undo", "credits", "build"]
HOLD = """
import sys
from pathlib import Path
from recognizer.files import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    return write_small_recipe(tmp_path)


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """A work folder after training, with what publishing looks at first."""
    work = Path(shutil.copytree(trained, tmp_path / "work"))
    (work / "model").mkdir()
    (work / "model" / "model.json").write_text("{}")
    return work


@pytest.fixture
def held(work: Path) -> Iterator[Path]:
    """The work folder while another program writes there."""
    with python(HOLD, work) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        yield work


def arguments(stage: str, recipe_file: Path, work: Path) -> list[str]:
    more = {"forget": [photo_of(recipe_file, work)], "undo": ["--all"], "publish": ["--to", str(work.parent / "space")]}
    return [stage, str(recipe_file), *more.get(stage, []), "--work", str(work)]


def photo_of(recipe_file: Path, work: Path) -> str:
    with PhotoStore(work, load_recipe(recipe_file).labels) as store:
        return store.photos.kept()[0].sha256


def contents(work: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in work.rglob("*") if file.is_file() and "photos.db-" not in file.name}


@pytest.mark.parametrize("stage", WRITING)
def test_while_one_writes_every_other_says_so_and_changes_nothing(held: Path, recipe_file: Path, stage: str) -> None:
    command, before = arguments(stage, recipe_file, held), contents(held.parent)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1 and result.stderr.startswith(
        f"Another run is at work in {held}; wait until it is done"
    )
    assert len(result.stderr.splitlines()) == 1
    assert contents(held.parent) == before


def start(command: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "recognizer", *command]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_commands_that_are_started_together_come_one_after_the_other_or_are_refused(
    work: Path, recipe_file: Path
) -> None:
    """Whoever is refused does it again; in the end all is done, and none has undone another's."""
    gone, waiting = photo_of(recipe_file, work), ["collect", "forget", "undo", "credits"]
    commands = {stage: arguments(stage, recipe_file, work) for stage in waiting}
    while waiting:
        running = {stage: start(commands[stage]) for stage in waiting}
        said = {stage: program.communicate()[1] for stage, program in running.items()}
        refused = [stage for stage, program in running.items() if program.returncode]
        assert all(said[stage].splitlines()[-1].startswith("Another run is at work in") for stage in refused), said
        assert {program.returncode for program in running.values()} <= {0, 1} and len(refused) < len(waiting)
        waiting = refused
    with PhotoStore(work, load_recipe(recipe_file).labels) as store:
        assert store.photos.get(gone) is None and all(photo.path.is_file() for photo in store.photos.all())
        assert not [decision for decision in store.decisions.current() if decision.by == "auto"]
    assert gone[:16] not in (work / "ATTRIBUTION.md").read_text()
    assert not list(work.rglob("*.part"))
