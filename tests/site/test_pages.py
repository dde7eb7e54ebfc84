"""All pages: whom they ask, what they hold without a script, and that everybody can use them."""

import itertools
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import DOCS, contrast_ratios, small_targets
from tests.site.watching import PAGES, PHONE, Served, Watched, wait_for

SHIFTS = """() => {
    window.shifts = [];
    const name = ({ node, previousRect: from, currentRect: to }) =>
        `${node?.id || node?.className || node?.nodeName} from ${from.y} to ${to.y}`;
    const add = ({ value, sources }) => window.shifts.push([value, sources.map(name)]);
    new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.mark.parametrize("name", PAGES)
def test_no_horizontal_scroll_and_large_targets_on_a_phone(
    watched: Watched, home: str, served: Served, name: str
) -> None:
    watched.page.set_viewport_size(PHONE)
    watched.page.goto(f"{home}/{name}?space={served.url}")
    if name == "recognizer.html":
        wait_for(watched.page, "ready")
        watched.page.set_input_files("#file", served.photos[0])
        wait_for(watched.page, "answer")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert small_targets(watched.page) == []


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}])
def test_nothing_jumps(watched: Watched, home: str, served: Served, size: Any) -> None:
    page = watched.page
    page.set_viewport_size(size)
    page.add_init_script(f"({SHIFTS})()")
    page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(page, "ready")
    expect(page.locator("#examples li").first).to_be_visible()
    for photo in served.photos[:2]:
        page.set_input_files("#file", photo)
        wait_for(page, "answer")
    shifts = page.evaluate("window.shifts")
    assert sum(value for value, _ in shifts) < 0.1, shifts


@pytest.mark.parametrize("name", PAGES)
def test_every_image_has_an_alt_and_every_control_a_name(watched: Watched, home: str, name: str) -> None:
    watched.page.goto(f"{home}/{name}")
    assert watched.page.locator("img:not([alt])").count() == 0
    assert watched.page.locator("html[lang=en] h1").count() == 1
    unnamed = """(all) => all
        .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length || one.hidden))
        .map((one) => one.outerHTML)"""
    assert watched.page.locator("a, button, input, select, summary, nav").evaluate_all(unnamed) == []
    levels = watched.page.locator("h1, h2, h3").evaluate_all("(all) => all.map((one) => Number(one.tagName[1]))")
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    watched.page.keyboard.press("Tab")
    expect(watched.page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_the_way_through_the_site_is_quiet_and_asks_no_one_else(watched: Watched, home: str, served: Served) -> None:
    page = watched.page
    page.goto(f"{home}/?space={served.url}")
    expect(page.locator("#groups li")).to_have_count(len(groups()))
    page.get_by_role("link", name="Open the recognizer").click()
    wait_for(page, "ready")
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "answer")
    page.get_by_role("link", name="About", exact=True).click()
    page.wait_for_url("**/about.html?**")
    assert watched.hosts - {""} == {urlsplit(home).netloc, urlsplit(served.url).netloc}
    assert watched.complaints == []
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0


@pytest.mark.parametrize("name", PAGES)
def test_without_a_script_a_page_still_says_what_it_is(browser: Browser, home: str, name: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{home}/{name}")
        assert "Compares photos, not people" in page.inner_text("header")
        if name != "about.html":
            assert page.locator("#groups .name").all_inner_texts() == [one["name"] for one in groups()]
        if name == "recognizer.html":
            expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
        assert page.locator("button:visible, select:visible").count() == 0


def groups() -> list[dict[str, Any]]:
    classes: list[dict[str, Any]] = json.loads((DOCS / "groups.json").read_text("utf-8"))["classes"]
    return classes


def test_no_class_name_stands_in_the_scripts() -> None:
    scripts = "\n".join(path.read_text("utf-8") for path in (DOCS / "js").rglob("*.js"))
    assert [one["name"] for one in groups() if re.search(rf"\b{re.escape(one['name'])}\b", scripts)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out(browser: Browser, home: str, name: str, scheme: Any) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{home}/{name}?space=none")
        ratios = contrast_ratios(page)
    assert [one for one in ratios if one[0] < 4.5] == []


def test_words_that_do_not_load_are_said_to(watched: Watched, home: str) -> None:
    watched.page.route("**/words/en.json", lambda route: route.abort())
    watched.page.goto(f"{home}/recognizer.html")
    expect(watched.page.get_by_role("alert")).to_have_text("A part of this page did not load. Please reload it.")
