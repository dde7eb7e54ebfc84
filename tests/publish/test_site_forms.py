"""The forms in which the visitor's browser answers: a static Space, and GitHub Pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recognizer.cli.commands import app
from tests.conftest import Built
from tests.drawn_dataset import Shapes
from tests.paths import ROOT

CHECKOUT = ("recognizer", "deployment", "docs")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, whose docs/ may be written."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in CHECKOUT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(checkout: Path, *words: object) -> str:
    command = [sys.executable, "-m", "recognizer", *map(str, words)]
    done = subprocess.run(
        command, cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def constant(site: Path, name: str) -> str:
    found = re.search(rf"export const {name} = (.*);", (site / "js" / "config.js").read_text())
    return found[1] if found else ""


def test_docs_becomes_the_site_of_ones_own_classes(built: Built, checkout: Path, tmp_path: Path) -> None:
    work, docs = Path(shutil.copytree(built.work, tmp_path / "work")), checkout / "docs"
    (docs / "model" / "examples").mkdir(parents=True)
    (docs / "model" / "examples" / "99.jpg").write_bytes(b"of a model before")
    figures = (docs / "figures.md").read_bytes()
    assert "Site in docs" in run(checkout, "publish", built.recipe, "--work", work, "--form", "pages", "--to", "docs")
    assert "Tiny textiles" in (docs / "index.html").read_text() and "Akha" not in (docs / "groups.json").read_text()
    assert (constant(docs, "SPACE"), constant(docs, "MODEL")) == ("null", '"model/"')
    assert (docs / "model" / "model.json").is_file() and not (docs / "model" / "examples" / "99.jpg").exists()
    assert (docs / "figures.md").read_bytes() == figures
    example = next((docs / "model" / "examples").glob("*.jpg"))
    digest = {path.read_bytes(): path.stem for path in (work / "photos").glob("*/*.jpg")}[example.read_bytes()]
    said = run(checkout, "forget", built.recipe, digest, "--work", work)
    assert f"The folder {docs} is without it now" in said and not example.exists()


def test_a_site_names_no_photo_that_it_does_not_show(built: Built, checkout: Path, tmp_path: Path) -> None:
    run(checkout, "publish", built.recipe, "--work", built.work, "--to", tmp_path / "space")
    folders = (tmp_path / "space" / "model", built.model)
    told, known = (json.loads((folder / "model.json").read_text()) for folder in folders)
    assert known.pop("similar") and told == known


def test_without_a_form_a_folder_is_a_whole_static_space(built: Built, checkout: Path, tmp_path: Path) -> None:
    said = run(checkout, "publish", built.recipe, "--work", built.work, "--to", tmp_path / "space")
    served = f"python -m http.server --bind 127.0.0.1 --directory {tmp_path / 'space'} 8000"
    assert f"Next: {served}, and open http://127.0.0.1:8000" in said
    assert "static: free" in said and (tmp_path / "space" / ".gitattributes").is_file()
    assert "sdk: static" in (tmp_path / "space" / "README.md").read_text()
    assert constant(tmp_path / "space", "MODEL") == '"model/"' and not (tmp_path / "space" / "app.py").exists()


def test_a_site_asks_the_space_that_is_named(built: Built, checkout: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    said = run(checkout, "publish", built.recipe, "--work", built.work, "--to", site, "--space", "me/bags")
    assert "asks me/bags" in said and (constant(site, "SPACE"), constant(site, "MODEL")) == ('"me/bags"', "null")
    assert not (site / "model").exists() and not list(site.glob("vendor/ort*")), "what only browsers that answer need"
    assert "An uploaded photo is used for its answer" in (site / "README.md").read_text()
    assert "It is sent to the Space" in (site / "recognizer.html").read_text()


@pytest.mark.parametrize(
    ("space", "form", "told"),
    [
        ("me/bags", "cpu", "--form cpu answers itself"),
        ("http://example.org", "static", "would get photos unencrypted"),
        ("bags", "static", "give OWNER/NAME, such as me/bags"),
    ],
)
def test_a_space_that_cannot_be_asked_is_refused(
    built: Built, tmp_path: Path, space: str, form: str, told: str
) -> None:
    words = ["publish", str(built.recipe), "--work", str(built.work), "--to", str(tmp_path), "--space", space]
    result = CliRunner().invoke(app, [*words, "--form", form])
    assert result.exit_code == 2 and told in " ".join(result.output.split())


def test_of_a_data_set_there_is_no_list_of_addresses(shapes: Shapes, shapes_model: Path) -> None:
    recipe = shapes.work.parent / "shapes.toml"
    words = ["publish", str(recipe), "--work", str(shapes_model.parent), "--with-index", "me/shapes-photos"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1 and "leave --with-index out" in result.output, "before the Hub is asked"
