"""The review page in a real browser: each choice is in the database before the next photo shows."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from recognizer.clean.review import make_review, review_options
from recognizer.clean.review_queue import Filter, read_queue
from recognizer.photos import PhotoStore
from tests.browser import chromium
from tests.review_work import CAPES, PERSON, Work


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


@pytest.fixture
def store(work: Work) -> Iterator[PhotoStore]:
    with work.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    with chromium() as started:
        yield started.new_context(viewport={"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def port() -> int:
    """One port for all pages, so that the browser loads Gradio's scripts once."""
    return free_port()


@pytest.fixture
def address(work: Work, store: PhotoStore, port: int) -> Iterator[str]:
    page: gr.Blocks = make_review(work.recipe, store)
    page.launch(server_port=port, prevent_thread_lock=True, quiet=True, **review_options(store))
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture
def page(browser: BrowserContext, address: str) -> Iterator[Page]:
    with visit(browser, address) as opened:
        yield opened


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def visit(browser: BrowserContext, address: str) -> Iterator[Page]:
    """Open the page in a window of its own and write the person's name."""
    page = browser.new_page()
    page.goto(address)
    expect(page.locator("#picture img").first).to_be_visible()
    page.get_by_label("Your name").fill(PERSON)
    page.locator("#why h2").click()
    yield page
    page.close()


def shown(page: Page) -> str:
    """Return the fingerprint of the photo that shows."""
    return page.locator("#shown textarea").input_value().partition(" ")[0]


@contextmanager
def another_photo(page: Page) -> Iterator[None]:
    """Wait until another photo shows than before the block."""
    before = page.locator("#shown textarea").input_value()
    yield
    page.wait_for_function("old => document.querySelector('#shown textarea').value !== old", arg=before)


def press(page: Page, key: str) -> None:
    with another_photo(page):
        page.keyboard.press(key)


def hold(page: Page, key: str) -> None:
    """Hold a key down so long that it repeats."""
    for _ in range(5):
        page.keyboard.down(key)
    page.keyboard.up(key)


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_choices_by_keyboard_and_button_are_saved_before_the_next_photo(page: Page, work: Work) -> None:
    empty, copy, first, second, third, last = work.worst_first
    assert shown(page) == empty
    press(page, "k")
    assert work.decided() == {empty: ("keep", None, PERSON)}
    assert shown(page) == copy
    with another_photo(page):
        page.get_by_role("button", name="Drop").click()
    assert work.decided()[copy] == ("drop", None, PERSON)
    assert shown(page) == first
    expect(page.get_by_label("New class")).to_have_value("Batik")
    with another_photo(page):
        page.get_by_role("button", name="Relabel to").click()
    assert work.decided()[first] == ("relabel", "Batik", PERSON)
    choose(page, "New class", CAPES)
    press(page, "r")
    assert work.decided()[second] == ("relabel", CAPES, PERSON)
    with another_photo(page):
        page.get_by_role("button", name="Keep as Kilim").click()
    assert work.decided()[third] == ("keep", None, PERSON)
    assert shown(page) == last
    expect(page.locator("#left")).to_have_text("1 left, 5 of 6 decided by people")


def test_undo_brings_back_the_photo_as_it_was(page: Page, work: Work) -> None:
    before = (page.locator("#why").inner_html(), page.locator("#head").inner_html(), work.decided())
    press(page, "d")
    assert work.decided() != before[2]
    press(page, "u")
    expect(page.locator("#note")).to_have_text("Undone: this photo is as it was before.")
    assert (page.locator("#why").inner_html(), page.locator("#head").inner_html(), work.decided()) == before
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#note")).to_have_text(f"There is nothing to undo for {PERSON}.")


def test_moving_changes_nothing_and_a_reload_goes_on(page: Page, work: Work) -> None:
    decided = work.decided()
    press(page, "ArrowRight")
    assert shown(page) == work.worst_first[1]
    press(page, "ArrowLeft")
    press(page, "ArrowLeft")
    assert shown(page) == work.worst_first[-1]
    assert work.decided() == decided
    press(page, "d")
    press(page, "d")
    page.reload()
    expect(page.locator("#left")).to_have_text("4 left, 2 of 6 decided by people")
    assert shown(page) == work.worst_first[1]


def test_only_a_key_that_is_meant_decides(page: Page, work: Work) -> None:
    decided, first = work.decided(), work.worst_first[0]
    page.get_by_label("Your name").press("End")
    page.keyboard.type("kd")
    expect(page.get_by_label("Your name")).to_have_value(f"{PERSON}kd")
    page.locator("#why h2").click()
    page.keyboard.press("Control+k")
    press(page, "ArrowRight")
    press(page, "ArrowLeft")
    assert (shown(page), work.decided()) == (first, decided)
    with another_photo(page):
        hold(page, "k")
    press(page, "ArrowLeft")
    press(page, "ArrowRight")
    assert work.decided() == {first: ("keep", None, f"{PERSON}kd")}


