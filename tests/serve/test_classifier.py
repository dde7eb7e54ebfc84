"""The exported model: what plain programs, the page and its API make of it."""

import hashlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from gradio_client import Client, handle_file
from onnx import TensorProto, external_data_helper, helper

from recognizer.calibration.abstain import NOT_SURE
from recognizer.errors import ModelError, PictureError
from recognizer.export.onnx_forms import onnx_pixels, run_onnx
from recognizer.serve.classifier import Classifier, read_facts
from recognizer.serve.parts import Answer
from tests.conftest import Built, Served


def test_model_json_describes_the_files(built: Built) -> None:
    facts = read_facts(built.model)
    assert [entry["name"] for entry in facts["classes"]] == [entry["name"] for entry in facts["recipe"]["classes"]]
    assert 0.5 <= facts["threshold"] <= 1
    assert facts["preprocessing"]["size"] == 64
    for name, digest in facts["sha256"].items():
        assert hashlib.sha256((built.model / name).read_bytes()).hexdigest() == digest
    assert set(facts["sha256"]) == {"learner.pkl", "model.onnx", "model.fp16.onnx", "model.safetensors"}


def test_onnx_gives_the_probabilities_of_the_learner(served: Served) -> None:
    session = onnxruntime.InferenceSession(served.model / "model.onnx")
    for photo in served.photos:
        row = session.run(None, {"pixels": onnx_pixels(photo, 64)})[0][0]
        assert dict(zip(served.classes, row.tolist(), strict=True)) == pytest.approx(served.expected(photo), abs=1e-3)
        assert row.sum() == pytest.approx(1, abs=1e-5)


def test_onnx_takes_several_photos_at_once(served: Served) -> None:
    session = onnxruntime.InferenceSession(served.model / "model.onnx")
    batch = np.concatenate([onnx_pixels(photo, 64) for photo in served.photos[:3]])
    assert [values.shape for values in session.run(None, {"pixels": batch})][:3] == [(3, 12), (3,), (3, 12, 2, 2)]


@pytest.mark.parametrize("form", ["model.onnx", "model.fp16.onnx"])
def test_onnx_and_classifier_find_the_same_photos_out_of_distribution(served: Served, form: str) -> None:
    """By the limit in model.json and its own energies; only within what rounding moves them may they differ."""
    classifier = Classifier(served.model)
    limit = classifier.facts["distance"]["limit"]
    energies = run_onnx([served.model / form], [onnx_pixels(photo, 64) for photo in served.photos])[0].energies
    flags = [classifier.predict(photo.read_bytes()).out_of_distribution for photo in served.photos]
    moved = classifier.facts["agreement"]["forms"][form]["energy_difference"]
    clear = [(e, flag) for e, flag in zip(energies, flags, strict=True) if abs(e - limit) > 2 * moved]
    assert clear
    assert [e > limit for e, _ in clear] == [flag for _, flag in clear]
    assert np.ptp(energies) > 10 * read_facts(served.model)["agreement"]["energy_difference"]


@pytest.mark.parametrize("runtime", ["onnx", "fastai"])
def test_classifier_says_what_the_learner_says(served: Served, runtime: str) -> None:
    classifier = Classifier(served.model, runtime)
    for photo in served.photos:
        prediction = classifier.predict(photo.read_bytes())
        assert prediction.probabilities == pytest.approx(served.expected(photo), abs=1e-5)
        best = max(prediction.probabilities, key=prediction.probabilities.__getitem__)
        sure = prediction.probabilities[best] >= classifier.facts["threshold"] and not prediction.out_of_distribution
        assert prediction.label == (best if sure else NOT_SURE)


def test_classifier_refuses_what_is_no_picture(served: Served) -> None:
    with pytest.raises(PictureError, match="not a picture"):
        Classifier(served.model).predict(b"<html></html>")


@pytest.mark.parametrize(("runtime", "file"), [("onnx", "model.onnx"), ("fastai", "learner.pkl")])
def test_an_altered_network_is_not_opened(built: Built, tmp_path: Path, runtime: str, file: str) -> None:
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    with (model / file).open("ab") as opened:
        opened.write(b"!")
    with pytest.raises(ModelError, match=rf"{file} is not the file that model\.json describes"):
        Classifier(model, runtime)
    (model / file).unlink()
    with pytest.raises(ModelError, match=rf"{file} is missing or cannot be read; export the model again\.$"):
        Classifier(model, runtime)


def test_an_unknown_runtime_is_named(built: Built) -> None:
    with pytest.raises(ModelError, match=r"There is no runtime 'torch'; use one of onnx, fastai\.$"):
        Classifier(built.model, "torch")


