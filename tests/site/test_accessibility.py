"""Every page and state for everybody: axe, contrast, zoom, no motion."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import DOCS
from tests.paths import ROOT
from tests.site.test_answers import ABOUT, NOT_SURE, SURE, draw
from tests.site.watching import PAGES, PHONE, Served, wait_for

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FAR = {"threshold": 0.1}
# What is drawn, and what it is drawn on.
DRAWN = [
    ("--fill", "--track"),
    ("--gold", "--track"),
    ("--gold", "--paper"),
    ("--gold", "--card"),
    ("--ink", "--track"),
]

GAP = """() => document.querySelector(".stack + .note").getBoundingClientRect().top
    - document.querySelector("#answer").getBoundingClientRect().bottom"""


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page into which axe may be put, which the site itself would not load."""
    with browser.new_context(color_scheme=request.param, viewport=PHONE, bypass_csp=True, locale="en-GB") as context:
        context.add_init_script(path=AXE)
        context.set_default_timeout(15_000)
        yield context.new_page()


def faults(page: Page) -> list[Any]:
    """What axe finds: the rules, and the elements."""
    script = """async () => (await axe.run()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])"""
    return list(page.evaluate(script))


@pytest.mark.parametrize("name", ["index.html", "about.html"])
def test_axe_finds_nothing_on_a_page(page: Page, home: str, name: str) -> None:
    page.goto(f"{home}/{name}")
    assert faults(page) == []


def test_axe_finds_nothing_in_any_state_of_the_recognizer(page: Page, home: str, served: Served) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(page, "ready")
    found = {"ready": faults(page)}
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "answer")
    for state, answer, about in (("sure", SURE, ABOUT), ("unsure", NOT_SURE, ABOUT), ("far", NOT_SURE, FAR)):
        draw(page, answer, about)
        found[state] = faults(page)
    assert page.evaluate(GAP) < 48, "the caution stands right below an answer, however short"
    page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"})
    found["note"] = faults(page)
    page.set_input_files("#file", {"name": "fake.heic", "mimeType": "image/heic", "buffer": b"no picture"})
    wait_for(page, "refused")
    found["refused"] = faults(page)
    page.route("**/upload*", lambda route: route.abort())
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "failed")
    found["failed"] = faults(page)
    assert {state: told for state, told in found.items() if told} == {}


def test_what_is_drawn_stands_out_by_three_to_one() -> None:
    style = (DOCS / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"(--\w+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)
    )
    ratios = {(fore, back): contrast(one[fore], one[back]) for one in (light, dark) for fore, back in DRAWN}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 3} == {}


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours such as #1d2426."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", PAGES)
def test_twice_the_size_needs_no_scrolling_sideways(browser: Browser, home: str, served: Served, name: str) -> None:
    with browser.new_context(viewport={"width": 640, "height": 400}) as context:  # 1280 x 800 at 200 %
        page = context.new_page()
        page.goto(f"{home}/{name}?space={served.url}")
        if name == "recognizer.html":
            wait_for(page, "ready")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_nothing_moves_for_who_wants_it_so(browser: Browser, home: str, served: Served) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{home}/recognizer.html?space={served.url}")
        wait_for(page, "ready")
        page.set_input_files("#file", served.photos[0])
        assert page.evaluate("document.getAnimations().length") == 0
        wait_for(page, "answer")
        assert page.evaluate("document.getAnimations().length") == 0
