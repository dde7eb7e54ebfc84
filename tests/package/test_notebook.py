"""The notebook for Colab goes from a folder of photos to a published page, out of a wheel, in a plain kernel."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from recognizer.recipe import load_recipe
from recognizer.sample import pictures
from tests.paths import ROOT
from tests.publish.hub import LoopbackHub, same_as

NOTEBOOK = ROOT / "notebooks" / "from_words_to_a_page.ipynb"
WORDS = ["argyle", "chevron", "paisley"]
PHOTOS = 25


def write_photos(folder: Path) -> None:
    """Write photos of one's own: those that the sample draws first."""
    for word in WORDS:
        (folder / word).mkdir(parents=True)
        for number, hit in enumerate(pictures.search(word, 1)[:PHOTOS]):
            (folder / word / f"{number}.jpg").write_bytes(pictures.read(hit.image))


@pytest.mark.slow
def test_a_folder_of_photos_becomes_a_page(unpacked: Path, tmp_path: Path) -> None:
    write_photos(tmp_path / "photos")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert len(notebook.cells) == 10
    (settings,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    settings.source = f'TITLE, WORDS, FOLDER, PUSH, WHEEL = "My cloth", {WORDS!r}, "photos", "me/my-cloth", ""'
    (build,) = (cell for cell in notebook.cells if 'recognizer("build"' in cell.source)
    build.source = f'recipe.write_text(recipe.read_text().replace("size = 288", "size = 64"))\n{build.source}'
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    with LoopbackHub() as hub:
        client.execute(env={**os.environ, **hub.environment, "HF_HOME": str(tmp_path), "PYTHONPATH": str(unpacked)})
    assert load_recipe(tmp_path / "my-cloth.toml").labels == WORDS
    said = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "photos that it had not learned from" in said and "It runs at" in said
    assert same_as(hub.repositories["spaces/me/my-cloth"].files, tmp_path / "data/my-cloth/published/me--my-cloth")
