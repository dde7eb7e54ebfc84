"""A site with a model and no Space: the visitor's own browser answers, as Python does, and nobody else is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from recognizer.publish.site import write_site
from recognizer.recipe import load_recipe
from recognizer.serve.classifier import Classifier
from tests.browser import chromium, site
from tests.conftest import Built

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site of the tiny recipe, with its model and no Space."""
    folder = tmp_path_factory.mktemp("static")
    write_site(load_recipe(built.recipe), folder, model=built.model)
    with site(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser(home: str) -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        yield context


def answered(visitor: BrowserContext, home: str, photo: Path) -> Page:
    page = visitor.new_page()
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=ready]")  # before, nobody listens
    page.set_input_files("#file", photo)
    page.wait_for_selector("#answer h2")
    return page


def photos_of(built: Built) -> list[Path]:
    return sorted((built.work / "photos").glob("*/*.jpg"))[::9]


def test_the_browser_answers_as_python_does_and_asks_nobody_else(
    visitor: BrowserContext, home: str, built: Built
) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    classifier = Classifier(built.model)
    for photo in photos_of(built)[:2]:
        page = answered(visitor, home, photo)
        expected = classifier.predict(photo.read_bytes()).probabilities
        shares = page.locator("#answer .track").evaluate_all(
            "all => all.map(one => one.style.getPropertyValue('--share'))"
        )
        names = page.locator("#answer .bars .name").all_text_contents()
        assert dict(zip(names, map(float, shares), strict=True)) == pytest.approx(expected, abs=5e-3)
        page.close()
    assert all(url.startswith((home, "blob:")) for url in asked), asked


def test_it_answers_without_a_network_after_two_visits(visitor: BrowserContext, home: str, built: Built) -> None:
    photo = photos_of(built)[0]
    for _ in range(2):
        page = answered(visitor, home, photo)
        page.evaluate("navigator.serviceWorker.ready")
        page.close()
    visitor.set_offline(True)
    page = answered(visitor, home, photo)
    assert page.inner_text("#hint").endswith("does not leave your device.")


def test_a_visitor_sees_why(visitor: BrowserContext, home: str, built: Built) -> None:
    page = answered(visitor, home, photos_of(built)[0])
    page.locator(".why summary").click()
    page.wait_for_selector(".why canvas[role=img][aria-label]")
    colours = page.locator(".why canvas").evaluate(
        "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size"
    )
    assert colours > 20


def test_a_model_that_does_not_come_is_told_and_asked_for_again(
    visitor: BrowserContext, home: str, built: Built
) -> None:
    page = visitor.new_page()
    page.route("**/*.onnx", lambda route: route.abort())
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=failed]")
    assert "could not be loaded" in page.inner_text("#status")
    page.unroute("**/*.onnx")
    page.locator("#status .retry").click()
    page.wait_for_selector("#status[data-state=ready]")


def test_a_model_that_arrives_changed_is_not_run(visitor: BrowserContext, home: str, built: Built) -> None:
    page = visitor.new_page()
    page.route("**/*.onnx", lambda route: route.fulfill(body=b"something else"))
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=failed]")
    assert "arrived damaged" in page.inner_text("#status")
