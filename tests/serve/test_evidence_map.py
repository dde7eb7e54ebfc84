"""The map of what an answer rests on lies where the evidence is, and its two colours are the right ones."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from onnx.utils import extract_model
from PIL import Image

from recognizer.serve.classifier import Explanation, Prediction, read_facts
from recognizer.serve.evidence_map import AGAINST, FOR, draw_evidence, relative_evidence
from tests.conftest import Served
from tests.serve.asking import client, serving


def explained(evidence: dict[str, npt.NDArray[np.float32]]) -> Explanation:
    shares = dict.fromkeys(evidence, 1 / len(evidence))
    return Explanation(Prediction("a", shares, False), evidence, Image.new("RGB", (90, 60), "white"), list)


def test_what_speaks_for_the_class_is_coloured_where_it_lies() -> None:
    grid = np.zeros((3, 3), np.float32)
    grid[0, 0], grid[2, 2] = 1, -1
    drawn = np.asarray(draw_evidence(explained({"a": grid, "b": np.zeros((3, 3), np.float32)})), int)
    for_it, against = drawn[8, 8], drawn[-8, -8]
    assert np.abs(for_it - FOR).sum() < np.abs(for_it - AGAINST).sum()
    assert np.abs(against - AGAINST).sum() < np.abs(against - FOR).sum()
    assert drawn[30, 45] == pytest.approx([255, 255, 255], abs=12)


def test_what_is_added_to_all_classes_alike_says_nothing() -> None:
    both = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    assert relative_evidence(explained({"a": both, "b": both})) == pytest.approx(0)


def test_programs_get_the_evidence_when_they_ask_for_it(served: Served) -> None:
    photo = served.photos[0].read_bytes()
    with client(served.url) as page:
        answers = [page.post(path, files={"image": photo}) for path in ("/predict", "/predict?evidence=true")]
    plain, explained = (answer.json() for answer in answers)
    assert "evidence" not in plain
    assert list(explained["evidence"]) == served.classes
    logits = np.array([np.sum(grid) for grid in explained["evidence"].values()])
    likely = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert [explained["probabilities"][name] for name in explained["evidence"]] == pytest.approx(likely, abs=1e-4)


def test_a_network_that_gives_no_evidence_answers_all_the_same(served: Served, tmp_path: Path) -> None:
    """As one that an earlier version exported does."""
    model = Path(shutil.copytree(served.model, tmp_path / "model"))
    extract_model(served.model / "model.onnx", model / "model.onnx", ["pixels"], ["probabilities", "energy"])
    facts = read_facts(model)
    facts["sha256"]["model.onnx"] = hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest()
    (model / "model.json").write_text(json.dumps(facts))
    photo = served.photos[0].read_bytes()
    with serving(model) as (address, _), client(address) as page:
        given = page.post("/predict", files={"image": photo}).json()["probabilities"]
        refused = page.post("/predict?evidence=true", files={"image": photo})
    assert given == pytest.approx(served.expected(served.photos[0]), abs=1e-3)
    assert refused.status_code == 400 and "does not tell what its answers rest on" in refused.json()["detail"]
