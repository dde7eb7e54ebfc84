"""Everybody can use the review page: names, headings, thumbs, the dark, and a server that takes its time."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from recognizer.splits.groups import is_held_out
from tests.review.pages import another_photo, press, shown, visit
from tests.review.review_work import CAPES, PERSON, Work


@pytest.mark.parametrize("view", ["single", "grid"])
def test_a_thumb_can_use_it(browser: Browser, address: str, work: Work, view: str) -> None:
    with visit(browser, address, view, width=360) as page:
        page.locator("#more").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        sizes = page.locator("button, select, input").evaluate_all(
            "all => all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())"
            ".map(({width, height}) => Math.min(width, height))"
        )
        assert len(sizes) >= 13 and min(sizes) >= 44
        below = page.locator("footer").evaluate("one => innerHeight - one.getBoundingClientRect().bottom")
        assert below == 0, "the choices are where the thumb is"


def test_it_fits_and_the_dark_is_legible(browser: Browser, address: str) -> None:
    with visit(browser, address) as page:
        assert page.evaluate("document.documentElement.scrollHeight") <= 760
        page.emulate_media(color_scheme="dark")
        ground, ink = page.evaluate(
            "[getComputedStyle(document.documentElement)].flatMap((s) => [s.backgroundColor, s.color])"
        )
        assert sum(map(int, re.findall(r"\d+", ground))) < 100 < 600 < sum(map(int, re.findall(r"\d+", ink)))


def test_the_names_of_buttons_are_words_without_the_letters_of_keys(page: Page) -> None:
    footer = page.locator("footer").get_by_role("button")
    assert re.findall(r'button "(.*?)"', page.locator("footer").aria_snapshot()) == [
        *("Keep as Batik", "Drop", "Relabel…", f"Relabel as {CAPES}"),
        *("Previous", "Undo", "Next"),
    ]
    keys = [button.get_attribute("aria-keyshortcuts") for button in footer.all()]
    assert keys == ["k", "d", "r", "s", "ArrowLeft", "u", "ArrowRight"]


@pytest.mark.parametrize("width", [360, 1280])
def test_there_is_one_heading_above_all_and_no_control_in_another(browser: Browser, address: str, width: int) -> None:
    with visit(browser, address, "grid", width) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Cloth")
        inside = "[role=option] :is(a, button, input, select, [tabindex]), button :is(a, button)"
        assert page.locator(inside).count() == 0
        page.keyboard.press("r")
        assert page.locator(inside).count() == 0


def test_what_scrolls_can_be_reached_by_the_keyboard(page: Page, work: Work) -> None:
    with another_photo(page):
        page.locator("#state").select_option("auto")  # whose origin is no link
    for place in ("main", "#about"):
        page.locator(place).focus()
        expect(page.locator(place)).to_be_focused()


def test_a_slow_server_is_told_and_what_is_pressed_meanwhile_is_left_out(page: Page, work: Work) -> None:
    held: list[Route] = []
    page.route("**/api/decisions", lambda route: held.append(route))
    decided, first = work.decided(), shown(page)
    page.keyboard.press("k")
    expect(page.locator("#note")).to_have_text("Saving…")
    page.keyboard.press("d")
    assert (work.decided(), shown(page), len(held)) == (decided, first, 1)
    with another_photo(page):
        held.pop().continue_()
    expect(page.locator("#note")).to_contain_text("Kept the photo under")
    assert work.decided() == {**decided, first: ("keep", None, PERSON)}
    page.unroute("**/api/decisions")
    press(page, "d")
    expect(page.locator("#note")).to_have_text("Dropped the photo; undo takes that back.")


def test_held_out_photos_have_a_filter(page: Page, work: Work) -> None:
    share = work.recipe.train.held_out
    held_out = [photo for photo in work.chosen(state="all") if is_held_out(photo, share)]
    page.locator("#state").select_option("all")
    page.locator("#part").select_option("held_out")
    expect(page.locator("#left")).to_contain_text(f"1 of {len(held_out)}")
    page.reload()
    expect(page.locator("#part")).to_have_value("held_out")
    expect(page.locator("#standing")).to_contain_text("Held out: the model is measured on this photo.")
