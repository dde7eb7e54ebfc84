"""The notebooks run from start to end, and fastai's cleaner writes into the store."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from recognizer.recipe import load_recipe
from recognizer.review.notebook import REASON
from recognizer.store.photo_store import PhotoStore
from tests.conftest import Built
from tests.paths import ROOT

CLEANING = "training_and_data_cleaning"
NOTEBOOKS = ["data_preparation", CLEANING, "inference"]
FOLDER = ROOT / "notebooks"
CHOOSE = """
import json
boxes = cleaner.iw.widget.children
boxes[0][1].value, boxes[2][1].value = "<Delete>", recipe.labels[3]
chosen = [Path(cleaner.fns[place]).name for place in (0, 2)]
(Path(WORK).parent / "chosen.json").write_text(json.dumps(chosen))
"""


def prepared(name: str, recipe: Path, work: Path) -> nbformat.NotebookNode:
    """Read a notebook and let it use another recipe and work folder."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    settings = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    settings.source = f"RECIPE = {str(recipe)!r}\nWORK = {str(work)!r}"
    return notebook


def run(notebook: nbformat.NotebookNode) -> None:
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}})
    # nbclient's own Output widgets send on the socket on which it waits for a reply, and then it may not notice that
    # this has come until the time is out; without them, what they show is the cell's.
    client.widget_registry = {}
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})  # this checkout, wherever another one is installed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data_preparation", "inference"])
def test_a_notebook_runs_from_start_to_end(built: Built, tmp_path: Path, name: str) -> None:
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    notebook = prepared(name, built.recipe, work)
    run(notebook)
    assert pictures(notebook), "it shows photos"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_saved_with_its_outputs(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert pictures(notebook)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert str(Path.home()) not in nbformat.writes(notebook)


def pictures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if {"image/png", "image/svg+xml"} & output.get("data", {}).keys()]


@pytest.mark.slow
def test_a_notebook_runs_from_start_to_end_and_choices_in_the_cleaner_become_decisions(
    built: Built, tmp_path: Path
) -> None:
    """The widget needs a notebook around it, so this one runs in a kernel too, with a person's choices put in."""
    work = Path(shutil.copytree(built.work, tmp_path / "work"))
    notebook = prepared(CLEANING, built.recipe, work)
    place = next(n for n, cell in enumerate(notebook.cells) if cell.source.endswith("\ncleaner"))
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(CHOOSE))
    run(notebook)
    assert pictures(notebook), "it shows photos"
    recipe = load_recipe(built.recipe)
    dropped, moved = json.loads((tmp_path / "chosen.json").read_text())
    with PhotoStore(work, recipe.labels) as store:
        made = {d.photo: (d.action, d.label, d.reason) for d in store.decisions.current() if d.by == "me"}
        of = {photo.path.name: photo.sha256 for photo in store.photos.all()}
    assert made == {of[dropped]: ("drop", None, REASON), of[moved]: ("relabel", recipe.labels[3], REASON)}
