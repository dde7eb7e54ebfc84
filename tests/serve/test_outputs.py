"""A model with several outputs is served: every output in its form, for programs and people; no page shows a photo."""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from fastai.learner import load_learner
from gradio_client import Client, handle_file
from PIL import Image
from torch import nn

from recognizer.calibration.abstain import NOT_SURE
from recognizer.errors import ModelError
from recognizer.export.export import write_learner
from recognizer.faces.counting import FACES
from recognizer.images.decode import sha256
from recognizer.serve.facts import read_facts
from recognizer.serve.opening import open_model
from recognizer.serve.outputs import ClassesReading, Explained, FacesError, NumberReading, OutputsClassifier
from recognizer.serve.outputs_rendering import render_outputs, render_outputs_top
from recognizer.words.words import FOLDER, Words, words_in
from tests.browser import chromium
from tests.faces.of_one_face import of_one_face, with_faces
from tests.serve.asking import client, serving


@pytest.fixture(scope="module")
def page(shapes_model: Path) -> Iterator[str]:
    with serving(shapes_model) as (address, _):
        yield address


@pytest.fixture
def opened(page: str) -> Iterator[httpx.Client]:
    with client(page) as asking:
        yield asking


def test_every_output_is_answered_in_its_form(opened: httpx.Client, blue_disc: Path) -> None:
    answer = opened.post("/predict", files={"image": blue_disc.read_bytes()})
    told = answer.json()["outputs"]
    assert list(told) == ["shape", "colour", "size"]
    assert max(told["shape"]["probabilities"], key=told["shape"]["probabilities"].get) == "disc"
    assert told["colour"]["label"] == "blue" and not told["colour"]["not_sure"]
    size = told["size"]
    assert size["kind"] == "number" and size["low"] < size["value"] < size["high"] and size["unit"] == "pixels"
    assert abs(size["value"] - 60) < 15
    assert answer.headers["cache-control"] == "no-store"


def test_programs_get_the_evidence_when_they_ask_for_it(page: str, opened: httpx.Client, blue_disc: Path) -> None:
    photo = {"image": blue_disc.read_bytes()}
    plain, told = (opened.post(f"/predict{asked}", files=photo).json() for asked in ("", "?evidence=true"))
    assert "evidence" not in plain and told["outputs"] == plain["outputs"]
    explained = Client(page, verbose=False).predict(handle_file(str(blue_disc)), api_name="/explain")
    assert list(told["evidence"]) == ["shape", "colour", "size"]
    for name, grid in told["evidence"].items():
        assert np.array(grid) == pytest.approx(np.array(explained["evidence"][name]), abs=1e-4)
    both = opened.post("/predict?evidence=true&form=text", files=photo)
    assert both.status_code == 400 and "no place for evidence" in both.json()["detail"]


def test_earlier_callers_get_the_forms_that_they_know(opened: httpx.Client, blue_disc: Path) -> None:
    old = opened.post("/predict?form=face2data", files={"image": blue_disc.read_bytes()}).json()
    assert set(old["colour"]) == {"red", "green", "blue"} and isinstance(old["size"], float)
    assert "colour: blue" in opened.post("/predict?form=text", files={"fileup": blue_disc.read_bytes()}).text
    assert opened.post("/predict?form=pie", files={"image": blue_disc.read_bytes()}).status_code == 400


def test_what_is_no_picture_is_refused_in_a_sentence(opened: httpx.Client) -> None:
    answer = opened.post("/predict", files={"image": b"no picture"})
    assert answer.status_code == 415 and answer.json()["detail"].endswith(".")


def test_the_pages_are_made_of_recipe_and_report_and_show_no_photo(opened: httpx.Client) -> None:
    how, data = opened.get("/how").text, opened.get("/data").text
    assert re.search(r"[\d.]+ pixels</span> off on average \(“", how)
    assert "layers that learned from" in how, "those beside the pretrained ones, too, where a recipe tunes them"
    assert "constant guess" in how and "must not be used for" in how and "/predict" in how
    assert (
        '<h3><span lang="en">shape</span> and <span lang="en">colour</span></h3>' in data and "four corners" not in how
    )
    assert "<img" not in how + data and '<svg class="count"' in data
    assert '<h2 lang="en">size</h2>' in data and data.count("</svg>") == 2 + 3 + 4, (
        "a number has the quarters of its range"
    )


