"""The page itself, in a real browser."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, Page

from recognizer import interface
from recognizer.classify import NOT_SURE, Classifier
from tests.browser import chromium
from tests.conftest import ROOT, Served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(served.url)
    page.wait_for_selector("input[type=file]", state="attached")
    yield page
    page.close()


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
    page.get_by_role("button", name="Compare").click()
    assert heading(page) == expected_heading(served, served.photos[0])
    assert all(url.startswith((served.url, "data:", "blob:")) for url in asked), asked


def test_an_example_is_compared(page: Page, served: Served) -> None:
    page.locator(".gallery-item").nth(1).click()
    page.wait_for_selector("[data-testid=image] img, .image-frame img")
    page.get_by_role("button", name="Compare").click()
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


def test_an_uploaded_photo_is_deleted(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(interface, "KEPT_FOR", 1)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    shown = interface.make_interface(Classifier(served.model))
    _, url, _ = shown.launch(prevent_thread_lock=True, quiet=True, **interface.launch_options())
    try:
        Client(url, verbose=False).predict(handle_file(served.photos[0]), api_name="/predict")
        name = served.photos[0].name
        gone = threading.Event()
        for _ in range(100):
            if not list(tmp_path.rglob(name)):
                gone.set()
                break
            gone.wait(0.1)
        assert gone.is_set()
        assert name not in {file.name for file in Path(tempfile.gettempdir(), "gradio").rglob("*")}
    finally:
        shown.close()
