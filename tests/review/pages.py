"""The review page in a real browser, for the tests of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

expect.set_options(timeout=60_000)  # other programs may keep the machine busy


@contextmanager
def window_of(browser: Browser, width: int, height: int) -> Iterator[Page]:
    """Open an empty page in a window of its own; no script may fail in it."""
    window = browser.new_context(viewport={"width": width, "height": height})
    page = window.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    yield page
    window.close()
    assert wrong == []


@contextmanager
def visit(browser: Browser, address: str, view: str = "single", width: int = 1280, height: int = 760) -> Iterator[Page]:
    """Open the list of the page, the blind sample put off; nothing may be asked of another host."""
    asked: list[str] = []
    with window_of(browser, width, height) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/#view={view}&sample=later")
        page.locator(".cell img, #pictures img").first.wait_for()
        yield page
    assert [url for url in asked if not url.startswith(address)] == []


def crowded(page: Page) -> list[str]:
    """Return the words of buttons that are broken or reach out of their button, and what reaches out of the page."""
    script = """() => {
        const found = [];
        for (const button of [...document.querySelectorAll("button")].filter((one) => one.checkVisibility())) {
            const {left, right} = button.getBoundingClientRect();
            const {firstChild: text} = button;
            for (const {0: word, index} of text.data.matchAll(/\\S+/g)) {
                const range = document.createRange();
                range.setStart(text, index);
                range.setEnd(text, index + word.length);
                const box = range.getBoundingClientRect();
                if (new Set([...range.getClientRects()].map(({top}) => top)).size > 1) found.push(`${word} is broken`);
                if (box.left < left || box.right > right) found.push(`${word} is wider than its button`);
            }
            if (left < 0 || right > innerWidth) found.push(`${text.data} is out of the page`);
        }
        for (const one of [document.documentElement, document.querySelector("main")]) {
            if (one.scrollWidth > one.clientWidth) found.push(`${one.tagName} is ${one.scrollWidth} pixels wide`);
        }
        return found;
    }"""
    return list(page.evaluate(script))


def shown(page: Page) -> str:
    """Return the fingerprint of the photo that shows."""
    return page.locator("#pictures").get_attribute("data-id") or ""


@contextmanager
def another_photo(page: Page) -> Iterator[None]:
    """Wait until another photo shows than before the block."""
    before = shown(page)
    yield
    page.wait_for_function("old => document.querySelector('#pictures').dataset.id !== old", arg=before)


def press(page: Page, key: str) -> None:
    with another_photo(page):
        page.keyboard.press(key)
