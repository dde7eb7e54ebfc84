"""The site of a model with several outputs: each in its form, whoever answers, and pages that tell its figures."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

from recognizer.publish.folder import publish
from recognizer.publish.forms import FORMS
from recognizer.publish.order import Order
from recognizer.serve.evidence_map import draw_map
from recognizer.serve.outputs import OutputsClassifier
from tests.browser import chromium, small_targets
from tests.browser import site as served_site
from tests.drawn_dataset import Shapes
from tests.faces.of_one_face import of_one_face, with_faces
from tests.serve.asking import serving
from tests.site.test_accessibility import AXE, faults
from tests.site.test_languages import UNSAID
from tests.site.watching import PHONE, Watched, wait_for, watching

BOXES = """async (all) => {
    await Promise.all(document.getAnimations().map((one) => one.finished));
    return all.map((one) => one.getBoundingClientRect()).map(({ left, width }) => [left, width]);
}"""
MARKED = """(one) => {
    const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    const pixels = Array.from({ length: data.length / 4 }, (_, at) => data[at * 4 + 1] > data[at * 4] + 20);
    return pixels.filter(Boolean).length / pixels.length;
}"""
PAGES = ("index", "about", "how", "data", "recognizer")
WIDE: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def space(shapes_model: Path) -> Iterator[str]:
    with serving(shapes_model) as (address, _):
        yield address


@pytest.fixture(scope="module")
def home(shapes: Shapes, shapes_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The published site, whose visitors' browsers answer."""
    folder = tmp_path_factory.mktemp("published")
    model = Path(shutil.copytree(shapes_model, folder / "work" / "model"))
    publish(shapes.recipe, model, folder / "site", Order(FORMS["static"]))
    with served_site(folder / "site") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with watching(browser) as seen:
        yield seen


def ask(page: Page, address: str, photo: Path) -> None:
    page.goto(address)
    wait_for(page, "ready")
    page.set_input_files("#file", photo)
    wait_for(page, "answer")


@pytest.mark.parametrize("answerer", ["here", "space"])
def test_every_output_is_shown_in_its_form(
    watched: Watched, home: str, space: str, blue_disc: Path, answerer: str
) -> None:
    page = watched.page
    ask(page, f"{home}/recognizer.html" + (f"?space={space}" if answerer == "space" else ""), blue_disc)
    told = httpx.post(f"{space}/predict", files={"image": blue_disc.read_bytes()}, trust_env=False).json()["outputs"]
    size = told["size"]
    expect(page.locator("#answer h3")).to_have_text(
        [re.compile("^shape: .*disc"), "colour: blue", f"size: {size['value']:.0f} pixels"]
    )
    expect(page.locator("#answer .bars .name")).to_have_count(6)
    drawn = page.locator("#answer .reading").last.locator(".fill, .track").evaluate_all(BOXES)
    (left, width), (start, share) = drawn
    assert [(start - left) / width, share / width] == pytest.approx(
        [size["low"] / 100, (size["high"] - size["low"]) / 100], abs=0.02
    )
    expect(page.locator("#answer")).to_contain_text(f"from {size['low']:.0f} to {size['high']:.0f} pixels")
    expect(page.locator("#comparison .quiet").first).to_contain_text("shape: it agreed with the label of")
    off = re.compile(r"size: on \d+ test photos it was [\d.]+ pixels off on average")
    expect(page.locator("#comparison")).to_contain_text(off)
    expect(page.locator("#groups h3")).to_have_text(["shape", "colour", "size"])
    assert watched.complaints == []


@pytest.mark.parametrize("answerer", ["here", "space"])
def test_the_pages_about_its_figures_are_linked(watched: Watched, home: str, space: str, answerer: str) -> None:
    page = watched.page
    page.goto(f"{home}/recognizer.html" + (f"?space={space}" if answerer == "space" else ""))
    page.get_by_role("link", name="How it works").click()
    expect(page.get_by_role("heading", name="The largest gaps between groups of photos")).to_be_visible()
    page.goto(f"{home}/recognizer.html" + (f"?space={space}" if answerer == "space" else ""))
    page.get_by_role("link", name="The data set").click()
    expect(page.get_by_role("heading", name="shape and colour")).to_be_visible()
    assert page.locator(".count").first.bounding_box() and page.locator("main img").count() == 0


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_all_pages_fit(watched: Watched, home: str, blue_disc: Path, size: ViewportSize) -> None:
    page = watched.page
    page.set_viewport_size(size)
    for name in PAGES:
        page.goto(f"{home}/{name}.html")
        if name == "recognizer":
            ask(page, page.url, blue_disc)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        assert small_targets(page) == [], name