@pytest.mark.parametrize(("edit", "words"), [
    (lambda facts: facts["preprocessing"].update(size=96), "takes .*64.*export the model again"),
    (lambda facts: facts["preprocessing"].update(size=10**6), "preprocessing.size is not from 16 to 2048 pixels"),
    (lambda facts: facts["classes"].pop(), "names 11 classes, and model.onnx tells 12 apart"),
])  # fmt: skip
def test_a_network_of_another_shape_is_not_run(
    built: Built, tmp_path: Path, edit: Callable[[dict[str, Any]], Any], words: str
) -> None:
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    facts = read_facts(model)
    edit(facts)
    (model / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=words):
        Classifier(model)


def test_a_file_that_is_no_network_is_a_sentence(built: Built, tmp_path: Path) -> None:
    """Its sha256 fits: a stranger can write both."""
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    (model / "model.onnx").write_bytes(b"no network")
    facts = read_facts(model)
    facts["sha256"]["model.onnx"] = hashlib.sha256(b"no network").hexdigest()
    (model / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=r"model\.onnx cannot be opened .*; export the model again\.$"):
        Classifier(model)


def _network(kind: str, size: int, classes: int) -> bytes:
    """Return a network that answers nothing but W, which is made by a stranger."""
    values = {"no probabilities": [float("nan")] * classes, "no dimension": [0.5]}.get(kind, [1 / classes] * classes)
    shape = [] if kind == "no dimension" else [1, classes]
    weights = helper.make_tensor("W", TensorProto.FLOAT, shape, np.array(values, np.float32).tobytes(), raw=True)
    if kind == "a file elsewhere":
        external_data_helper.set_external_data(weights, "elsewhere.bin")
        weights.ClearField("raw_data")
    inside = [weights, helper.make_tensor("E", TensorProto.FLOAT, [1], [0.0])]
    inside.append(helper.make_tensor("I", TensorProto.INT64, [1], [9 if kind == "a fault" else 0]))
    inside.append(helper.make_tensor("V", TensorProto.FLOAT, [1, classes, 1, 1], [0.0] * classes))
    inside.append(helper.make_tensor("B", TensorProto.FLOAT, [1, 4], [0.5] * 4))
    reads = ("Identity", ["W"]) if kind == "no dimension" else ("Gather", ["W", "I"])
    nodes = [helper.make_node(*reads, ["probabilities"]), helper.make_node("Identity", ["E"], ["energy"])]
    nodes.append(helper.make_node("Identity", ["V"], ["evidence"]))
    nodes.append(helper.make_node("Identity", ["B"], ["embedding"]))
    shapes: dict[str, list[Any]] = {"pixels": ["n", 3, size, size], "probabilities": ["n", classes], "energy": ["n"]}
    shapes |= {"evidence": ["n", classes, 1, 1], "embedding": ["n", 4]}
    pixels, *gives = (helper.make_tensor_value_info(name, TensorProto.FLOAT, of) for name, of in shapes.items())
    graph = helper.make_graph(nodes, "graph", [pixels], gives, inside)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(made.SerializeToString())


