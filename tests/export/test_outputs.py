"""A network with several outputs is exported: plain fastai opens it, ONNX has an output of its own name each."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recognizer.errors import RecognizerError
from recognizer.evaluate.outputs import evaluate_outputs
from recognizer.export.onnx_forms import onnx_pixels
from recognizer.export.outputs import agreement_of, export_outputs
from recognizer.networks.onnx_session import open_session
from recognizer.serve.outputs import FacesError, OutputsClassifier
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Issue
from recognizer.train import outputs_tuning
from recognizer.train.outputs import load_outputs, train_outputs
from tests.drawn_dataset import Shapes
from tests.paths import ROOT


def test_onnx_has_one_named_output_each(shapes: Shapes, shapes_model: Path) -> None:
    with shapes.store() as store:
        trained = load_outputs(shapes.recipe, store)
        photos = trained.split.held_out[:5]
        logits = trained.predict(photos)
    session = open_session(shapes_model / "model.onnx")
    assert [one.name for one in session.get_outputs()] == ["shape", "colour", "size", "logits", "evidence"]
    pixels = np.concatenate([onnx_pixels(photo.path, shapes.recipe.train.size) for photo in photos])
    names = ["shape", "colour", "size", "evidence"]
    given = dict(zip(names, session.run(names, {"pixels": pixels}), strict=True))
    assert given["evidence"].sum(axis=(2, 3)) == pytest.approx(logits, abs=1e-3), "what the places add is all there is"
    assert np.ptp(given["evidence"], axis=(2, 3)).min() > 0
    for name, one in trained.calibrations.items():
        assert given[name] == pytest.approx(one.of(logits), rel=1e-3, abs=1e-3), name


def test_plain_fastai_opens_the_learner_and_model_json_says_where_each_output_lies(
    shapes: Shapes, shapes_model: Path, tmp_path: Path
) -> None:
    with shapes.store() as store:
        trained = load_outputs(shapes.recipe, store)
        photo = trained.split.held_out[0]
        expected = trained.predict([photo])[0]
    program = [sys.executable, "-I", str(ROOT / "tests" / "export" / "plain.py"), str(shapes_model / "learner.pkl")]
    told = subprocess.run([*program, "--photos", str(photo.path)], cwd=tmp_path, capture_output=True, check=True)
    (found,) = json.loads(told.stdout)["learners"].values()
    assert found["probabilities"][0] == pytest.approx(expected.tolist(), abs=1e-2)
    facts = json.loads((shapes_model / "model.json").read_text())
    assert [(one["name"], one["start"], one["stop"]) for one in facts["outputs"]] == [
        ("shape", 0, 2), ("colour", 2, 5), ("size", 5, 5 + len(facts["outputs"][2]["centres"])),
    ]  # fmt: skip
    assert facts["agreement"]["forms"]["model.onnx"]["same_answer"] == 1
    card = (shapes_model / "README.md").read_text()
    assert "must not be used for" in card and "constant guess" in card
    shares = [facts["outputs"][1]["metrics"][name] for name in ("coverage", "selective_accuracy", "threshold_checked")]
    assert f"| colour | {' | '.join(f'{share * 100:.1f} %' for share in shares)} |" in card
    assert "How often it is right is not known" in " ".join(card.split())


def test_weights_that_differ_are_an_error(shapes: Shapes, shapes_model: Path, tmp_path: Path) -> None:
    model = shutil.copytree(shapes_model, tmp_path / "model")
    with shapes.store() as store:
        trained = load_outputs(shapes.recipe, store)
        forms = agreement_of(trained, model)["forms"]
        assert list(forms) == ["model.onnx", "model.fp16.onnx", "model.safetensors"]
        compared = {(form["reference"], form["photos"]) for form in forms.values()}
        assert compared == {("learner.pkl", len(trained.split.held_out))}
        weights = load_file(model / "model.safetensors")
        total = max(one.stop for one in trained.calibrations.values())
        last = next(name for name, tensor in weights.items() if tensor.shape == (total,))
        save_file({**weights, last: weights[last] + torch.arange(total)}, model / "model.safetensors")
        with pytest.raises(RecognizerError, match=r"^model\.safetensors and learner\.pkl differ by"):
            agreement_of(trained, model)


def test_what_is_exported_is_of_what_was_learned_and_measured(shapes: Shapes, tmp_path: Path) -> None:
    """A held-out photo is a copy of one that was learned from, and a person dropped one of these since."""
    work = shutil.copytree(shapes.work, tmp_path / "work", ignore=shutil.ignore_patterns("model"))
    with PhotoStore(work, shapes.recipe.labels) as store:
        trained = load_outputs(shapes.recipe, store)
        (first, second, *_), (known, measured, *_) = trained.split.learning, trained.split.held_out
        store.readings.replace(trained.values | {known.sha256: trained.values[first.sha256]})
        store.issues.replace("duplicate", [Issue(known.sha256, "duplicate", 0.9, twin=first.sha256)])
        store.decisions.add(Decision(second.sha256, "drop", "not wanted", by="ann"))
        evaluate_outputs(shapes.recipe, store)
        export_outputs(shapes.recipe, store)
        facts = json.loads((work / "model" / "model.json").read_text())
        assert facts["photos"] == {"learned_from": shapes.learned, "held_out": len(trained.split.held_out) - 1}
        store.decisions.add(Decision(measured.sha256, "drop", "not wanted", by="ann"))
        with pytest.raises(RecognizerError, match="are others than in the evaluation in"):
            export_outputs(shapes.recipe, store)


def test_a_network_with_a_tuned_branch_is_opened_by_plain_fastai_too(
    shapes: Shapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs_tuning, "NEAR", 1.0)  # all percentiles are near, so that the branch is kept
    work = shutil.copytree(shapes.work, tmp_path / "work")
    tuning = {"epochs": 2, "learning_rate": 3e-3, "stop_by": "percentiles"}
    recipe = shapes.recipe.model_copy(update={"train": shapes.recipe.train.model_copy(update=tuning)})
    with PhotoStore(work, recipe.labels) as store:
        assert train_outputs(recipe, store)["tuning"]["amount"] > 0
        evaluate_outputs(recipe, store)
        report = export_outputs(recipe, store)
        trained = load_outputs(recipe, store)
        photo = trained.split.held_out[0]
        expected = trained.predict([photo])[0]
    assert report["agreement"]["forms"]["model.onnx"]["same_answer"] == 1
    program = [sys.executable, "-I", str(ROOT / "tests" / "export" / "plain.py"), str(work / "model" / "learner.pkl")]
    told = subprocess.run([*program, "--photos", str(photo.path)], cwd=tmp_path, capture_output=True, check=True)
    (found,) = json.loads(told.stdout)["learners"].values()
    assert found["probabilities"][0] == pytest.approx(expected.tolist(), abs=1e-2)


def test_a_model_of_photos_of_people_holds_what_finds_faces(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work", ignore=shutil.ignore_patterns("model"))
    recipe = shapes.recipe.model_copy(update={"people": True})
    with PhotoStore(work, recipe.labels) as store:
        evaluate_outputs(recipe, store)
        export_outputs(recipe, store)
    classifier = OutputsClassifier(work / "model")
    assert classifier.looks_for_faces and "Permission is hereby" in (work / "model" / "faces.LICENSE.txt").read_text()
    with pytest.raises(FacesError):
        classifier.answer(shapes_photo(work).read_bytes())
    assert "`faces.onnx` finds faces" in (work / "model" / "README.md").read_text()


def shapes_photo(work: Path) -> Path:
    return next((work / "photos").rglob("*.jpg"))


def test_nothing_is_exported_without_an_evaluation_of_the_last_training(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work", ignore=shutil.ignore_patterns("reports", "model"))
    with PhotoStore(work, shapes.recipe.labels) as store, pytest.raises(RecognizerError, match="no evaluation"):
        export_outputs(shapes.recipe, store)
