"""The site, the app that it asks, and a Chromium that finds Hugging Face on this machine."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium, site
from tests.site.spaces import SleepingSpace, sleeping_space
from tests.site.watching import Served, Watched, wait_for, watching


@pytest.fixture(scope="module")
def hugging_face(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SleepingSpace]:
    with sleeping_space(served.url, tmp_path_factory.mktemp("certificate")) as space:
        yield space


@pytest.fixture(scope="module")
def browser(hugging_face: SleepingSpace) -> Iterator[Browser]:
    with chromium(hugging_face.resolver_rules) as running:
        yield running


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    with site() as url:
        yield url


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with watching(browser, ignore_https_errors=True) as seen:
        yield seen


@pytest.fixture
def recognizer(watched: Watched, home: str, served: Served) -> Page:
    watched.page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(watched.page, "ready")
    return watched.page
