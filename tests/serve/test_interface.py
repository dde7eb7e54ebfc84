"""The page itself, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from recognizer.calibration.abstain import NOT_SURE
from recognizer.serve.classifier import Classifier, Prediction, read_facts
from recognizer.serve.rendering import render_below
from recognizer.serve.uploads import HERE
from recognizer.serve.wording import verdict
from recognizer.words.words import words_in
from tests.browser import chromium, contrast_ratios
from tests.conftest import Served
from tests.paths import ROOT
from tests.serve.asking import files_in, wait_for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("input[type=file]", state="attached")
    yield page
    page.close()
    assert errors == []


def answer(page: Page) -> str:
    """Return the heading of the answer, once it is there."""
    return page.locator("#answer .answer:is(.sure, .unsure, .far, .fault) h2").inner_text().strip()


def expected(served: Served, photo: bytes) -> str:
    classifier = Classifier(served.model)
    return str(verdict(classifier.predict(photo), classifier.facts, words_in("en")).headline.striptags())


def test_an_upload_is_compared_at_once_and_nobody_else_is_asked(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.set_input_files("input[type=file]", served.photos[0])
    assert answer(page) == expected(served, served.photos[0].read_bytes())
    assert all(url.startswith((served.url, "data:", "blob:")) for url in asked), asked


def test_an_example_is_compared_at_once(page: Page, served: Served) -> None:
    page.locator(".gallery-item").nth(1).click()
    assert answer(page) == expected(served, (served.model / "examples" / "2.jpg").read_bytes())


def test_examples_have_names_and_credits(page: Page, served: Served) -> None:
    examples = read_facts(served.model)["examples"]
    page.wait_for_selector(".gallery-item[aria-label]")
    names = page.locator(".gallery-item").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert names == [example["label"] for example in examples] and names
    credits = page.locator(".credits li").all_inner_texts()
    assert credits == [f"{one['label']}: {one['title']}, drawn by this program, CC0-1.0" for one in examples]


def test_a_photo_that_is_taken_away_takes_its_answer_along(page: Page, served: Served) -> None:
    page.set_input_files("input[type=file]", served.photos[0])
    answer(page)
    page.get_by_role("button", name=re.compile("clear|remove", re.IGNORECASE)).first.click()
    page.wait_for_selector("#answer .empty")
    page.set_input_files("input[type=file]", served.photos[1])
    assert answer(page) == expected(served, served.photos[1].read_bytes())


def test_what_is_no_picture_gets_its_sentence_in_the_place_of_the_answer(page: Page, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("no photo")
    page.set_input_files("input[type=file]", tmp_path / "photo.jpg")
    assert answer(page) == "No answer"
    assert "not a picture; use a JPEG" in page.inner_text("#answer")


def test_a_photo_that_browsers_cannot_show_is_beside_its_answer(page: Page, served: Served, tmp_path: Path) -> None:
    with Image.open(served.photos[0]) as image:
        image.save(tmp_path / "photo.heic", format="HEIF")
    page.set_input_files("input[type=file]", tmp_path / "photo.heic")
    answer(page)
    shown = page.locator("#answer img[alt='Your photo']")
    assert shown.evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_answer_is_in_view_on_a_phone_and_told_aloud(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_input_files("input[type=file]", served.photos[0])
    answer(page)
    page.wait_for_function(
        "document.querySelector('#answer h2').getBoundingClientRect().bottom <= innerHeight && scrollY >= 0"
    )
    assert page.get_attribute("#answer", "aria-live") == "polite"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_says_what_it_is_and_what_it_is_not(page: Page, served: Served) -> None:
    page.set_input_files("input[type=file]", served.photos[0])
    answer(page)
    text = page.inner_text("body")
    assert "It cannot tell who anyone is or where anyone belongs" in text and "Compares photos, not people" in text
    assert f"it says “{NOT_SURE}”" in text and "Pictures that a program drew of:" in text
    assert "found" not in text  # nobody searched


def test_a_threshold_close_to_one_is_told_to_a_tenth(served: Served) -> None:
    facts, words = read_facts(served.model) | {"threshold": 0.9968}, words_in("en")
    below = render_below(facts, [], words)
    assert "Below 99.6\N{NO-BREAK SPACE}% it says" in below
    shares = {name: 0.9949 if name == served.classes[0] else 0.0051 for name in served.classes[:2]}
    told = verdict(Prediction(NOT_SURE, shares, False), facts, words).detail
    assert told == "99.4 % likely; it only answers from 99.6 % up.".replace(" %", "\N{NO-BREAK SPACE}%")


def test_every_text_can_be_read_in_light_and_dark(browser: Browser, served: Served) -> None:
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(served.url)
        page.set_input_files("input[type=file]", served.photos[0])
        answer(page)
        texts = contrast_ratios(page, ".top h1, .top p, .answer h2, .answer p, .answer li span.name, .below *")
        assert len(texts) > 20 and min(texts)[0] >= 4.5, (scheme, min(texts))
        page.close()


def test_the_photo_is_shown_after_its_answer_and_then_deleted(page: Page, served: Served) -> None:
    before = files_in(HERE.folder)  # of other tests
    page.set_input_files("input[type=file]", served.photos[0])
    answer(page)
    page.wait_for_function("document.querySelector('[data-testid=image] img').naturalWidth > 0")
    assert wait_for(lambda: files_in(HERE.folder) <= before, 15)


def test_no_camera_and_no_flagging(page: Page) -> None:
    assert page.get_by_role("button", name="Flag").count() == 0
    assert page.locator("[aria-label*=webcam i], [title*=webcam i]").count() == 0


def test_no_file_is_written_beside_the_modules() -> None:
    assert not list((ROOT / "recognizer").rglob("*.pyi"))


@pytest.mark.parametrize("language", ["th", "kk"])
def test_it_speaks_the_visitors_language(browser: Browser, served: Served, language: str) -> None:
    words = words_in(language)
    with browser.new_context(locale=language, viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector(f"text={words.say('page.trust')}")
        assert page.inner_text("#answer h2") == words.say("page.choose")
        page.set_input_files("input[type=file]", served.photos[0])
        told = verdict(Classifier(served.model).predict(served.photos[0].read_bytes()), read_facts(served.model), words)
        assert answer(page) == told.headline.striptags()
        assert page.evaluate("[document.documentElement.lang, document.documentElement.scrollWidth]") == [language, 360]


def languages_of(page: Page, parts: str) -> set[str]:
    """Return the languages that a screen reader reads some parts of a page in."""
    return set(page.locator(parts).evaluate_all("all => all.map(one => one.closest('[lang]').lang)"))


def test_what_is_not_translated_is_read_aloud_in_english(browser: Browser, served: Served, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("no photo")
    with browser.new_context(locale="th") as context:
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector(f"text={words_in('th').say('page.trust')}")
        for part in (".top h1", ".top .subtitle + p", ".classes li", ".credits li"):
            assert languages_of(page, part) == {"en"}, part
        page.set_input_files("input[type=file]", tmp_path / "photo.jpg")
        answer(page)
        assert languages_of(page, "#answer p") == {"en"}
        page.get_by_role("button", name=re.compile("clear|remove", re.IGNORECASE)).first.click()
        page.set_input_files("input[type=file]", served.photos[0])
        page.wait_for_selector("#answer .similar")
        for part in (".about span", ".similar li"):
            assert languages_of(page, f"#answer {part}") == {"en"}, part
        assert languages_of(page, ".subtitle, .below h2, #answer h2, #answer .notice, #answer summary") == {"th"}


def test_a_translated_page_has_its_photo_until_it_is_shown(browser: Browser, served: Served) -> None:
    """Gradio makes the parts anew for a session that they were changed in."""
    with browser.new_context(locale="th") as context:
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector(f"text={words_in('th').say('page.trust')}")
        page.set_input_files("input[type=file]", served.photos[0])
        answer(page)
        assert served.photos[0].name in {path.name for path in files_in(HERE.folder)}
        page.wait_for_function("document.querySelector('[data-testid=image] img').naturalWidth > 0")
