"""A page of the site under a test's eyes, and what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

PAGES = ["index.html", "recognizer.html", "about.html"]
PHONE: ViewportSize = {"width": 360, "height": 740}
HALF_PERCENT = 0.005
REST = "#answer details:not(.why) summary"  # opens the bars that are folded away


class Served(Protocol):
    """The running app: see the fixture `served`."""

    url: str
    model: Path
    photos: list[Path]
    classes: list[str]

    def expected(self, path: Path) -> dict[str, float]: ...


@dataclass
class Watched:
    """A page, the hosts it asked, and what it complained about."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)


@contextmanager
def watching(browser: Browser, ignore_https_errors: bool = False) -> Iterator[Watched]:
    """Open a page of its own in a browser."""
    with browser.new_context(ignore_https_errors=ignore_https_errors, locale="en-GB") as context:
        context.set_default_timeout(15_000)
        yield Watched(context.new_page())


def wait_for(page: Page, state: str) -> Locator:
    """Wait for a state of the page and return the words that it announces."""
    expect(page.locator("#status")).to_have_attribute("data-state", state, timeout=15_000)
    return page.locator("#status .words")


def drawn_bars(page: Page) -> dict[str, float]:
    """Each name with the width of its bar as drawn, as a share of its track."""
    page.locator(REST).click()
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    script = """(items) => items.map((item) => [
        item.querySelector(".name").textContent,
        item.querySelector(".fill").getBoundingClientRect().width /
        item.querySelector(".track").getBoundingClientRect().width])"""
    return dict(page.locator("#answer .bars li").evaluate_all(script))


def assert_answers(page: Page, served: Served, photo: Path) -> None:
    wait_for(page, "answer")
    bars = drawn_bars(page)
    assert sorted(bars) == sorted(served.classes)
    assert bars == pytest.approx(served.expected(photo), abs=HALF_PERCENT)
    assert list(bars.values()) == sorted(bars.values(), reverse=True)


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def in_view(page: Page, selector: str) -> bool:
    """Whether an element lies in the window, all of it."""
    return bool(
        page.locator(selector).evaluate(
            """(element) => {
                const { top, bottom } = element.getBoundingClientRect();
                return element.checkVisibility() && top >= 0 && bottom <= innerHeight && bottom > top;
            }"""
        )
    )