@pytest.mark.parametrize("language", ["th", "kk"])
def test_pages_speak_the_language_that_is_asked_for_or_the_browsers(opened: httpx.Client, language: str) -> None:
    words = words_in(language)
    asked = opened.get(f"/how?lang={language}")
    preferred = opened.get("/data", headers={"Accept-Language": f"fr-FR,{language}-XX;q=0.9,en;q=0.8"})
    unknown = opened.get("/data?lang=xx", headers={"Accept-Language": language})
    for page, headline in ((asked, "site.how_title"), (preferred, "site.data_page"), (unknown, "site.data_page")):
        assert f'<html lang="{language}">' in page.text and f"<h1>{words.say(headline)}</h1>" in page.text
        assert words.say("page.translated", language=language) in page.text, "by a machine"
        assert "Accept-Language" in page.headers["vary"]
    assert f'href="data?lang={language}"' in asked.text and f'href="./?lang={language}"' in asked.text
    assert unsaid(asked.text, words) == unsaid(preferred.text, words) == set()


@pytest.mark.parametrize("language", ["en", "th"])
def test_the_pages_stay_in_the_language_that_was_chosen(
    opened: httpx.Client, shapes_model: Path, language: str
) -> None:
    top = render_outputs_top(OutputsClassifier(shapes_model).facts, False, words_in(language))
    for page in ("how", "data", "docs"):
        (link,) = re.findall(rf'href="({page}\b[^"]*)"', top)
        shown = opened.get(f"/{link}", headers={"Accept-Language": "kk"}).text
        assert f'<html lang="{"en" if page == "docs" else language}">' in shown
        assert f'href="./?lang={language}"' in shown


