"""The page itself, in a real browser."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, Page

from recognizer.calibration.abstain import NOT_SURE
from recognizer.serve import interface
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


def test_an_uploaded_photo_is_deleted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "KEPT_FOR", 1)
    shown = interface.make_interface(Classifier(served.model))
    _, url, _ = shown.launch(prevent_thread_lock=True, quiet=True, **interface.launch_options())
    try:
        Client(url, verbose=False).predict(handle_file(served.photos[0]), api_name="/predict")
        uploads = [Path(file) for file in shown.upload_file_set]
        assert uploads
        assert wait_for(lambda: not any(file.exists() for file in uploads), seconds=10)
    finally:
        shown.close()


def wait_for(true: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is true or the time is over."""
    never = threading.Event()
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        never.wait(0.1)
    return true()
