"""A wheel is built, holds all that the commands need, and works in an empty folder where there is no checkout."""

import os
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import Parser
from pathlib import Path

import httpx
import pytest

from tests.paths import ROOT

IN_DOCS = ("js", "vendor", "sw.js", "style.css", "logo.svg", "share.png")
NO_CODE = {".pyc", ".map"}


def recognizer(unpacked: Path, here: Path, *typed: str) -> subprocess.CompletedProcess[str]:
    """Run a command out of the wheel, in a folder that is no checkout."""
    command = [sys.executable, "-m", "recognizer", *typed]
    env = os.environ | {"PYTHONPATH": str(unpacked)}
    return subprocess.run(command, cwd=here, env=env, capture_output=True, text=True)


def expected() -> Iterator[str]:
    """Give the names that a wheel has for what lies in the checkout."""
    for place, name in (("recognizer", ""), ("data/recipes", "recipes/"), ("deployment", "publish/deployment/")):
        for file in (ROOT / place).rglob("*"):
            if file.is_file() and file.suffix not in NO_CODE:
                yield f"recognizer/{name}{file.relative_to(ROOT / place).as_posix()}"
    for top in (ROOT / "docs" / name for name in IN_DOCS):
        for file in top.rglob("*") if top.is_dir() else [top]:
            if file.is_file():
                yield f"recognizer/publish/docs/{file.relative_to(ROOT / 'docs').as_posix()}"


def test_a_wheel_holds_all_files_of_the_package_and_what_it_carries(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == set(expected())


def test_serving_needs_no_torch_and_training_has_an_extra(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = Parser().parsestr(archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA"))).decode())
    needed = metadata.get_all("Requires-Dist") or []
    heavy = ("torch", "fastai", "timm", "scipy", "scikit-learn", "opencv")
    assert not [line for line in needed if "extra ==" not in line and line.startswith(heavy)]
    assert any(line.startswith("torch==") and "extra == 'train'" in line.replace('"', "'") for line in needed)
    assert {"faces", "processes", "serve", "train"} <= set(metadata.get_all("Provides-Extra") or [])
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"recognizer", metadata["Name"]}, "pipx and uvx run the command called like the package"


@pytest.mark.parametrize("tool", [["uv", "tool", "run"], ["pipx", "run", "--backend", "uv"]])
def test_uvx_and_pipx_run_the_file_without_installing_it(installable: Path, tmp_path: Path, tool: list[str]) -> None:
    """uvx takes the file; pipx takes each file for a script, and has to be told in the way of pip that it is none."""
    file = str(installable) if tool[0] == "uv" else f"ethnic-group-recognizer @ {installable.as_uri()}"
    command = [sys.executable, "-m", *tool, "--python", sys.executable, file]
    here = {"UV_CACHE_DIR": str(tmp_path / "uv"), "PIPX_HOME": str(tmp_path / "pipx"), "UV_OFFLINE": "1"}
    (folder := tmp_path / "empty").mkdir()
    typed = [*command, "new", "Cloth", "tartan", "paisley", "--engine", "sample"]
    done = subprocess.run(typed, cwd=folder, env=os.environ | here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["cloth.toml"]


@pytest.mark.usefixtures("interruptible")
@pytest.mark.slow
def test_words_become_the_sample_of_a_demo_and_a_published_model_in_an_empty_folder(
    unpacked: Path, tmp_path: Path
) -> None:
    """The sample that comes with the program is replaced by what `new` wrote, made smaller: `demo` builds that."""
    new = recognizer(unpacked, tmp_path, "new", "Cloth", "tartan", "paisley", "chevron", "--engine", "sample")
    assert new.returncode == 0, new.stderr
    text = (tmp_path / "cloth.toml").read_text("utf-8")
    small = text.replace("photos = 200", "photos = 10").replace("size = 288", "size = 64")
    mine = copy_with(unpacked, tmp_path / "installed", "recipes/textiles.toml", small)
    with demo(mine, tmp_path) as page:
        photo = next((tmp_path / "data" / "textiles" / "model" / "examples").glob("*.jpg"))
        asked = httpx.post(f"{page}/predict", files={"image": photo.read_bytes()}, trust_env=False, timeout=60)
        assert set(asked.json()["probabilities"]) == {"tartan", "paisley", "chevron"}
    for form, needed in (("cpu", "app.py"), ("static", "model/model.json")):
        done = recognizer(mine, tmp_path, "publish", "textiles", "--to", form, "--form", form)
        assert done.returncode == 0 and (tmp_path / form / needed).is_file(), done.stderr
    assert {"requirements.txt", "recognizer", "model"} <= {path.name for path in (tmp_path / "cpu").iterdir()}
    answer = recognizer(mine, tmp_path, "classify", str(photo), "--model", "data/textiles/model")
    assert answer.returncode == 0 and str(photo) in answer.stdout


def copy_with(unpacked: Path, to: Path, name: str, text: str) -> Path:
    """Copy an installation, with another text in one of its files."""
    shutil.copytree(unpacked, to)
    (to / "recognizer" / name).write_text(text, "utf-8")
    return to


@contextmanager
def demo(unpacked: Path, here: Path) -> Iterator[str]:
    """Run `demo`; gives the address that it serves at."""
    command = [sys.executable, "-m", "recognizer", "demo", "--port", "0"]
    env = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=here, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield next(line.split()[2] for line in process.stdout if line.startswith("Serving at"))
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 130


def test_its_recipes_are_known_in_any_folder(unpacked: Path, tmp_path: Path) -> None:
    done = recognizer(unpacked, tmp_path, "train", "nowhere")
    names = ", ".join(sorted(file.stem for file in (unpacked / "recognizer" / "recipes").glob("*.toml")))
    assert done.returncode == 1 and f"of this program: {names};" in done.stderr
    found = recognizer(unpacked, tmp_path, "serve", "textiles")
    assert found.returncode == 1 and "There is no model in data/textiles/model yet" in found.stderr


def test_what_is_missing_is_installed_from_the_same_wheel(unpacked: Path, tmp_path: Path) -> None:
    """As pip notes where a wheel came from, in direct_url.json; here without the packages that training needs."""
    (folder,) = unpacked.glob("*.dist-info")
    (folder / "direct_url.json").write_text('{"url": "file:///home/me/it.whl", "archive_info": {}}')
    (tmp_path / "imagehash.py").write_text("raise ModuleNotFoundError('none', name='imagehash')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['collect', 'textiles']; "
    code += "from recognizer.cli.commands import app; app()"
    env = os.environ | {"PYTHONPATH": str(unpacked)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "(imagehash is missing)" in done.stderr
    assert "pip install 'ethnic-group-recognizer[train] @ file:///home/me/it.whl'" in done.stderr
