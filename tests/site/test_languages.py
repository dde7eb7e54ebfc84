"""The pages in another language than English: chosen by the browser, by the address, or by the switch."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from recognizer.words.words import FOLDER
from tests.browser import DOCS, site
from tests.site.watching import PAGES, Served, wait_for

# Every sentence is marked, so that one that comes from nowhere stands out.
LANGUAGE = "ru"
BEGIN, END = "‹", "›"
SWITCH = """<select id="language" data-say-label="site.language"><option value="en">English</option>
<option value="ru">Русский</option></select></nav>"""
UNSAID = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const { parentElement: around, textContent: text } = walker.currentNode;
        const isSaid = around.closest("[lang=en], [data-say], option, #which a, #not-loaded");
        if (/\\p{L}/u.test(text) && !isSaid) found.push(text);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site with a second language, in which every sentence is marked."""
    folder = tmp_path_factory.mktemp("spoken") / "docs"
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.wasm", "*.md", "*.jpg"))
    (folder / "words" / f"{LANGUAGE}.json").write_text(json.dumps(marked(read(FOLDER / "en.json"))), "utf-8")
    for name in PAGES:
        page = (folder / name).read_text("utf-8")
        page = re.sub(r'data-languages="[^"]*"', f'data-languages="en {LANGUAGE}"', page)
        page = re.sub(r"(<select.*?</select>\s*)?</nav>", SWITCH, page, flags=re.DOTALL)
        (folder / name).write_text(page, "utf-8")
    with site(folder) as url:
        yield url


def read(file: Path) -> dict[str, Any]:
    words: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return words


def marked(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: marked(value) for key, value in said.items()}
    return f"{BEGIN}{said}{END}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(locale="ru-RU") as context:
        context.set_default_timeout(15_000)
        yield context.new_page()


@pytest.mark.parametrize("name", PAGES)
def test_every_sentence_of_a_page_comes_from_the_words(page: Page, spoken: str, served: Served, name: str) -> None:
    page.goto(f"{spoken}/{name}?space={served.url}")
    expect(page.locator("html")).to_have_attribute("lang", LANGUAGE)
    if name == "recognizer.html":
        wait_for(page, "ready")
        page.set_input_files("#file", served.photos[0])
        wait_for(page, "answer")
    assert page.evaluate(UNSAID) == []
    said = page.locator("[data-say]:visible").all_inner_texts()
    assert said and all(text.startswith(BEGIN) and text.endswith(END) for text in said)
    assert page.title().startswith(BEGIN)
    assert page.get_by_role("navigation").get_attribute("aria-label") == f"{BEGIN}Pages{END}"
    expect(page.locator(".translated")).to_be_visible()


def test_the_switch_changes_the_words_and_nothing_else(page: Page, spoken: str, served: Served) -> None:
    page.goto(f"{spoken}/recognizer.html?space={served.url}&lang=en")
    wait_for(page, "ready")
    page.set_input_files("#file", served.photos[0])
    words = wait_for(page, "answer").inner_text()
    bars = page.locator("#answer .share").all_inner_texts()
    expect(page.locator(".translated")).to_be_hidden()
    page.locator("#language").select_option(LANGUAGE)
    expect(page.locator("#answer h2")).to_have_text(f"{BEGIN}{words}{END}")
    assert [share.strip(BEGIN + END) for share in page.locator("#answer .share").all_inner_texts()] == [
        re.sub(r"(\d+\s%)", rf"{BEGIN}\1", share).strip(BEGIN) for share in bars
    ]
    expect(page.locator("#preview")).to_have_attribute("alt", f"{BEGIN}Your photo, {served.photos[0].name}{END}")
    assert f"lang={LANGUAGE}" in page.url
    page.get_by_role("link", name=f"{BEGIN}About{END}").click()
    page.wait_for_url("**/about.html?**")
    expect(page.locator("html")).to_have_attribute("lang", LANGUAGE)
    page.go_back()
    page.locator("#language").select_option("en")
    expect(page.locator("h1")).to_have_text("Compare one photo")


def test_an_unknown_language_is_english(browser: Browser, spoken: str) -> None:
    with browser.new_context(locale="fr-FR") as context:
        page = context.new_page()
        page.goto(f"{spoken}/about.html?lang=xx")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.locator("h1")).to_have_text("About")


def test_names_of_classes_are_marked_as_english(page: Page, spoken: str, served: Served) -> None:
    page.goto(f"{spoken}/recognizer.html?space={served.url}")
    wait_for(page, "ready")
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "answer")
    names = page.locator("#answer .bars .name, #groups .name").evaluate_all(
        "(all) => all.map((one) => [one.textContent, one.closest('[lang]').lang])"
    )
    assert {name for name, _ in names} >= set(served.classes) and {language for _, language in names} == {"en"}
