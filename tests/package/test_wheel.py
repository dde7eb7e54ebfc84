"""A wheel is built, holds all that the commands need, and works in an empty folder where there is no checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

from tests.paths import ROOT

BUILT_FROM = ("recognizer", "data/recipes", "deployment", "docs/js", "docs/vendor")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "docs/sw.js", "docs/style.css", "docs/logo.svg")
IN_DOCS = ("js", "vendor", "sw.js", "style.css", "logo.svg", "share.png")
NO_CODE = {".pyc", ".map"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy, since setuptools leaves folders behind."""
    copy, to = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for folder in BUILT_FROM:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*FILES, "docs/share.png"):
        shutil.copyfile(ROOT / file, copy / file)
    build = "from setuptools import build_meta; import sys; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(to)], cwd=copy, check=True, capture_output=True)
    return next(to.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation of it would be, beside the packages that are installed here."""
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


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


@pytest.mark.slow
def test_words_become_a_published_model_in_an_empty_folder(unpacked: Path, tmp_path: Path) -> None:
    new = recognizer(unpacked, tmp_path, "new", "Cloth", "tartan", "paisley", "chevron", "--engine", "sample")
    assert new.returncode == 0, new.stderr
    text = (tmp_path / "cloth.toml").read_text("utf-8")
    (tmp_path / "cloth.toml").write_text(text.replace("photos = 200", "photos = 10").replace("size = 288", "size = 64"))
    for typed in (["build", "cloth"], ["publish", "cloth", "--to", "space", "--form", "cpu"]):
        done = recognizer(unpacked, tmp_path, *typed)
        assert done.returncode == 0, done.stderr
    assert {"app.py", "requirements.txt", "recognizer", "model"} <= {
        path.name for path in (tmp_path / "space").iterdir()
    }
    site = recognizer(unpacked, tmp_path, "publish", "cloth", "--to", "site")
    assert site.returncode == 0, site.stderr
    assert (tmp_path / "site" / "model" / "model.json").is_file()
    photo = next((tmp_path / "data" / "cloth" / "model" / "examples").glob("*.jpg"))
    answer = recognizer(unpacked, tmp_path, "classify", str(photo), "--model", "data/cloth/model")
    assert answer.returncode == 0 and str(photo) in answer.stdout


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
