"""Callers of earlier systems, played by their own requests: only the address is another one."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from recognizer.serve.forms import in_form
from tests.browser import chromium
from tests.conftest import Served
from tests.serve.asking import client

SEVERAL = {
    "race": {"kind": "classes", "label": "Not sure", "not_sure": True, "probabilities": {"White": 0.4, "Black": 0.3}},
    "gender": {"kind": "classes", "label": "Male", "not_sure": False, "probabilities": {"Male": 0.9, "Female": 0.1}},
    "age": {"kind": "number", "value": 31.46, "low": 24.0, "high": 40.0, "unit": "years"},
}
# A page as they were written for a program that answered with text.
OLD_PAGE = """<!doctype html><form action="SITE/predict?form=text" method="post" enctype="multipart/form-data">
<input type="file" name="fileup"><button>Predict</button></form>"""


@pytest.fixture
def page(served: Served) -> Iterator[httpx.Client]:
    with client(served.url) as opened:
        yield opened


@pytest.mark.parametrize("field", ["image", "file", "fileup"])
def test_a_page_with_one_file_field_gets_text(served: Served, field: str) -> None:
    photo, url = served.photos[0], f"{served.url}/predict"
    command = ["curl", "-sS", "--fail", "-F", f"{field}=@{photo};filename=photo.jpg", f"{url}?form=text"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert text == httpx.post(url, files={"image": photo.read_bytes()}, trust_env=False).json()["label"]


def test_a_json_client_gets_the_probabilities_of_each_output(page: httpx.Client, served: Served) -> None:
    photo = served.photos[0].read_bytes()
    answer = page.post("/predict", params={"form": "face2data"}, files={"image": ("photo.jpg", photo, "image/jpeg")})
    assert answer.json() == {"label": page.post("/predict", files={"image": photo}).json()["probabilities"]}
    assert answer.headers["cache-control"] == "no-store"


def test_several_outputs_in_the_form_of_a_json_client() -> None:
    assert bytes(in_form("face2data", SEVERAL).body).decode() == (
        '{"race":{"White":0.4,"Black":0.3},"gender":{"Male":0.9,"Female":0.1},"age":31.46}'
    )


def test_several_outputs_as_text_are_a_line_each() -> None:
    answer = in_form("text", SEVERAL)
    assert answer.body == b"race: Not sure\ngender: Male\nage: 31"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("width", "text"), [(40.0, "1"), (3.0, "0.6"), (0.2, "0.63")])
def test_a_number_has_the_digits_that_its_interval_leaves(width: float, text: str) -> None:
    number = {"kind": "number", "value": 0.63, "low": 0.6, "high": 0.6 + width, "unit": ""}
    assert bytes(in_form("text", {"share": number}).body).decode() == text


@pytest.mark.parametrize("form", ["face2data", "text"])
def test_what_is_wrong_is_said_in_the_same_words_in_every_form(page: httpx.Client, form: str) -> None:
    for sent in ({"files": {"image": b"no picture"}}, {"files": {"other": b"x"}}, {"content": b""}):
        plain, other = (page.post("/predict", params=asked, **sent) for asked in ({}, {"form": form}))
        assert (other.status_code, other.json()) == (plain.status_code, plain.json())
        assert other.status_code in (400, 415)


def test_a_form_that_there_is_not_is_refused(page: httpx.Client, served: Served) -> None:
    answer = page.post("/predict?form=xml", files={"image": served.photos[0].read_bytes()})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "There is no such form of an answer; ask for face2data or text, or for none."


def test_programs_and_people_are_told_of_the_forms(page: httpx.Client) -> None:
    parameters = page.get("/openapi.json").json()["paths"]["/predict"]["post"]["parameters"]
    (form,) = (one for one in parameters if one["name"] == "form")
    assert form["schema"]["enum"] == ["", "face2data", "text"]
    for word in ("fileup", "form=text", "form=face2data"):
        assert word in page.get("/docs").text


def test_an_old_page_in_a_browser(served: Served) -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(OLD_PAGE.replace("SITE", served.url))
        page.set_input_files("input", served.photos[0])
        page.click("button")
        page.wait_for_url("**/predict?form=text")
        expected = httpx.post(f"{served.url}/predict", files={"image": served.photos[0].read_bytes()}, trust_env=False)
        assert page.locator("body").inner_text() == expected.json()["label"]
