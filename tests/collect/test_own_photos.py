"""A folder of one's own photos: never harmed, waited for while it is away, and read again when there are more."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app
from tests.collect.collecting import CLASSES, read_state, write_recipe

EACH = 25  # photos of a class


def command(*words: object) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it printed."""
    result = CliRunner().invoke(app, [str(word) for word in words], terminal_width=200)
    return result.exit_code, result.stdout, result.stderr


def draw_own(folder: Path, count: int = EACH, first: int = 0) -> list[Path]:
    """Draw photos, so many of each class; return their files."""
    files = []
    for place, label in enumerate(CLASSES):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            noise = np.random.default_rng((place, number)).integers(0, 256, (80, 100, 3), np.uint8)
            files.append(folder / label / f"mine-{number:03d}.png")
            Image.fromarray(noise).save(files[-1])
    return files


def missing(files: list[Path]) -> list[Path]:
    return [file for file in files if not file.is_file()]


def asking(recipe: Path, work: Path, own: Path) -> list[object]:
    return ["collect", recipe, "--work", work, "--engine", "folder", "--folder", own]


# Not harmed


@pytest.mark.parametrize(
    ("own", "work"),
    [("data/cloth/photos", "data/cloth"), ("data/cloth", "data/cloth"), ("data", "data/cloth"), ("own", "."),
     ("link", "data/cloth"), ("data/cloth/photos/Kilim/..", "data/../data/cloth")],
)  # fmt: skip
def test_a_folder_in_or_around_the_work_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, work: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = draw_own(Path("own") if own == "own" else Path("data/cloth/photos"))
    Path("link").symlink_to("data/cloth/photos")
    code, printed, told = command(*asking(write_recipe(tmp_path, 5), Path(work), Path(own)))
    assert (len(files), missing(files)) == (EACH * len(CLASSES), [])
    assert (code, printed, len(told.splitlines())) == (1, "", 1)
    assert f"The folder {own} of your own photos and the work folder {work} may not" in told and "--work" in told


def test_a_folder_that_the_photos_of_the_work_folder_lie_in_is_refused(tmp_path: Path) -> None:
    files = draw_own(tmp_path / "own")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "photos").symlink_to(tmp_path / "own")
    code, _, told = command(*asking(write_recipe(tmp_path, 5), tmp_path / "work", tmp_path / "own"))
    assert code == 1 and "may not lie in each other" in told and missing(files) == []


def test_photos_put_into_the_work_folder_by_hand_stay(tmp_path: Path) -> None:
    files = draw_own(tmp_path / "work" / "photos")
    own = draw_own(tmp_path / "own", 3, first=EACH)
    code, _, _ = command(*asking(write_recipe(tmp_path, 3), tmp_path / "work", tmp_path / "own"))
    assert (code, missing(files), missing(own)) == (0, [], [])
    assert len(read_state(tmp_path / "work").files) == len(files) + len(own)