def test_axe_finds_nothing_on_any_page(browser: Browser, home: str, space: str, blue_disc: Path) -> None:
    with browser.new_context(bypass_csp=True, viewport=PHONE, reduced_motion="reduce", locale="en-GB") as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        found = {}
        of_space = [f"{space}/{name}" for name in ("how", "data", "docs")]
        for address in [f"{home}/{name}.html" for name in PAGES] + of_space:
            page.goto(address)
            found[address] = faults(page)
        ask(page, f"{home}/recognizer.html", blue_disc)
        found["answer"] = faults(page)
    assert {place: told for place, told in found.items() if told} == {}


def test_an_answer_can_be_taken_along(watched: Watched, home: str, blue_disc: Path) -> None:
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, f"{home}/recognizer.html", blue_disc)
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_role("button", name="Copied.")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "colour: blue" in text and "cannot tell who anyone is" in text
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a picture").click()
    with Image.open(download.value.path()) as picture:
        drawn = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert picture.size[0] == 1000 and picture.size[1] > 900, "three outputs under each other"
    assert (drawn == (168, 106, 0)).all(axis=1).sum() > 20_000, "the bars of two classes, and a number's interval"


@pytest.mark.parametrize("answerer", ["here", "space"])
def test_each_answer_says_where_in_the_photo_it_comes_from(
    watched: Watched, home: str, space: str, blue_disc: Path, shapes_model: Path, answerer: str
) -> None:
    page = watched.page
    ask(page, f"{home}/recognizer.html" + (f"?space={space}" if answerer == "space" else ""), blue_disc)
    evidence = OutputsClassifier(shapes_model).explain(blue_disc.read_bytes()).evidence
    for number, (name, reading) in enumerate(zip(evidence, page.locator("#answer .reading").all(), strict=True)):
        reading.locator(".why summary").press("Enter")
        canvas = reading.locator("canvas[role=img][aria-label]")
        blue_green = canvas.evaluate(MARKED)
        expected = np.asarray(draw_map(Image.open(blue_disc).convert("RGB"), evidence[name])).astype(int)
        assert blue_green == pytest.approx((expected[..., 1] > expected[..., 0] + 20).mean(), abs=0.05), name
        told = "counted for numbers near" if number == 2 else "next to the other names"
        expect(reading.locator(".why")).to_contain_text(told)
    assert watched.complaints == []


def test_the_site_speaks_other_languages_too(watched: Watched, home: str, blue_disc: Path) -> None:
    ask(watched.page, f"{home}/recognizer.html?lang=ru", blue_disc)
    expect(watched.page.locator("#answer h2")).to_have_text("Метки фотографий, на которые это фото похоже больше всего")


@pytest.mark.parametrize("name", ["how", "data"])
def test_the_pages_about_its_figures_speak_other_languages_too(watched: Watched, home: str, name: str) -> None:
    page = watched.page
    page.goto(f"{home}/{name}.html?lang=th")
    expect(page.locator("html")).to_have_attribute("lang", "th")
    assert page.evaluate(UNSAID) == []
    said = page.locator("main [data-say]:visible").all_inner_texts()
    assert len(said) > 3 and all(re.search("[\u0e00-\u0e7f]", text) for text in said if not re.match(r"[\d.]", text))
    assert re.search("[\u0e00-\u0e7f]", page.title()) and "Shapes" in page.title()
    page.locator("#language").select_option("en")
    expect(page.locator("main h1")).to_have_text("How it works" if name == "how" else "The data set")
    labels = page.locator("main [role=region]").evaluate_all("all => all.map((one) => one.ariaLabel)")
    assert labels[0] == ("How well" if name == "how" else "shape and colour")


def test_a_browser_looks_for_faces_where_answers_are_about_photos_of_one(
    watched: Watched, shapes: Shapes, shapes_model: Path, tmp_path: Path
) -> None:
    model = of_one_face(shapes_model, tmp_path / "work")
    publish(shapes.recipe, model, tmp_path / "site", Order(FORMS["static"]))
    said = {}
    with served_site(tmp_path / "site") as address:
        watched.page.goto(f"{address}/recognizer.html")
        wait_for(watched.page, "ready")
        for count, state in ((0, "refused"), (1, "answer"), (2, "refused")):
            (tmp_path / f"{count}.jpg").write_bytes(with_faces(count))
            watched.page.set_input_files("#file", tmp_path / f"{count}.jpg")
            said[count] = wait_for(watched.page, state).inner_text()
    assert said[0].startswith("No face was found") and said[2].startswith("2 faces were found")
    assert "no face, or several" in (tmp_path / "site" / "how.html").read_text("utf-8")
    assert (tmp_path / "site" / "model" / "faces.onnx").is_file()
