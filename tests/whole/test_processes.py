"""Two processes that train one network together, on processors: accelerate starts them as it does on two GPUs."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.train.runs import all_runs
from recognizer.train.train import load_trained
from tests.paths import ROOT
from tests.small_sample import write_small_recipe

# “--cpu” of accelerate starts one process only, so it is told by its environment.
LAUNCH = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0"


@pytest.fixture
def whole(filled: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The small recipe, whose network is now trained as a whole, and a work folder in which nothing is trained."""
    recipe = write_small_recipe(tmp_path)
    # Of the photos that are not held out, enough are for validation then, so that something is fine-tuned.
    settings = "epochs = 2\nbatch = 16\ncached = false\nheld_out = 0.1"
    recipe.write_text(recipe.read_text().replace("epochs = 1", settings))
    return recipe, Path(shutil.copytree(filled, tmp_path / "work"))


def launch(*module: object) -> str:
    command = [sys.executable, "-m", "accelerate.commands.launch", *LAUNCH.split(), "-m", *map(str, module)]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_train_one_network_and_rank_0_writes(whole: tuple[Path, Path]) -> None:
    recipe, work = whole
    # More than a process has: a batch is then all that it has, not nothing.
    recipe.write_text(recipe.read_text().replace("batch = 16", "batch = 100"))
    printed = launch("recognizer", "train", recipe, "--work", work)
    assert printed.count("Trained small") == 1
    assert [run.metrics["round"] for run in all_runs(work)] == [1]
    assert [path.name for path in (work / "runs").iterdir()] == ["1"]
    report = json.loads((work / "reports" / "train.json").read_text())
    assert report["round"] == 1 and len(report["loss"]) == 2
    found = load_recipe(recipe)
    with PhotoStore(work, found.labels) as store:
        trained = load_trained(found, store)
        assert np.allclose(trained.predict(trained.split.held_out[:5]).probabilities.sum(axis=1), 1)


@pytest.mark.slow
def test_each_process_sees_its_share_and_all_come_to_the_same_weights(whole: tuple[Path, Path], tmp_path: Path) -> None:
    launch("tests.whole.shared_training", *whole, tmp_path)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    photos = first["training"]
    assert sorted({*first["share"], *second["share"]}) == list(range(photos))
    assert len(first["share"]) == len(second["share"]) == math.ceil(photos / 2)
    assert (
        first["batches"] == second["batches"] == 2 * (len(first["share"]) // 16)
    )  # the rest, mixed anew, comes in other epochs
    assert first["weights"] == second["weights"]
    assert first["told"] == 2 * 16 * first["batches"]  # of both processes
    assert first["restored"] and second["restored"]
