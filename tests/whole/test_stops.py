"""Every stage is killed while it writes, and finds the disk full, and run again ends like one that was left alone."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from recognizer.recipe import load_recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from tests.paths import ROOT
from tests.small_sample import write_small_recipe

# Bytes; each stage writes a larger file. Evaluating writes small ones only, so that its database has no room here.
SMALL = {"evaluate": 20_000}
OTHERS = 180_000
TIMES = {"seconds", "round_seconds", "version"}
# Files that say when they were written, or whose order of bytes is another one each time.
VARYING = {"evaluate.html", "model.safetensors"}
TABLES = {
    "hits": "label, rank, image, title, status, reason, photo",
    "kept_photos": "sha256, label, action, round(label_quality, 5), likelier",
    "issues": 'photo, "check", round(score, 5), label, twin',
    "current_decisions": "*",
    "forgotten_photos": "sha256",
}


class Runner:
    """Runs commands in a folder with `killing.py`."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.whole.killing", str(folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *arguments: object, victim: str = "", largest: int = 0) -> tuple[int, str]:
        assert self.process.stdin and self.process.stdout
        print(json.dumps([victim, largest, *map(str, arguments)]), file=self.process.stdin, flush=True)
        code, said = json.loads(self.process.stdout.readline())
        return code, said


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    runner.process.communicate()


def state(folder: Path) -> dict[str, Any]:
    """All that a folder holds, but for what differs each time."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name not in VARYING]
    found = {str(file.relative_to(folder)): content(file, folder) for file in files if "photos.db" not in file.name}
    with sqlite3.connect(folder / "work" / "photos.db") as database:
        rows = {name: database.execute(f"SELECT {columns} FROM {name}").fetchall() for name, columns in TABLES.items()}
    return found | {name: sorted(map(repr, found)) for name, found in rows.items()}


def content(file: Path, folder: Path) -> Any:
    if file.suffix == ".json":
        return without_times(json.loads(file.read_text().replace(str(folder), "")))
    return sha256(file.read_bytes().replace(str(folder).encode(), b"")).hexdigest()  # sheets name commands with --work


def without_times(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    varying = TIMES | VARYING | ({"counts"} if value.get("stage") == "forget" else set())  # what was left to be removed
    return {key: without_times(part) for key, part in value.items() if key not in varying}


# In their order, with files at which each is killed: of the first and the last that it writes.
VICTIMS = {
    "clean": ["features/*/*.npz"],
    "train": ["runs/1/weights.pth", "reports/train.json"],
    "evaluate": ["reports/evaluate.json", "reports/evaluate.html"],
    "export": [],  # takes long; test_files.py kills what fills a folder at every moment
    "publish": ["space/.part/recognizer/errors.py", "space/model"],
    "forget": ["features/*-maps-*/*.npz", "reports/forget.json"],
}


def commands(recipe: Path, folder: Path, gone: str) -> dict[str, list[object]]:
    more: dict[str, list[object]] = {"publish": ["--form", "cpu", "--to", folder / "space"], "forget": [gone]}
    return {stage: [stage, recipe, *more.get(stage, []), "--work", folder / "work"] for stage in VICTIMS}


def assert_full(code: int, said: str, folder: Path) -> None:
    told = [line for line in said.splitlines() if "cannot be written" in line]
    assert code == 1 and len(told) == 1 and told[0].startswith(str(folder)), said
    assert "free some space there, and run the command again" in told[0]


def done(result: tuple[int, str]) -> None:
    assert result[0] == 0, result[1]


@pytest.mark.slow
def test_a_stage_that_is_killed_or_has_no_room_ends_like_one_that_was_left_alone(
    filled: Path, tmp_path: Path, run: Runner
) -> None:
    recipe = write_small_recipe(tmp_path)
    calm, disturbed = (tmp_path / name for name in ("calm", "disturbed"))
    for folder in (calm, disturbed):
        shutil.copytree(filled, folder / "work")
    with PhotoStore(filled, load_recipe(recipe).labels) as store:
        gone = split_kept(load_recipe(recipe), store).training[0].sha256
    for stage, command in commands(recipe, calm, gone).items():
        again = commands(recipe, disturbed, gone)[stage]
        assert_full(*run(*again, largest=SMALL.get(stage, OTHERS)), disturbed)
        for victim in VICTIMS[stage]:
            assert run(*again, victim=victim)[0] == -signal.SIGKILL, (stage, victim)
        done(run(*again))
        if stage == "export":
            shutil.copytree(disturbed / "work" / "model", calm / "work" / "model")
            shutil.copy(disturbed / "work" / "reports" / "export.json", calm / "work" / "reports")
        else:
            done(run(*command))
        assert state(disturbed) == state(calm), stage
