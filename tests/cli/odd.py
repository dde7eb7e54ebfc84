"""A folder to run commands in: a recipe, photos of one's own and a work folder; and what a command did there."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app

CLASSES = ("backpack", "tote", "clutch")
Prepare = Callable[[Path], object]


@dataclass(frozen=True)
class Odd:
    """One odd input.

    Args:
        name: of the row.
        command: what is typed, its words parted by spaces; `~` within a word stands for one.
        code: the exit code.
        says: a pattern in what is printed.
        prepare: changes the folder before.
        environment: variables.
        charset: of the terminal.
    """

    name: str
    command: str
    code: int
    says: str
    prepare: Prepare | None = None
    environment: dict[str, str] = field(default_factory=dict)
    charset: str = "utf-8"

    @property
    def words(self) -> list[str]:
        """The words that are typed."""
        return [word.replace("~", " ") for word in self.command.split()]


def recipe(*names: str, more: str = "", title: str = "Bags") -> str:
    """A small recipe: nothing but a title and names."""
    classes = "".join(f"[[classes]]\nname = {json.dumps(name, ensure_ascii=False)}\n" for name in names)
    return f"title = {json.dumps(title)}\n{more}\n{classes}"


def draw(file: Path, number: int, side: int = 80) -> None:
    """Draw a photo, each number another one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).normal(128, 20 + number % 200, (side, side))
    Image.fromarray(noise.clip(0, 255).astype(np.uint8)).convert("RGB").save(file, "JPEG")


def fill(folder: Path) -> None:
    """Make the folder that commands run in."""
    (folder / "bags.toml").write_text(recipe(*CLASSES))
    for place, name in enumerate(CLASSES):
        for number in range(2):
            draw(folder / "photos" / name / f"{number}.jpg", 10 * place + number)
    (folder / "notes.txt").write_text("mine")


def run(folder: Path, odd: Odd) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    runner = CliRunner(charset=odd.charset)
    result = runner.invoke(app, odd.words, env=odd.environment, catch_exceptions=False, terminal_width=200)
    return result.exit_code, result.stdout, result.stderr


def snapshot(folder: Path) -> dict[str, bytes]:
    """Read all files but those of work folders, which commands write."""
    files = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    mine = [file for file in files if file.relative_to(folder).parts[0] not in ("data", "work") and file.is_file()]
    return {str(file): file.read_bytes() for file in mine if file.stat().st_size < 10**6}


def write(name: str, data: str | bytes) -> Prepare:
    """Return what writes a file."""

    def prepare(folder: Path) -> None:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)

    return prepare


def classes_called(*names: str, folders: tuple[str, ...] = ()) -> Prepare:
    """Return what writes a recipe of classes, and their folders, if they are called otherwise."""

    def prepare(folder: Path) -> None:
        (folder / "bags.toml").write_text(recipe(*names), encoding="utf-8")
        shutil.rmtree(folder / "photos")
        for place, name in enumerate(folders or names):
            draw(folder / "photos" / name / "1.jpg", place)

    return prepare


def all_of(*steps: Prepare) -> Prepare:
    """Return what does several things."""
    return lambda folder: [step(folder) for step in steps]


def commanded(command: str) -> Prepare:
    """Return what runs another command before, which has to do what it says."""

    def prepare(folder: Path) -> None:
        code, printed, told = run(folder, Odd("", command, 0, ""))
        assert code == 0, printed + told

    return prepare


def check(odd: Odd, code: int, printed: str, told: str) -> None:
    """See that a command ended as a user may expect."""
    both = printed + told
    assert code == odd.code, both
    assert "Traceback" not in both and "The program itself failed" not in both, both
    assert re.search(odd.says, both), both
    if code == 2:
        assert told.startswith("Usage: ") and ("Error: " in told or "Commands:" in told), told
    if code == 1:  # with --json, the sentence is in what is printed
        assert (told or printed).rstrip().endswith((".", ".)", "}")), both
