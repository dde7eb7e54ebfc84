"""How far answers rest on faces: wholly where classes differ in nothing else, hardly where they differ elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.evaluate.dependence import mean_of
from recognizer.evaluate.evaluate import evaluate
from recognizer.faces import detector
from recognizer.faces.boxes import face_boxes
from recognizer.faces.detector import INSTALL
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train.train import train
from tests.faces.painted import PAINTS, fill

MADE_UP = """
title = "Made up"
[train]
size = 224
held_out = 0.4
[[classes]]
name = "One"
[[classes]]
name = "Other"
"""
PATTERNS = ("argyle", "gingham")


def made_up(folder: Path, settings: str = "") -> Recipe:
    path = folder / "made-up.toml"
    path.write_text(MADE_UP.replace("[train]", f"[train]\n{settings}"), encoding="utf-8")
    return load_recipe(path)


def evaluated(folder: Path, paints: tuple[str, ...], patterns: tuple[str, ...]) -> dict[str, Any]:
    recipe = made_up(folder)
    with PhotoStore(folder / "work", recipe.labels) as store:
        fill(store, recipe.labels, paints, patterns, 24)
        leave_out_faces_that_are_not_found(store)
        train(recipe, store)
        faces: dict[str, Any] = evaluate(recipe, store)["faces"]
        return faces


def leave_out_faces_that_are_not_found(store: PhotoStore) -> None:
    """Drop the photos whose painted face is not found: it would stay where faces are blurred, and teach."""
    boxes = face_boxes(store.photos.all(), store.work)
    store.decisions.add(
        *(Decision(name, "drop", "not found", by="me") for name, found in boxes.items() if not len(found))
    )


@pytest.fixture(scope="module")
def by_faces(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A work folder of classes that differ only in faces, and how far answers rest on these."""
    folder = tmp_path_factory.mktemp("faces")
    return folder, evaluated(folder, PAINTS, ("gingham",))


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero", "ignore:The BCa confidence interval")
def test_shares_that_are_all_but_the_same_have_no_interval() -> None:
    nearly = np.array([1.0, 1.0, np.nextafter(1.0, 0.0)])
    assert mean_of("area", nearly) == {"area": 1.0, "area_interval": None}


def test_answers_rest_on_faces_where_classes_differ_in_nothing_else(by_faces: tuple[Path, dict[str, Any]]) -> None:
    _, faces = by_faces
    assert faces["held_out"] >= faces["photos"] > 15
    assert faces["accuracy"] > 0.9 and faces["blurred_accuracy"] < 0.7  # of two classes, chance gives half
    low, high = faces["changed_interval"]
    assert 0.2 < low < faces["changed"] < high and faces["changed"] > 0.35
    assert faces["evidence"] > 1.5 * faces["area"] and faces["evidence_interval"][0] > faces["area_interval"][1]


def test_a_network_that_learned_without_faces_does_not_answer_by_them(by_faces: tuple[Path, dict[str, Any]]) -> None:
    folder, before = by_faces
    recipe = made_up(folder, 'faces = "blur"')
    with PhotoStore(folder / "work", recipe.labels) as store:
        train(recipe, store)
        faces = evaluate(recipe, store)["faces"]
    assert faces["photos"] == before["photos"] and faces["accuracy"] < 0.8 < before["accuracy"]
    assert faces["accuracy"] < before["accuracy_interval"][0]


def test_answers_do_not_rest_on_faces_where_classes_differ_around_them(tmp_path: Path) -> None:
    faces = evaluated(tmp_path, ("",), PATTERNS)
    assert faces["changed"] < 0.15 and abs(faces["accuracy"] - faces["blurred_accuracy"]) < 0.15
    assert faces["evidence"] < 1.5 * faces["area"]
    page = (tmp_path / "work" / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert f"A face was found in {faces['photos']} of {faces['held_out']} held-out photos" in page
    assert f"{round(faces['changed'] * 100)} of 100 answers about these change" in page
    assert page.count("95 % interval") == 3


def test_photos_without_faces_have_nothing_to_measure(copied: PhotoStore, recipe: Recipe) -> None:
    report = evaluate(recipe, copied)
    assert report["faces"] == {"held_out": report["photos"], "photos": 0}
    assert "No face was found in the" in (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("people", [False, True])
def test_without_the_detector_the_evaluation_says_how_to_have_it_measured(
    copied: PhotoStore,
    recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    people: bool,
) -> None:
    monkeypatch.setattr(detector, "PACKAGE", "no-such-package")
    assert evaluate(recipe.model_copy(update={"people": people}), copied)["faces"] is None
    page = (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert f"<code>{INSTALL}</code>" in page and "How far answers rest on faces was not measured" in page
    assert (INSTALL in caplog.text) == people