def unsaid(page: str, words: Words) -> set[str]:
    """Return the English sentences of figures on a page that should speak another language."""
    english = json.loads((FOLDER / "en.json").read_text("utf-8"))["figures"]
    texts = re.findall(r">([^<>]+)<", re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', "", page, flags=re.DOTALL))
    return {said for said in english.values() if "{" not in said and said in texts}


def test_how_to_ask_is_told_to_people_and_to_programs(opened: httpx.Client) -> None:
    docs = opened.get("/docs").text
    assert all(f"<code>{field}</code>" in docs for field in ("image", "file", "fileup", "colour"))
    asked = opened.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert asked["requestBody"]["content"]["multipart/form-data"]["schema"]["required"] == ["image"]
    assert {"400", "413", "415", "503"} <= asked["responses"].keys()
    assert all(f'scope="row">{status}</th>' in docs for status in (400, 413, 415, 503))


def test_what_a_page_needs_to_explain_answers_is_told(page: str) -> None:
    about = Client(page, verbose=False).predict(api_name="/about")
    colour, size = about["outputs"][1:]
    assert [one["name"] for one in colour["classes"]] == ["red", "green", "blue"] and size["range"] == [0, 100]
    assert colour["metrics"]["accuracy"] <= 1 and colour["metrics"]["constant"]["answer"] in ("red", "green", "blue")
    assert about["source"] == "listed" and not about["one_face"] and about["pages"] == {"how": "how", "data": "data"}


def test_every_page_fits_a_phone(page: str, blue_disc: Path) -> None:
    with chromium() as browser:
        phone = browser.new_page(viewport={"width": 360, "height": 740})
        phone.goto(page)
        phone.set_input_files("input[type=file]", blue_disc)
        phone.wait_for_selector("#answer[aria-live=polite] .fill")
        phone.wait_for_function("document.querySelector('#answer').getBoundingClientRect().top < innerHeight / 2")
        assert phone.evaluate("document.querySelector('#answer').getBoundingClientRect().width") > 280
        for name in ("", "/how", "/data", "/docs"):
            phone.goto(f"{page}{name}")
            assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_the_page_speaks_the_visitors_language(page: str, blue_disc: Path) -> None:
    words = words_in("th")
    with chromium() as browser, browser.new_context(locale="th", viewport={"width": 360, "height": 740}) as context:
        phone = context.new_page()
        phone.goto(page)
        phone.wait_for_selector(f"text={words.say('figures.answers')}")
        assert phone.inner_text("#answer h2") == words.say("page.choose")
        assert words.say("page.translated", language="th") in phone.inner_text(".top")
        phone.set_input_files("input[type=file]", blue_disc)
        phone.wait_for_selector("#answer .why")
        shown = phone.inner_text("#answer")
        assert words.say("answer.notice") in shown and "Of photos" not in shown and "under" not in shown
        assert phone.evaluate("[document.documentElement.lang, document.documentElement.scrollWidth]") == ["th", 360]
        phone.get_by_role("link", name=words.say("site.how_title")).click()
        phone.wait_for_selector(f"text={words.say('figures.brackets')}")
        assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_gradios_own_client_gets_the_same(page: str, opened: httpx.Client, blue_disc: Path) -> None:
    told = Client(page, verbose=False).predict(handle_file(str(blue_disc)), api_name="/predict")
    plain = opened.post("/predict", files={"image": blue_disc.read_bytes()}).json()["outputs"]
    assert told["size"]["value"] == pytest.approx(plain["size"]["value"]) and list(told) == list(plain)


def test_both_runtimes_answer_alike(shapes_model: Path, blue_disc: Path) -> None:
    photo = blue_disc.read_bytes()
    first, second = (OutputsClassifier(shapes_model, runtime).explain(photo) for runtime in ("onnx", "fastai"))
    for name in ("shape", "colour", "size"):
        assert first.evidence[name] == pytest.approx(second.evidence[name], abs=1e-2)
    one, other = first.readings, second.readings
    assert isinstance(one["size"], NumberReading) and isinstance(other["size"], NumberReading)
    assert one["size"].value == pytest.approx(other["size"].value, abs=0.05)
    assert isinstance(one["colour"], ClassesReading) and isinstance(other["colour"], ClassesReading)
    assert one["colour"].probabilities == pytest.approx(other["colour"].probabilities, abs=1e-3)


def test_an_answer_shows_bars_for_classes_and_an_interval_for_a_number(shapes_model: Path, blue_disc: Path) -> None:
    classifier = OutputsClassifier(shapes_model)
    photo = blue_disc.read_bytes()
    shown = render_outputs(classifier.explain(photo), classifier.facts, photo, words_in("en"))
    assert shown.count('class="fill"') == 6 and "<strong>blue</strong>" in shown and "pixels" in shown
    assert shown.count('<img src="data:image/jpeg') == shown.count("<summary>Why?") == 3
    assert 'class="preview"' not in shown, "the page shows it already"
    assert 'class="preview"' in render_outputs(classifier.explain(photo), classifier.facts, b"HEIC", words_in("en"))
    assert "counted for numbers near" in shown and "cannot tell who anyone is" in shown


def test_a_class_that_is_not_likely_enough_is_not_sure(shapes_model: Path, tmp_path: Path, blue_disc: Path) -> None:
    folder = shutil.copytree(shapes_model, tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text())
    facts["outputs"][0]["threshold"] = 1.01
    (folder / "model.json").write_text(json.dumps(facts))
    reading = OutputsClassifier(folder).answer(blue_disc.read_bytes())["shape"]
    assert isinstance(reading, ClassesReading) and reading.not_sure and reading.label == NOT_SURE
    explained = Explained({"shape": reading}, {}, Image.new("RGB", (8, 8)))
    shown = render_outputs(explained, OutputsClassifier(folder).facts, blue_disc.read_bytes(), words_in("en"))
    assert f"Not sure. Closest: <strong>{next(iter(reading.probabilities))}</strong>" in shown
    assert shown.count('class="mark" style="left:100.0%"') == 1, "from where it answers"


def test_a_photo_without_a_face_or_with_several_gets_a_sentence_where_one_is_wanted(
    shapes_model: Path, tmp_path: Path
) -> None:
    with serving(of_one_face(shapes_model, tmp_path)) as (address, _), client(address) as asking:
        none, one, two = (asking.post("/predict", files={"image": with_faces(count)}) for count in range(3))
        how = asking.get("/how").text
    assert (none.status_code, none.json()["detail"]) == (415, str(FacesError(0)))
    assert (two.status_code, two.json()["detail"]) == (415, str(FacesError(2)))
    assert set(one.json()["outputs"]) == {"shape", "colour", "size"}
    assert "no face, or several" in how


def test_without_a_detector_it_is_said_that_nobody_looks_for_faces(
    shapes_model: Path, tmp_path: Path, blue_disc: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = of_one_face(shapes_model, tmp_path, finds=False)
    assert OutputsClassifier(folder).answer(blue_disc.read_bytes())
    assert "no face detector is installed" in caplog.text


@pytest.mark.parametrize("change", [
    {"stop": 3}, {"kind": "number"}, {"classes": 3}, {"threshold": "high"},
    {"metrics": {"photos": 1, "constant": {"answer": "disc"}, "per_class": {}, "accuracy_interval": "wide"}},
])  # fmt: skip
def test_outputs_that_make_no_sense_are_told(shapes_model: Path, tmp_path: Path, change: dict[str, object]) -> None:
    folder = shutil.copytree(shapes_model, tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text())
    facts["outputs"][0] |= change
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=r"not whole: outputs\.shape"):
        open_model(folder)


def test_a_network_that_takes_another_size_is_a_sentence(shapes_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shapes_model, tmp_path / "model"))
    facts = read_facts(folder)
    facts["preprocessing"]["size"] = 96
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match=r"takes .*64.*and not pixels of 3 x 96 x 96 .*; export the model again\.$"):
        open_model(folder)


