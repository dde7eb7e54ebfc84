"""A network that is slow or breaks: nobody meets a control that does nothing, and what fails is said."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DOCS, QuietFiles, serving
from tests.site.watching import PAGES, Served, Watched, tab_to, wait_for

NOT_LOADED = "A part of this page did not load. Please reload it."


class Slow:
    """The site on a server that holds some files back, or has lost them."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.lost: set[str] = set()
        self.release = threading.Event()
        self.address = ""


class _SlowFiles(QuietFiles):
    def __init__(self, slow: Slow, *args: object, **kwargs: object) -> None:
        self.slow = slow
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path in self.slow.held:
            self.slow.release.wait(60)
        if self.path in self.slow.lost:
            self.send_error(404)
        else:
            super().do_GET()


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    handler = partial(_SlowFiles, made, directory=str(DOCS))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        made.address = f"http://127.0.0.1:{port}"
        yield made
        made.release.set()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def test_a_photo_can_be_chosen_before_the_words_are_there(page: Page, slow: Slow, served: Served) -> None:
    slow.held = {"/words/en.json"}
    page.goto(f"{slow.address}/recognizer.html?space={served.url}")
    expect(page.locator("#choose")).to_be_enabled()
    page.on("filechooser", lambda _: None)
    with page.expect_file_chooser() as chooser:
        tab_to(page, "#choose")
        page.keyboard.press("Enter")
    chooser.value.set_files(served.photos[0])
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#answer")).to_be_hidden()
    slow.release.set()
    wait_for(page, "answer")


def test_until_somebody_listens_the_controls_are_disabled_and_the_page_says_that_it_loads(
    page: Page, slow: Slow, served: Served
) -> None:
    slow.held = {"/js/photo-input.js"}
    page.goto(f"{slow.address}/recognizer.html?space={served.url}", wait_until="commit")
    expect(page.locator("#choose")).to_be_visible()
    assert page.locator("#choose, #take, #language").evaluate_all("all => all.every((one) => one.disabled)")
    assert page.inner_text("#status .words") == "Loading…"
    slow.release.set()
    wait_for(page, "ready")
    assert not page.locator("#choose, #take, #language").evaluate_all("all => all.some((one) => one.disabled)")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_words_that_do_not_come_are_told_and_asked_for_again(
    page: Page, slow: Slow, served: Served, language: str
) -> None:
    slow.lost = {f"/words/{language}.json"}
    page.goto(f"{slow.address}/recognizer.html?space={served.url}&lang={language}")
    expect(page.get_by_role("alert")).to_have_text(NOT_LOADED)
    assert wait_for(page, "failed").inner_text() == NOT_LOADED
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#language")).to_have_value("en")
    slow.lost.clear()
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "answer")
    expect(page.locator("#not-loaded")).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#language")).to_have_value(language)


@pytest.mark.parametrize("name", PAGES)
def test_a_script_that_does_not_come_leaves_a_page_that_says_so(page: Page, slow: Slow, name: str) -> None:
    slow.lost = {"/js/links.js"}
    page.goto(f"{slow.address}/{name}?lang=th")
    expect(page.get_by_role("alert")).to_have_text(NOT_LOADED)
    assert page.locator("button:visible, select:visible").count() == 0, "they would do nothing"


def test_a_language_that_does_not_come_leaves_the_page_in_the_one_before(page: Page, slow: Slow) -> None:
    slow.lost = {"/words/th.json"}
    page.goto(f"{slow.address}/about.html")
    expect(page.locator("#language")).to_be_enabled()
    page.locator("#language").select_option("th")
    expect(page.get_by_role("alert")).to_have_text(NOT_LOADED)
    expect(page.locator("#language")).to_have_value("en")
    page.locator("#language").select_option("ru")
    expect(page.locator("h1")).to_have_text("О проекте")
    expect(page.locator("#not-loaded")).to_be_hidden()