def test_keys_pressed_before_the_answer_are_left_out(page: Page, work: Work) -> None:
    with another_photo(page):
        page.evaluate("""() => ["k", "d", "d"].forEach((key) => document.body.dispatchEvent(
            new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))""")
    assert shown(page) == work.worst_first[1]
    assert work.decided() == {work.worst_first[0]: ("keep", None, PERSON)}


def test_filters_and_the_twin(page: Page, work: Work) -> None:
    with another_photo(page):
        choose(page, "Check", "Copy of another photo")
    assert shown(page) == work.ids[5]
    expect(page.locator("#picture img")).to_have_count(2)
    expect(page.locator("#picture figcaption").last).to_contain_text(CAPES)
    with another_photo(page):
        choose(page, "Class", "Kilim")
    assert shown(page) == work.ids[1]
    choose(page, "State", "Decided by people")
    expect(page.locator(".finished")).to_contain_text("6 wait elsewhere")
    expect(page.get_by_role("button", name="Keep")).to_be_disabled()


def test_nothing_left_names_the_next_command(page: Page, work: Work) -> None:
    for number in range(len(work.worst_first)):
        press(page, "kd"[number % 2])
    expect(page.locator(".finished code")).to_have_text("recognizer train cloth")
    expect(page.locator("#left")).to_have_text("0 left, 6 of 6 decided by people")
    press(page, "u")
    assert shown(page) == work.worst_first[-1]


def test_a_name_and_a_class_are_asked_for(page: Page, work: Work) -> None:
    decided = work.decided()
    page.get_by_label("Your name").fill("auto")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#note")).to_contain_text("write your name first")
    page.get_by_label("Your name").fill(PERSON)
    page.get_by_role("button", name="Relabel to").click()
    expect(page.locator("#note")).to_contain_text("choose a class first")
    assert work.decided() == decided


def test_two_pages_never_overrule_each_other_unseen(
    browser: BrowserContext, address: str, page: Page, work: Work
) -> None:
    first = work.worst_first[0]
    with visit(browser, address) as other:
        assert shown(other) == shown(page) == first
        press(other, "k")
        press(page, "d")
        expect(page.locator("#note")).to_contain_text("nothing was saved")
        expect(page.locator("#decided")).to_have_text(f"Decided: kept by {PERSON}")
        assert work.decided()[first] == ("keep", None, PERSON)
        press(page, "d")
        assert work.decided()[first] == ("drop", None, PERSON)


def test_words_of_strangers_stay_words(page: Page, work: Work) -> None:
    expect(page.locator("#origin")).to_contain_text("From javascript:alert(1)")
    expect(page.locator("#origin")).to_contain_text("<b>A & B")
    expect(page.locator("#origin a")).to_have_count(0)
    press(page, "ArrowRight")
    expect(page.locator("#origin a")).to_have_attribute("href", re.compile(r"^https://pages\.example/5\?a=1&b=<i>$"))
    with another_photo(page):
        choose(page, "Class", CAPES)
    expect(page.locator("#why strong").first).to_have_text(CAPES)
    page.wait_for_function("document.querySelector('#picture img').naturalWidth > 0")


def test_only_photos_are_served_without_a_copy_and_nothing_is_asked_elsewhere(
    browser: BrowserContext, address: str, work: Work, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#picture img").first.wait_for()
    page.wait_for_load_state("networkidle")
    files = (work.folder / "photos.db", work.recipe_file)
    assert [page.request.get(f"{address}/gradio_api/file={file}").status for file in files] == [403, 403]
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert sum("file=" in url for url in asked) == 1
    assert not list(tmp_path.glob("cache/**/*.jpg"))


def test_it_fits(page: Page) -> None:
    press(page, "ArrowRight")
    assert page.evaluate("document.documentElement.scrollHeight") <= 800
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    heights = page.locator("#desk button").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert len(heights) == 6
    assert min(heights) >= 44


def test_a_killed_server_loses_nothing(browser: BrowserContext, work: Work) -> None:
    with served_apart(work) as (address, process), visit(browser, address) as page:
        press(page, "k")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert work.decided() == {work.worst_first[0]: ("keep", None, PERSON)}
    with work.open() as store:
        assert read_queue(store, Filter()).photos == work.worst_first[1:]
        assert store.undo(PERSON) == work.worst_first[0]


@contextmanager
def served_apart(work: Work) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the real command and yield the address that it prints."""
    command = [sys.executable, "-m", "recognizer", "review", str(work.recipe_file), "--work", str(work.folder)]
    process = subprocess.Popen(
        [*command, "--port", str(free_port())],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield re.findall(r"http://\S+", line)[0], process
    finally:
        process.kill()
        process.communicate()
