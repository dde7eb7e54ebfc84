"""The review page: what it puts first, and that a choice is in the database before the next photo shows."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from recognizer.clean.review import make_review, person_name, review_options
from recognizer.clean.review_queue import WORTH_A_LOOK, Filter, decide, read_entry, read_queue
from recognizer.collect.search import Hit
from recognizer.photos import Decision, Issue, PhotoStore
from recognizer.prepare import PreparedPhoto, prepare_photo
from recognizer.recipe import Recipe, load_recipe
from tests.browser import chromium

CAPES = 'Capes <i>& "${1+1}" {{x}}'
LABELS = ["Kilim", "Batik", CAPES]
RECIPE = 'title = "Cloth"\n' + "".join(f"[[classes]]\nname = '{label}'\nqueries = ['q']\n" for label in LABELS)
PHOTOS = 12
PERSON = "ada"


class Work:
    """A work folder with twelve photos, six of them suspicious; `ids` are their fingerprints, as they were found."""

    def __init__(self, folder: Path) -> None:
        (folder / "cloth.toml").write_text(RECIPE)
        self.recipe: Recipe = load_recipe(folder / "cloth.toml")
        self.folder = folder / "work"
        with self.open() as store:
            self.ids = [_add(store, number, LABELS[number * 3 // PHOTOS]) for number in range(PHOTOS)]
            self._check(store)

    def _check(self, store: PhotoStore) -> None:
        first = self.ids
        scores = {0: 0.95, 1: 0.9, 2: 0.8, 8: 0.6, 4: 0.3, 7: 0.0}
        store.replace_issues(
            "label", [Issue(first[n], "label", score, "Batik" if n < 3 else None) for n, score in scores.items()]
        )
        copies = [Issue(first[5], "duplicate", 0.97, twin=first[9]), Issue(first[1], "duplicate", 0.7, twin=first[9])]
        store.replace_issues("duplicate", copies)
        store.replace_issues("empty", [Issue(first[6], "empty", 0.99)])
        store.replace_automatic([Decision(first[6], "drop", "empty picture")])
        self.worst_first = [first[n] for n in (6, 5, 0, 1, 2, 8)]

    def open(self) -> PhotoStore:
        """Open the store once more, on a connection of its own."""
        return PhotoStore(self.folder, LABELS)

    def decided(self) -> dict[str, tuple[str, str | None, str]]:
        """Read from the database what counts for each photo."""
        with self.open() as store:
            return {one.photo: (one.action, one.label, one.by) for one in store.decisions()}


def _add(store: PhotoStore, number: int, label: str) -> str:
    picture = Image.effect_noise((320 + number, 240), 20 + 10 * number)
    buffer = io.BytesIO()
    Image.merge("RGB", [picture, picture.rotate(90), picture.rotate(180)]).save(buffer, "PNG")
    page = f"https://pages.example/{number}?a=1&b=<i>" if number % 2 else "javascript:alert(1)"
    store.add_page("test", "q", label, number + 1, [Hit(f"https://x.example/{number}.jpg", page, author="<b>A & B")])
    photo = prepare_photo(buffer.getvalue())
    store.add_photo(store.waiting(label, 1)[0].id, photo)
    return photo.sha256


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


@pytest.fixture
def store(work: Work) -> Iterator[PhotoStore]:
    with work.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def address(work: Work, store: PhotoStore) -> Iterator[str]:
    page: gr.Blocks = make_review(work.recipe, store)
    port = _free_port()
    page.launch(server_port=port, prevent_thread_lock=True, quiet=True, **review_options(store))
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = _visit(browser, address)
    yield opened
    opened.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _visit(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    expect(page.locator("#picture img").first).to_be_visible()
    page.get_by_label("Your name").fill(PERSON)
    page.locator("#why h2").click()
    return page


def _shown(page: Page) -> str:
    return page.locator("#shown textarea").input_value().partition(" ")[0]


def _press(page: Page, key: str) -> None:
    """Press a key and wait until another photo shows."""
    with _another(page):
        page.keyboard.press(key)


@contextmanager
def _another(page: Page) -> Iterator[None]:
    before = page.locator("#shown textarea").input_value()
    yield
    page.wait_for_function("old => document.querySelector('#shown textarea').value !== old", arg=before)


def _choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


# Without a browser


def test_the_worst_comes_first_and_each_photo_once(work: Work, store: PhotoStore) -> None:
    queue = read_queue(store, Filter())
    assert queue.photos == work.worst_first
    assert (queue.left, queue.done) == (6, 0)


def test_a_look_is_worth_what_the_label_check_says() -> None:
    from recognizer.clean.labels import WRONG

    assert WORTH_A_LOOK == WRONG


def test_filters(work: Work, store: PhotoStore) -> None:
    ids = work.ids
    decide(store, _entry(store, ids[0]), "keep", None, PERSON)
    expected = {
        Filter(check="duplicate"): [5, 1],
        Filter(check="label"): [1, 2, 8],
        Filter(label="Kilim"): [1, 2],
        Filter(label="Kilim", state="all"): [0, 1, 2],
        Filter(state="rules"): [6],
        Filter(state="people"): [0],
        Filter(check="empty", label="Kilim"): [],
    }
    for wanted, numbers in expected.items():
        assert read_queue(store, wanted).photos == [ids[n] for n in numbers], wanted


def _entry(store: PhotoStore, photo: str) -> object:
    entry = read_entry(store, photo)
    assert entry is not None
    return entry
