"""A build by the real command, from the recipe to the model folder."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recognizer.cli.commands import app
from tests.conftest import Built

STAGES = ("collect", "clean", "train", "evaluate", "export")


def test_every_stage_has_written_its_report(built: Built) -> None:
    for stage in STAGES:
        report = json.loads((built.work / "reports" / f"{stage}.json").read_text())
        assert (report["stage"], report["recipe"]) == (stage, "tiny")
        assert report["seconds"] > 0
        assert all(isinstance(number, int) for number in report["counts"].values())
    assert json.loads((built.work / "reports" / "export.json").read_text())["agreement"]["largest_difference"] <= 1e-3


@pytest.mark.slow
def test_a_build_that_is_done_is_not_done_again(built: Built, tmp_path: Path) -> None:
    """No photo is fetched, no feature computed and no network trained a second time: their files stay untouched."""
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    done = written(work)
    assert {file.relative_to(work).parts[0] for file in done} == {"photos", "features", "runs"}
    result = CliRunner().invoke(app, ["build", str(built.recipe), "--work", str(work), "--json"])
    assert result.exit_code == 0, result.output
    assert written(work) == done
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["stage"] for report in reports] == [*STAGES, "build"]
    assert reports[:-1] == [json.loads((work / "reports" / f"{stage}.json").read_bytes()) for stage in STAGES]
    assert "1 of 5: collect" in result.stderr, "progress is not among the reports"


def written(work: Path) -> dict[Path, int]:
    """Tell of all that costs time when each file was written."""
    files = [file for folder in ("photos", "features", "runs") for file in (work / folder).rglob("*")]
    return {file: file.stat().st_mtime_ns for file in files if file.is_file()}