@pytest.mark.parametrize(("kind", "words"), [
    ("a file elsewhere", "cannot be opened"),
    ("no dimension", "takes .* and gives"),
    ("no probabilities", "gives no probabilities"),
    ("a fault", "cannot be run"),
])  # fmt: skip
def test_a_strangers_network_that_does_not_answer_is_a_sentence(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    """And reads no file but its own, though one lies where the program runs."""
    facts = read_facts(built.model)
    data = _network(kind, facts["preprocessing"]["size"], len(facts["classes"]))
    facts["sha256"]["model.onnx"] = hashlib.sha256(data).hexdigest()
    (tmp_path / "model.onnx").write_bytes(data)
    (tmp_path / "model.json").write_text(json.dumps(facts))
    np.full(len(facts["classes"]), 1 / len(facts["classes"]), np.float32).tofile(tmp_path / "elsewhere.bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=rf"{words}.*again\.$"):
        Classifier(tmp_path)


def test_versions_that_do_not_fit_are_named_before_the_pickle_is_opened(built: Built, tmp_path: Path) -> None:
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    broken = b"no pickle at all"
    (model / "learner.pkl").write_bytes(broken)
    facts = read_facts(model)
    facts["versions"]["fastai"] = "2.7.19"
    facts["sha256"]["learner.pkl"] = hashlib.sha256(broken).hexdigest()
    (model / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=r'is not opened: .*fastai 2\.7\.19.*pip install "fastai==2\.7\.\*", or the'):
        Classifier(model, "fastai")


def test_a_photo_unlike_all_classes_is_not_sure(built: Built, tmp_path: Path) -> None:
    """The same photo is out of distribution or not as the limit says, and then "Not sure" however likely a class is."""
    photo = next((built.model / "examples").glob("*.jpg")).read_bytes()
    answers = {}
    for limit in (-1e9, 1e9):
        model = Path(shutil.copytree(built.model, tmp_path / str(limit)))
        facts = read_facts(model)
        facts["threshold"] = 0.0
        facts["distance"]["limit"] = limit
        (model / "model.json").write_text(json.dumps(facts))
        answers[limit] = Classifier(model).predict(photo)
    assert answers[-1e9].out_of_distribution and answers[-1e9].label == NOT_SURE
    assert not answers[1e9].out_of_distribution and answers[1e9].label == next(iter(answers[1e9].probabilities))
    assert answers[-1e9].probabilities == answers[1e9].probabilities


@pytest.mark.parametrize("stored", [{"distance": {"kind": "mahalanobis", "limit": 90.0}}, {}])
def test_a_model_of_another_version_is_named(built: Built, tmp_path: Path, stored: dict[str, object]) -> None:
    model = Path(shutil.copytree(built.model, tmp_path / "model"))
    facts = {name: value for name, value in read_facts(model).items() if name != "distance"}
    (model / "model.json").write_text(json.dumps({**facts, **stored}))
    with pytest.raises(ModelError, match=r"model\.json is of another version.*; export the model again\.$"):
        Classifier(model)


def test_a_folder_without_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a model folder"):
        Classifier(tmp_path)


def test_gradio_client_gets_the_probabilities_of_the_learner(served: Served) -> None:
    client = Client(served.url, verbose=False)
    for photo in served.photos:
        answer = client.predict(handle_file(photo), api_name="/predict")
        given = {entry["label"]: entry["confidence"] for entry in answer["confidences"]}
        assert given == pytest.approx(served.expected(photo), abs=1e-5)
        assert list(given.values()) == sorted(given.values(), reverse=True)
        assert answer["label"] in (NOT_SURE, next(iter(given)))


def test_programs_are_told_that_a_photo_is_unlike_all_classes(served: Served) -> None:
    client, classifier = Client(served.url, verbose=False), Classifier(served.model)
    for photo in served.photos[:2]:
        known = classifier.predict(photo.read_bytes())
        for endpoint in ("/predict", "/explain"):
            assert client.predict(handle_file(photo), api_name=endpoint)["far"] == known.out_of_distribution
    told = Answer(render=False).postprocess(replace(known, label=NOT_SURE, out_of_distribution=True))
    assert not isinstance(told, dict) and told.model_dump() == {
        "label": NOT_SURE,
        "confidences": [{"label": name, "confidence": share} for name, share in known.probabilities.items()],
        "far": True,
    }


def test_curl_gets_the_probabilities_of_the_learner(served: Served) -> None:
    photo = served.photos[0]
    upload = _curl(f"{served.url}/gradio_api/upload", "-F", f"files=@{photo}")
    data = json.dumps({"data": [{"path": json.loads(upload)[0], "meta": {"_type": "gradio.FileData"}}]})
    address = f"{served.url}/gradio_api/call/predict"
    event = json.loads(_curl(address, "-H", "Content-Type: application/json", "-d", data))["event_id"]
    lines = _curl("-N", f"{address}/{event}").splitlines()
    answer = json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]
    given = {entry["label"]: entry["confidence"] for entry in answer["confidences"]}
    assert given == pytest.approx(served.expected(photo), abs=1e-5)


def _curl(*arguments: str) -> str:
    return subprocess.run(["curl", "-sS", "--fail", *arguments], capture_output=True, text=True, check=True).stdout


def test_a_file_that_is_no_picture_gets_a_sentence(served: Served, tmp_path: Path) -> None:
    text = tmp_path / "photo.jpg"
    text.write_text("no photo")
    with pytest.raises(Exception, match="not a picture; use a JPEG"):
        Client(served.url, verbose=False).predict(handle_file(text), api_name="/predict")


def test_about_tells_what_the_answers_mean(served: Served) -> None:
    about = Client(served.url, verbose=False).predict(api_name="/about")
    metrics = read_facts(served.model)["metrics"]
    assert [entry["name"] for entry in about["classes"]] == served.classes
    assert about["accuracy"] == metrics["accuracy"]
    assert about["accuracy_interval"] == metrics["accuracy_interval"]


def test_the_api_offers_nothing_else(served: Served) -> None:
    with urllib.request.urlopen(f"{served.url}/gradio_api/info") as answer:
        assert set(json.load(answer)["named_endpoints"]) == {"/predict", "/explain", "/about"}