def put_in(folder: Path, name: str, data: bytes) -> None:
    """Put another file into a model folder, with its sha256, as a stranger can."""
    facts = read_facts(folder)
    (folder / name).write_bytes(data)
    facts["sha256"][name] = sha256(data)
    (folder / "model.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no network", r"model\.onnx cannot be opened \(.*\); export the model"),
        ("without logits", r"gives \[.*'size'\], and not .* and logits; export the model"),
        ("a fault", r"cannot be run \(.*\); export it"),
        ("no numbers", "gives no numbers; export it"),
    ],
)
def test_a_network_that_does_not_answer_is_a_sentence(
    shapes_model: Path, tmp_path: Path, kind: str, words: str
) -> None:
    folder = Path(shutil.copytree(shapes_model, tmp_path / "model"))
    network = onnx.load(folder / "model.onnx")
    if kind == "without logits":
        network.graph.output.remove(next(one for one in network.graph.output if one.name == "logits"))
    for weights in network.graph.initializer if kind == "no numbers" else []:
        if weights.data_type == onnx.TensorProto.FLOAT:
            weights.raw_data = np.full(weights.dims, np.nan, np.float32).tobytes()
    if kind == "a fault":  # an index that is no place of the photo
        network.graph.initializer.append(onnx.numpy_helper.from_array(np.array([9]), "nine"))
        network.graph.node.insert(0, onnx.helper.make_node("Gather", ["pixels", "nine"], ["moved"], axis=1))
        for node in network.graph.node[1:]:
            node.input[:] = ["moved" if name == "pixels" else name for name in node.input]
    put_in(folder, "model.onnx", b"no network" if kind == "no network" else network.SerializeToString())
    with pytest.raises(ModelError, match=rf"{words} again\.$"):
        open_model(folder)


@pytest.mark.parametrize("another", [b"no network", None])
def test_a_detector_that_is_none_is_a_sentence(shapes_model: Path, tmp_path: Path, another: bytes | None) -> None:
    folder = of_one_face(shapes_model, tmp_path)
    put_in(folder, FACES, another or (folder / "model.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"faces\.onnx cannot be opened \(.*\); export the model again\.$"):
        open_model(folder)


def test_a_learner_of_another_kind_is_a_sentence(shapes_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shapes_model, tmp_path / "model"))
    learner = load_learner(folder / "learner.pkl")
    learner.model = nn.Sequential(learner.model[0], nn.Flatten())
    write_learner(learner, tmp_path / "another.pkl")
    put_in(folder, "learner.pkl", (tmp_path / "another.pkl").read_bytes())
    with pytest.raises(ModelError, match=r"learner\.pkl cannot be opened \(.*\); export the model again\.$"):
        open_model(folder, "fastai")
