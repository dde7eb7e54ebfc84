"""A photo in, an answer out: what the recognizer page shows of it."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser import give
from tests.site.watching import REST, Served, Watched, assert_answers, tab_to, wait_for

DRAWN = r"Most like the pictures drawn of .+|Not sure\. Closest: .+|Unlike all 12"


def test_bars_equal_the_learner(recognizer: Page, served: Served) -> None:
    for photo in served.photos[:2]:
        recognizer.set_input_files("#file", photo)
        expect(recognizer.locator("#preview")).to_have_attribute("alt", f"Your photo, {photo.name}")
        assert_answers(recognizer, served, photo)


def test_words_are_about_photos(recognizer: Page, served: Served) -> None:
    recognizer.set_input_files("#file", served.photos[0])
    words = wait_for(recognizer, "answer").inner_text()
    assert re.fullmatch(DRAWN, words)
    expect(recognizer.locator("#answer h2")).to_have_text(words)
    expect(recognizer.locator(".result .note").last).to_contain_text("cannot tell who anyone is")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_drop_and_paste(recognizer: Page, served: Served, event: str) -> None:
    give(recognizer, event, served.photos[0])
    assert_answers(recognizer, served, served.photos[0])


def test_keyboard_only(recognizer: Page, served: Served) -> None:
    recognizer.on("filechooser", lambda _: None)  # so that Chromium hands choosers over from here on
    tab_to(recognizer, "#choose")
    with recognizer.expect_file_chooser() as chooser:
        recognizer.keyboard.press("Enter")
    chooser.value.set_files(served.photos[0])
    wait_for(recognizer, "answer")
    tab_to(recognizer, REST)
    recognizer.keyboard.press("Enter")
    expect(recognizer.locator("#answer .bars li").last).to_be_visible()
    recognizer.locator("#clear").focus()
    recognizer.keyboard.press("Enter")
    wait_for(recognizer, "ready")
    expect(recognizer.locator("#choose")).to_be_focused()
    expect(recognizer.locator("#answer")).to_be_hidden()


def test_another_photo_abandons_the_earlier_answer(recognizer: Page, served: Served) -> None:
    recognizer.evaluate("""() => {
        window.drawn = 0;
        new MutationObserver(() => (window.drawn += 1)).observe(document.getElementById("answer"), {childList: true});
    }""")
    uploads: list[Route] = []
    recognizer.route("**/upload*", lambda route: uploads.append(route))
    for photo in served.photos[:2]:
        with recognizer.expect_request("**/upload*"):
            recognizer.set_input_files("#file", photo)
    with recognizer.expect_response("**/upload*"):
        uploads[0].continue_()
    uploads[1].continue_()
    assert_answers(recognizer, served, served.photos[1])
    assert recognizer.evaluate("window.drawn") == 1


def test_an_answer_waits_for_what_the_space_says_of_itself(watched: Watched, home: str, served: Served) -> None:
    page, held, ended = watched.page, list[Route](), list[Request]()

    def hold_about(route: Route) -> None:
        is_about = json.loads(route.request.post_data or "{}").get("data") == []
        held.append(route) if is_about else route.continue_()

    def note_end(request: Request) -> None:
        if "/queue/data" in request.url:
            ended.append(request)

    page.route("**/queue/join*", hold_about)
    page.on("requestfinished", note_end)
    page.on("requestfailed", note_end)  # the client may break the stream off after the answer
    page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(page, "ready")
    page.set_input_files("#file", served.photos[0])
    end = time.monotonic() + 30
    while not ended and time.monotonic() < end:
        page.evaluate("new Promise(requestAnimationFrame)")
    assert ended
    expect(page.locator("#answer")).to_be_hidden()
    held[0].continue_()
    assert re.fullmatch(DRAWN, wait_for(page, "answer").inner_text())


NOT_SURE = {"label": "Not sure", "confidences": [{"label": "<b>One</b>", "confidence": 0.12}]}
SURE = {"label": "<b>One</b>", "confidences": [{"label": "<b>One</b>", "confidence": 1.0}]}
ABOUT = {
    "threshold": 0.5,
    "source": "found",
    "classes": [{"name": "<b>One</b>", "description": "A <i>first</i>.", "link": "https://example.org/"}],
    "per_class": {"<b>One</b>": {"accuracy": 0.75, "photos": 4}},
}


def draw(page: Page, answer: dict[str, Any], about: dict[str, Any]) -> None:
    page.evaluate(
        """async ([answer, about]) => {
            const { renderAnswer } = await import("./js/answer.js");
            document.getElementById("answer").hidden = false;
            renderAnswer(document.getElementById("answer"), answer, about);
        }""",
        [answer, about],
    )


UNSURE = "Not sure. Closest: <b>One</b>"
UNSURE_WHY = "12\u00a0% likely; it only answers from 50\u00a0% up."
FAR, FAR_WHY = "Unlike all 1", "It is not close enough to the photos of any of them."


@pytest.mark.parametrize(("known", "about", "words", "detail"), [
    ({}, {}, UNSURE, "12\u00a0% likely"),
    ({}, {"threshold": 0.5}, UNSURE, UNSURE_WHY),
    ({}, {"threshold": 0.1}, FAR, FAR_WHY),
    ({"far": False}, {"threshold": 0.5}, UNSURE, UNSURE_WHY),
    ({"far": True}, {"threshold": 0.5}, FAR, FAR_WHY),
])  # fmt: skip
def test_not_sure(recognizer: Page, known: dict[str, bool], about: dict[str, float], words: str, detail: str) -> None:
    draw(recognizer, NOT_SURE | known, about)
    answer = recognizer.locator("#answer")
    expect(answer.locator("h2")).to_have_text(words)
    expect(answer.locator(".detail")).to_have_text(detail)
    expect(answer.locator(".bars .name")).to_have_text("<b>One</b>")
    expect(answer.locator(".share")).to_have_text("12\u00a0%")
    assert answer.locator("details:not(.why)").count() == (words == FAR)


def test_a_threshold_close_to_one_is_told_to_a_tenth(recognizer: Page) -> None:
    draw(
        recognizer,
        {"label": "Not sure", "confidences": [{"label": "One", "confidence": 0.9949}]},
        {"threshold": 0.9968},
    )
    why = "99.4\u00a0% likely; it only answers from 99.6\u00a0% up."
    expect(recognizer.locator("#answer .detail")).to_have_text(why)


@pytest.mark.parametrize(("answer", "about", "far"), [
    (NOT_SURE, {}, None), (NOT_SURE, {"threshold": 0.5}, None), (NOT_SURE, {"threshold": 0.1}, True),
    (NOT_SURE | {"far": True}, {"threshold": 0.5}, True), (NOT_SURE | {"far": False}, {"threshold": 0.5}, False),
    (SURE, {"threshold": 0.5}, False),
])  # fmt: skip
def test_saved_data_tells_far_where_it_is_known(
    recognizer: Page, answer: dict[str, Any], about: dict[str, float], far: bool | None
) -> None:
    saved = recognizer.evaluate(
        "async ([answer, about]) => (await import('./js/takes.js')).takesOf(answer, about).data()", [answer, about]
    )
    assert saved.get("far") is far and saved["not_sure"] == (answer["label"] == "Not sure")


def test_the_browser_knows_that_a_photo_is_far_though_no_class_is_likely_enough(recognizer: Page) -> None:
    made = recognizer.evaluate("""async () => {
        const { labelForm } = await import("./js/model/label-form.js");
        const facts = { classes: [{ name: "One" }, { name: "Two" }], threshold: 0.9, distance: { limit: -3 } };
        return [-4, -2].map((energy) => labelForm(facts, { probabilities: [0.4, 0.6], energy }));
    }""")
    assert [(one["label"], one["far"]) for one in made] == [("Not sure", False), ("Not sure", True)]


def test_a_mark_shows_from_where_it_answers(recognizer: Page) -> None:
    draw(recognizer, NOT_SURE, ABOUT)
    place = """(mark) => {
        const own = mark.getBoundingClientRect(), track = mark.parentElement.getBoundingClientRect();
        return (own.left + own.width / 2 - track.left) / track.width;
    }"""
    assert recognizer.locator("#answer .threshold").evaluate(place) == pytest.approx(0.5, abs=0.01)
    draw(recognizer, SURE, ABOUT)
    expect(recognizer.locator("#answer .threshold")).to_have_count(0)


def test_a_sure_answer_tells_of_its_class_and_never_claims_certainty(recognizer: Page) -> None:
    draw(recognizer, SURE, ABOUT)
    answer = recognizer.locator("#answer")
    expect(answer.locator("h2")).to_have_text("Most like the photos found for <b>One</b>")
    expect(answer.locator(".detail")).to_have_text("over 99\u00a0% likely")
    expect(answer.locator(".about-class p").first).to_have_text("A <i>first</i>.")
    expect(answer.get_by_role("link", name="More about <b>One</b>")).to_have_attribute("href", "https://example.org/")
    expect(answer).to_contain_text("<b>One</b>: it agreed with the label of 3 of 4 test photos.")


def test_what_it_compares_with(recognizer: Page, served: Served) -> None:
    expect(recognizer.locator("#accuracy")).to_contain_text(
        re.compile(
            r"It agreed with the label of \d+ of \d+ test pictures, none of which it had learned from "
            r"\(\d+.%; plausibly \d+.% to \d+.%\)"
        )
    )
    expect(recognizer.locator("#groups .name")).to_have_text(served.classes)


def test_what_people_saw_without_knowing_labels_stands_in_the_place_of_agreement(recognizer: Page) -> None:
    expect(recognizer.locator("#accuracy")).to_contain_text("It agreed")  # what the page itself asked for is there
    seen = {"accuracy": {"share": 0.9, "photos": 50, "interval_further": [0.78, 0.97]}}
    recognizer.evaluate(
        "async (about) => (await import('./js/comparison.js')).showComparison(about)", {**ABOUT, "blind": seen}
    )
    expect(recognizer.locator("#accuracy")).to_contain_text(
        re.compile(
            r"Right on 90.% of the test photos that show one of the names \(plausibly 78.% to 97.%\)\. "
            r".*People said what 50 of them show"
        )
    )


def test_examples_can_be_tried_and_name_who_took_them(recognizer: Page, served: Served) -> None:
    facts = json.loads((served.model / "model.json").read_text("utf-8"))["examples"]
    examples = recognizer.locator("#examples li")
    expect(examples).to_have_count(len(facts))
    expect(examples.locator(".credit")).to_contain_text([one["licence"] for one in facts])
    examples.first.get_by_role("button").click()
    assert_answers(recognizer, served, served.model / facts[0]["file"])


def test_an_answer_can_be_taken_along(recognizer: Page, served: Served, tmp_path: Path) -> None:
    recognizer.context.grant_permissions(["clipboard-read", "clipboard-write"])
    recognizer.set_input_files("#file", served.photos[0])
    headline = wait_for(recognizer, "answer").inner_text()
    recognizer.get_by_role("button", name="Copy as text").click()
    expect(recognizer.get_by_role("button", name="Copied.")).to_be_visible()
    text = recognizer.evaluate("navigator.clipboard.readText()")
    assert text.startswith(headline) and "cannot tell who anyone is" in text
    assert all(f"{name}: " in text for name in served.classes)
    with recognizer.expect_download() as download:
        recognizer.get_by_role("button", name="Save as data (JSON)").click()
    data = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert data["probabilities"] == pytest.approx(served.expected(served.photos[0]), abs=1e-3)
    assert {"label", "not_sure", "far", "threshold", "notice", "title"} <= data.keys()
    with recognizer.expect_download() as download:
        recognizer.get_by_role("button", name="Save as a picture").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_print_has_the_answer_in_light_colours_and_no_buttons(recognizer: Page, served: Served) -> None:
    recognizer.emulate_media(color_scheme="dark")
    recognizer.set_input_files("#file", served.photos[0])
    wait_for(recognizer, "answer")
    recognizer.emulate_media(media="print", color_scheme="dark")
    expect(recognizer.locator("#answer .fill").first).to_be_visible()
    expect(recognizer.locator("#preview")).to_be_visible()
    assert recognizer.locator("button:visible, select:visible, nav a:visible").count() == 0
    assert recognizer.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 38)"
