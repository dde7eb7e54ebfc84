"""A stranger's model folder: nothing outside of it is served, its words run nothing, and faults are a sentence."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.errors import ModelError
from recognizer.images.decode import sha256
from recognizer.serve.classifier import Classifier, read_facts
from recognizer.serve.facts import SHAPE, web_link
from recognizer.serve.interface import make_interface
from recognizer.serve.runtimes import open_fastai
from recognizer.serve.uploads import HERE
from recognizer.serve.wording import measured, rests_on_faces
from recognizer.words.words import NO_BREAK, SOURCE, words_in
from tests.browser import chromium
from tests.conftest import Built
from tests.serve.asking import answered, client, of_upload, serving

WAY_OUT = r"model\.json .*; export the model again, or ask whoever made it\.$"


@pytest.fixture
def model(built: Built, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(built.model, tmp_path / "model", ignore=shutil.ignore_patterns("*.fp16.onnx")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def change(model: Path, edit: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    facts = read_facts(model)
    edit(facts)
    (model / "model.json").write_text(json.dumps(facts))
    return facts


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "5", "[" * 100_000, '{"a": ' * 100_000, "\xff\xfe", '{"distance": 1' + "0" * 5000 + "}"],
)
def test_what_is_no_json_object_is_a_sentence(model: Path, text: str) -> None:
    (model / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=WAY_OUT):
        Classifier(model)


def test_a_huge_model_json_is_not_read(model: Path) -> None:
    with (model / "model.json").open("ab") as file:
        file.truncate(10**11)  # sparse
    with pytest.raises(ModelError, match=r"model\.json has over 10 MB, so it is not read; "):
        Classifier(model)


@pytest.mark.parametrize("key", [key for key in SHAPE if key != "distance"])
@pytest.mark.parametrize("value", [None, 5, "x", [5], [{"name": 5}], {"a": None}, float("nan"), 10**400])
def test_what_is_missing_or_of_another_kind_is_named(model: Path, key: str, value: Any) -> None:
    change(model, lambda facts: facts.pop(key))
    with pytest.raises(ModelError, match=rf"is not whole: {key}.*{WAY_OUT[11:]}"):
        Classifier(model)
    change(model, lambda facts: facts.update({key: value}))
    if not _fits(key, value):
        with pytest.raises(ModelError, match=rf"is not whole: {key}.*{WAY_OUT[11:]}"):
            Classifier(model)


def _fits(key: str, value: Any) -> bool:
    return (key, value) in [("title", "x"), ("description", "x"), ("threshold", 5)]


@pytest.mark.parametrize("edit", [
    lambda facts: facts.update(classes=[]),
    lambda facts: facts["classes"].append(facts["classes"][0]),
    lambda facts: facts["classes"].pop(),
    lambda facts: facts["metrics"].update(accuracy_interval=[1.0]),
    lambda facts: facts["distance"].pop("limit"),
    lambda facts: facts.update(distance="energy"),
])  # fmt: skip
def test_what_makes_no_sense_is_a_sentence(model: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    change(model, edit)
    with pytest.raises(ModelError, match=r"model\.json .*export the model again"):
        Classifier(model)


def test_a_pickle_that_cannot_be_opened_is_a_sentence(model: Path) -> None:
    """Its sha256 fits: it proves the copy whole, and nothing else."""
    (model / "learner.pkl").write_bytes(b"no pickle at all")
    change(model, lambda facts: facts["sha256"].update({"learner.pkl": sha256(b"no pickle at all")}))
    with pytest.raises(ModelError, match=r"learner\.pkl cannot be opened here"):
        Classifier(model, "fastai")
    with (model / "learner.pkl").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelError, match="It is safe only if you trust whoever made it"):
        Classifier(model, "fastai")
    assert "proves the copy\n    whole, not safe" in str(open_fastai.__doc__)


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.jpg", "examples/../../secret.jpg", "linked.jpg", "a\0.jpg"])
def test_an_example_outside_the_folder_is_not_served(model: Path, name: str) -> None:
    (model.parent / "secret.jpg").write_bytes(b"x")
    (model / "linked.jpg").symlink_to(model.parent / "secret.jpg")
    change(model, lambda facts: facts.update(examples=[{"file": name}]))
    with pytest.raises(ModelError, match=r"model\.json names the example .* it is not served"):
        make_interface(Classifier(model))


@pytest.mark.parametrize("name", ["learner.pkl", "model.json", "page.html", "drawing.svg", "examples"])
def test_an_example_that_is_no_picture_is_not_served(model: Path, name: str) -> None:
    change(model, lambda facts: facts.update(examples=[{"file": name}]))
    with pytest.raises(ModelError, match=r"model\.json names the example .*, which is no picture; it is not served"):
        make_interface(Classifier(model))


def test_serve_says_so_in_one_line(model: Path, built: Built) -> None:
    change(model, lambda facts: facts.update(examples=[{"file": "/etc/passwd"}]))
    result = CliRunner().invoke(app, ["serve", str(built.recipe), "--work", str(model.parent)])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert result.stderr.count("\n") == 1 and "/etc/passwd" in result.stderr


def test_a_forgotten_example_is_served_no_more(model: Path) -> None:
    """Neither by a page that goes on running, nor by one that starts after it."""
    file = model / read_facts(model)["examples"][0]["file"]
    address_of = f"/gradio_api/file={quote(str(file.resolve()))}"
    with serving(model) as (address, _), client(address) as page:
        assert page.get(address_of).content == file.read_bytes()
        assert answered(page, of_upload(str(file.resolve())))[0] == "complete"
        assert file.exists()  # it is no upload
        forgotten = file.read_bytes()
        file.unlink()
        assert page.get(address_of).status_code == 403
        assert answered(page, of_upload(str(file.resolve())))[0] == "error"
        assert forgotten not in [path.read_bytes() for path in HERE.root.rglob("*") if path.is_file()]
    with serving(model) as (address, _), client(address) as page:
        assert page.get(address_of).status_code == 403
        assert file.name not in page.get("/config").text


PLACES, MARKS = (".top", ".answer", ".below"), ("img:not([src^='data:'])", "iframe", "script", "code", "strong strong")
HOSTILE = (
    '<img src="http://127.0.0.1:9/a.png" onerror="window.ran=1"> ![x](http://127.0.0.1:9/b.png) <script>window.ran=1'
    "</script> <iframe src=http://127.0.0.1:9/c></iframe> [go](javascript:window.ran=1) `code` **bold** $x$ &lt; "
    "${window.ran=1} {{window.ran=1}}"
)


def test_words_of_a_model_load_nothing_from_elsewhere_and_run_nothing(model: Path, browser: Browser) -> None:
    def edit(facts: dict[str, Any]) -> None:
        facts.update(title=f"Title {HOSTILE}", description=f"About\n\n# {HOSTILE}")
        facts["classes"][0].update(name=f"Name {HOSTILE}", description=HOSTILE, link="javascript:window.ran=1")
        facts["classes"][1].update(link='https://example.com/a_(b) "onmouseover="window.ran=1')
        facts["classes"][2].update(link="https://example.com/a_(b)?c=d&e")

    change(model, edit)
    with serving(model) as (address, _):
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("input[type=file]", state="attached")
        page.set_input_files("input[type=file]", next((model / "examples").glob("*.jpg")))
        page.wait_for_selector("#answer .bars")
        text = page.inner_text("body")
        links = page.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        marks = page.locator(", ".join(f"{place} {mark}" for place in PLACES for mark in MARKS)).count()
        assert page.evaluate("window.ran") is None and page.title() == f"Title {HOSTILE}"
        page.close()
    assert marks == 0
    assert text.count('<img src="http://127.0.0.1:9/a.png" onerror="window.ran=1">') >= 4
    assert all(url.startswith((address, "data:", "blob:")) for url in asked), asked
    assert "https://example.com/a_%28b%29?c=d&e" in links
    assert not [link for link in links if link and link.startswith("javascript")]


def test_an_address_of_the_web_is_a_link_and_nothing_else_is() -> None:
    assert web_link("https://en.wikipedia.org/wiki/Mon_(people)") == "https://en.wikipedia.org/wiki/Mon_%28people%29"
    assert [web_link(link) for link in ("", "javascript:x", "https://a b", "data:x", "//x", 'https://a"b')] == [
        None
    ] * 6


def test_how_far_answers_rest_on_faces_is_told_as_it_was_measured() -> None:
    facts = {"recipe": {"train": {"faces": "blur"}}, "metrics": {"faces": {"photos": 40, "changed": 0.1}}}
    assert rests_on_faces(facts, words_in("en")) == (
        "It learned from photos in which faces were blurred. "
        "In 40 test photos that show a face, blurring the faces changed 4 answers."
    )
    assert rests_on_faces({"recipe": {}, "metrics": {"faces": {"photos": "many"}}}, words_in("en")) == ""


SHARE = {"share": 0.9, "photos": 50, "interval_further": [0.78, 0.97], "interval": [0.8, 0.96]}
MEASURED = {"accuracy": 0.8, "accuracy_interval": [0.7, 0.9], "photos": 90}


@pytest.mark.parametrize(
    "blind", [None, "seen", {"answered": 12}, {"accuracy": None}, {"accuracy": SHARE | {"interval_further": [0.78]}}]
)
def test_where_nobody_looked_blindly_agreement_is_called_agreement(blind: Any) -> None:
    said = measured(MEASURED | {"blind": blind}, words_in(SOURCE)).replace(NO_BREAK, " ")
    assert said.startswith("It agreed with the label of 72 of 90 test photos") and "Right" not in said


def test_what_people_saw_blindly_is_told_in_its_place() -> None:
    said = measured(MEASURED | {"blind": {"accuracy": SHARE}}, words_in(SOURCE)).replace(NO_BREAK, " ")
    assert said.startswith("Right on 90 % of the test photos that show one of the names (plausibly 78 % to 97 %)")
