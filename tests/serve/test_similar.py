"""Beside an answer stand licensed photos that the network learned from, and none that was forgotten."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import ModelError
from recognizer.export.similar import write_similar
from recognizer.recipe import load_recipe
from recognizer.serve.classifier import Classifier, read_facts
from recognizer.store.copies import clean_spaces
from recognizer.store.photo_store import PhotoStore
from recognizer.store.spaces import MARKER, MODEL, note_space
from tests.conftest import Built


@pytest.fixture
def model(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.model, tmp_path / "model"))


def photo_of(built: Built, sha256: str) -> Path:
    return next((built.work / "photos").glob(f"*/{sha256[:16]}.jpg"))


def test_a_photo_that_it_learned_from_is_its_own_most_similar_one(built: Built) -> None:
    with np.load(built.model / "similar.npz") as stored:
        digest = str(stored["photos"][0])
    similar = Classifier(built.model).explain(photo_of(built, digest).read_bytes()).similar
    credit = next(row for row in read_facts(built.model)["similar"] if row["file"] == f"similar/{digest[:16]}.jpg")
    assert len(similar) == 3
    assert {key: similar[0][key] for key in ("label", "title", "licence")} == {
        key: credit[key] for key in ("label", "title", "licence")
    }


def test_both_runtimes_find_the_same(built: Built) -> None:
    photo = next((built.model / "examples").glob("*.jpg")).read_bytes()
    onnx, fastai = (Classifier(built.model, runtime).explain(photo).similar for runtime in ("onnx", "fastai"))
    assert [one["title"] for one in onnx] == [one["title"] for one in fastai]


def test_one_that_is_forgotten_is_shown_no_more(built: Built, model: Path, tmp_path: Path) -> None:
    with np.load(model / "similar.npz") as stored:
        digest = str(stored["photos"][0])
    work, space = tmp_path / "work", tmp_path / "space"
    work.mkdir()
    space.mkdir()
    (space / MARKER).touch()
    model.rename(space / MODEL)
    note_space(work, space)
    clean_spaces(work, {digest})
    assert not (space / MODEL / "similar" / f"{digest[:16]}.jpg").exists()
    assert digest[:16] not in (space / MODEL / "model.json").read_text()
    with np.load(space / MODEL / "similar.npz") as stored:
        assert digest not in stored["photos"]
    assert len(Classifier(space / MODEL).explain(photo_of(built, digest).read_bytes()).similar) == 3


def test_recipes_about_people_show_none(built: Built, tmp_path: Path) -> None:
    recipe = load_recipe(built.recipe).model_copy(update={"people": True})
    with PhotoStore(built.work, recipe.labels) as store:
        shown = write_similar(recipe, store.photos.kept(), tmp_path / "model.onnx", 64)
    assert shown == [] and not list(tmp_path.iterdir())


def test_a_broken_file_is_a_sentence(model: Path) -> None:
    (model / "similar.npz").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"similar\.npz is missing or broken .* export the model again"):
        Classifier(model)


def test_a_model_without_such_photos_answers(built: Built, model: Path) -> None:
    facts = read_facts(model)
    del facts["similar"]
    (model / "model.json").write_text(json.dumps(facts))
    assert Classifier(model).explain(next((model / "examples").glob("*.jpg")).read_bytes()).similar == []
