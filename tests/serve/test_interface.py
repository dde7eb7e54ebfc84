"""The page itself, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from recognizer.calibration.abstain import NOT_SURE
from recognizer.serve.classifier import Classifier
from tests.browser import chromium
from tests.conftest import Served
from tests.paths import ROOT


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("input[type=file]", state="attached")
    yield page
    page.close()
    assert errors == []


def compare(page: Page) -> None:
    """Press the button once the chosen photo shows."""
    page.wait_for_selector("[data-testid=image] img")
    page.get_by_role("button", name="Compare").click()


def heading(page: Page) -> str:
    page.wait_for_selector("[data-testid=label-output-value]")
    return page.locator("[data-testid=label-output-value]").inner_text().strip()


def expected_heading(served: Served, photo: Path) -> str:
    return Classifier(served.model).predict(photo.read_bytes()).label


def test_an_upload_is_compared_and_nobody_else_is_asked(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.set_input_files("input[type=file]", served.photos[0])
    compare(page)
    assert heading(page) == expected_heading(served, served.photos[0])
    assert all(url.startswith((served.url, "data:", "blob:")) for url in asked), asked


def test_an_example_is_compared(page: Page, served: Served) -> None:
    page.locator(".gallery-item").nth(1).click()
    compare(page)
    assert heading(page) == expected_heading(served, served.model / "examples" / "2.jpg")


def test_it_says_what_it_is_and_what_it_is_not(page: Page) -> None:
    text = page.inner_text("body")
    assert "It cannot tell who anyone is or where anyone belongs" in text
    assert f"it says “{NOT_SURE}”" in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_camera_and_no_flagging(page: Page) -> None:
    assert page.get_by_role("button", name="Flag").count() == 0
    assert page.locator("[aria-label*=webcam i], [title*=webcam i]").count() == 0


def test_no_file_is_written_beside_the_modules() -> None:
    assert not list((ROOT / "recognizer").rglob("*.pyi"))
