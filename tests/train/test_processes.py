"""Several processes train a whole network only; that they do is tested in tests/whole, where accelerate starts them."""

import shutil
from pathlib import Path

from typer.testing import CliRunner

from recognizer.cli.commands import app
from tests.drawn_dataset import Shapes, write_recipe
from tests.small_sample import write_small_recipe


def test_cached_training_uses_one_process(filled: Path, tmp_path: Path) -> None:
    recipe, work = write_small_recipe(tmp_path), shutil.copytree(filled, tmp_path / "work")
    for rank in "01":
        runner = CliRunner(env={"WORLD_SIZE": "2", "RANK": rank})
        result = runner.invoke(app, ["train", str(recipe), "--work", str(work)])
        assert result.exit_code == 1
        assert "Training on cached layers uses one process, and 2 were started; run recognizer train" in result.stderr
        assert "cached = false" in result.stderr


def test_several_outputs_use_one_process(shapes: Shapes, tmp_path: Path) -> None:
    recipe, work = write_recipe(tmp_path), shutil.copytree(shapes.work, tmp_path / "work")
    for rank in "01":
        runner = CliRunner(env={"WORLD_SIZE": "2", "RANK": rank})
        result = runner.invoke(app, ["train", str(recipe), "--work", str(work)])
        assert result.exit_code == 1
        assert "Training several outputs uses one process, and 2 were started; run recognizer train" in result.stderr
        assert "without accelerate." in result.stderr and "cached" not in result.stderr
