"""The blind sample in review: asked for first, without label or suggestion, by key and thumb, and put off at will."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from recognizer.cli.changes import follow_changes
from recognizer.outputs import Output
from recognizer.report import write_json
from recognizer.splits.blind import blind_population, draw_sample
from recognizer.store.rows import Decision, Issue, Photo
from tests.review.pages import crowded, window_of
from tests.review.review_work import CAPES, LABELS, PERSON, PHOTOS, Work, served_review

DRAWN = PHOTOS - 1  # all are held out here, and a rule has dropped one


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path, held_out=0.999999999)


def sample_of(work: Work) -> list[Photo]:
    with work.open() as store:
        return draw_sample(blind_population(work.recipe, store))


def seen(work: Work) -> dict[str, str]:
    """Read what people saw from the database."""
    with work.open() as store:
        return {one.photo: one.label or one.seen for one in store.blind_answers.all().values()}


def found_labels(answers: list[Response]) -> list[str]:
    """Return the labels of photos that the answers of the server tell."""
    return [photo["found"] for answer in answers if "/api/queue" in answer.url for photo in answer.json()["photos"]]


@pytest.fixture
def asked(browser: Browser, address: str) -> Iterator[Page]:
    with window_of(browser, 1280, 760) as page:
        page.goto(address)
        page.locator("#names button").first.wait_for()
        yield page


def left(page: Page, answered: int) -> None:
    expect(page.locator("#left")).to_have_text(f"Blind sample: {answered} of {DRAWN}")


def test_it_is_asked_for_first_and_nothing_tells_the_label(asked: Page, address: str, work: Work) -> None:
    first, *_ = sample = sample_of(work)
    assert {photo.sha256 for photo in sample} == set(work.ids) - {work.ids[6]}
    expect(asked.locator("#blind")).to_have_attribute("data-id", first.sha256)
    expect(asked.locator("#blind")).to_contain_text("without knowing their labels tells how often")
    assert asked.locator("#names button").all_inner_texts() == LABELS
    for hidden in ("#single", "#grid", "#choices", "#state"):
        expect(asked.locator(hidden)).to_be_hidden()
    with urllib.request.urlopen(f"{address}/api/blind") as answer:
        told = json.load(answer)
    first_ones = [photo.sha256 for photo in sample[:4]]
    assert told == {"drawn": DRAWN, "answered": 0, "photos": first_ones, "corrections": []}


def test_no_label_is_sent_before_the_sample_is_put_off(asked: Page, work: Work) -> None:
    answers: list[Response] = []
    asked.on("response", lambda answer: answers.append(answer))
    asked.reload()
    left(asked, 0)
    asked.keyboard.press("1")
    left(asked, 1)
    assert len(answers) > 10 and found_labels(answers) == []
    asked.route("**/api/queue?**", lambda route: route.abort())
    asked.keyboard.press("l")
    expect(asked.locator("#note")).to_contain_text("The server does not answer.")
    expect(asked.locator("#blind")).to_be_visible()
    asked.unroute("**/api/queue?**")
    asked.keyboard.press("l")
    expect(asked.locator("#single")).to_be_visible()
    assert len(found_labels(answers)) == len(work.waiting)


def test_a_recipe_that_has_changed_is_said_on_the_page(asked: Page, work: Work) -> None:
    follow_changes(work.recipe.model_copy(update={"classes": work.recipe.classes[1:]}), work.folder)
    asked.keyboard.press("1")
    expect(asked.locator("#note")).to_have_text("The recipe has changed; start review again.")
    assert seen(work) == {}


def test_answers_by_key_are_saved_and_undone_and_the_end_offers_what_they_say_of_labels(
    asked: Page, work: Work
) -> None:
    decided, sample = work.decided(), sample_of(work)
    for number, (key, words) in enumerate([("2", "Batik"), ("n", "none"), ("c", "unclear")]):
        left(asked, number)
        asked.keyboard.press(key)
        left(asked, number + 1)
        assert seen(work)[sample[number].sha256] == words
    asked.keyboard.press("u")
    left(asked, 2)
    expect(asked.locator("#blind")).to_have_attribute("data-id", sample[2].sha256)
    asked.reload()
    for number, photo in enumerate(sample[2:], start=2):
        left(asked, number)
        asked.get_by_role("button", name=photo.found_as, exact=True).click()
    expect(asked.locator("#sampled")).to_contain_text("recognizer evaluate cloth")
    assert work.decided() == decided, "an answer is no decision"
    wrong = 1 + (sample[0].found_as != "Batik")
    asked.get_by_role("button", name=f"Put {wrong} label").click()
    expect(asked.locator("#note")).to_contain_text("as seen in the blind sample")
    expect(asked.locator("#single")).to_be_visible()
    assert work.decided()[sample[1].sha256] == ("drop", None, PERSON)
    assert [one.sha256 for one in sample_of(work)] == [one.sha256 for one in sample], "what a person drops stays in it"
    asked.keyboard.press("u")
    expect(asked.locator("#note")).to_contain_text("Undone")
    assert work.decided() == decided


def test_it_can_be_put_off_and_taken_up_again(asked: Page, work: Work) -> None:
    asked.keyboard.press("1")
    left(asked, 1)
    asked.keyboard.press("l")
    expect(asked.locator("#single")).to_be_visible()
    asked.reload()
    expect(asked.locator("#single")).to_be_visible()
    asked.get_by_role("button", name=f"Blind sample: 1 of {DRAWN}").click()
    left(asked, 1)
    expect(asked.locator("#blind")).to_have_attribute("data-id", sample_of(work)[1].sha256)


def test_keys_pressed_before_the_answer_are_left_out(asked: Page, work: Work) -> None:
    held: list[Route] = []
    asked.route("**/api/blind", lambda route: held.append(route))
    asked.keyboard.press("1")
    expect(asked.locator("#note")).to_have_text("Saving…")
    asked.keyboard.press("n")
    assert len(held) == 1 and seen(work) == {}
    held.pop().continue_()
    left(asked, 1)
    assert seen(work) == {sample_of(work)[0].sha256: "Kilim"}


def test_a_thumb_can_answer(browser: Browser, address: str, work: Work) -> None:
    with window_of(browser, 360, 740) as page:
        page.goto(address)
        page.locator("#names button").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        sizes = page.locator("button").evaluate_all(
            "all => all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())"
            ".map(({width, height}) => Math.min(width, height))"
        )
        assert len(sizes) >= 8 and min(sizes) >= 44
        page.get_by_role("button", name=CAPES).click()
        left(page, 1)
    assert list(seen(work).values()) == [CAPES]


@pytest.mark.parametrize("width", [320, 360])
def test_no_word_of_a_button_is_broken_on_a_phone(browser: Browser, address: str, width: int) -> None:
    with window_of(browser, width, 740) as page:
        page.goto(address)
        page.locator("#names button").first.wait_for()
        assert crowded(page) == []
        page.keyboard.press("1")
        left(page, 1)
        page.get_by_role("button", name="Later").click()
        page.locator("#pictures img").first.wait_for()
        expect(page.get_by_role("button", name=f"Blind sample: 1 of {DRAWN}")).to_be_visible()
        assert crowded(page) == []
        page.get_by_role("button", name="Grid").click()
        page.locator(".cell").first.wait_for()
        page.keyboard.press("Control+a")
        assert crowded(page) == []


def test_the_end_tells_how_far_the_sample_is_and_what_comes_next(asked: Page, work: Work) -> None:
    with work.open() as store:
        for check in ("duplicate", "empty"):
            store.issues.replace(check, [])
        store.issues.replace("label", [Issue(work.ids[4], "label", 0.3)])  # too small to wait for a person
    end, commands = asked.locator("#end"), asked.locator("#end code")
    asked.keyboard.press("1")
    left(asked, 1)
    asked.keyboard.press("l")
    expect(end).to_contain_text("Outside the blind sample, no photo is waiting.")
    expect(end).to_contain_text(f"In the blind sample, {DRAWN - 1} of {DRAWN} photos are left.")
    expect(end.locator("tr").filter(has_text="answered in the blind sample")).to_contain_text(f"1 of {DRAWN}")
    expect(commands).to_have_text(["recognizer train cloth"])  # nothing has been trained yet
    write_json(work.folder / "reports" / "train.json", {})
    asked.reload()
    expect(end).to_be_visible()
    expect(commands).to_have_count(0)
    end.get_by_role("button", name="Go on with the blind sample").click()
    for number in range(1, DRAWN):
        left(asked, number)
        asked.keyboard.press("c")
    asked.get_by_role("button", name="Go on to the review").click()
    expect(end).to_contain_text("All done: no photo is waiting. Thank you!")
    expect(end.locator("tr").filter(has_text="answered in the blind sample")).to_contain_text(f"{DRAWN} of {DRAWN}")
    expect(commands).to_have_text(["recognizer evaluate cloth"])
    with work.open() as store:
        store.decisions.add(Decision(work.ids[0], "keep", "looked at", by=PERSON))
    asked.reload()
    expect(commands).to_have_text(["recognizer train cloth", "recognizer evaluate cloth"])


def test_of_many_classes_one_is_found_by_its_letters(browser: Browser, work: Work) -> None:
    names = [f"Class {number}" for number in range(10)]
    file = work.recipe_file
    file.write_text(file.read_text() + "".join(f"[[classes]]\nname = '{name}'\nqueries = ['q']\n" for name in names))
    work.reload()
    with served_review(work) as address, window_of(browser, 1280, 760) as page:
        page.goto(address)
        page.locator("#names button").nth(12).wait_for()
        page.keyboard.press("f")
        page.keyboard.type("class 9")
        page.keyboard.press("Enter")
        left(page, 1)
        assert list(seen(work).values()) == ["Class 9"]


def test_there_is_none_before_copies_are_found_and_odd_answers_are_refused(work: Work, address: str) -> None:
    first, *_ = sample_of(work)
    for sent, code in [
        ({"photo": first.sha256, "seen": "class", "label": "Suzani", "by": PERSON}, 422),
        ({"photo": first.sha256, "seen": "perhaps", "by": PERSON}, 422),
        ({"photo": first.sha256, "seen": "none", "by": "auto"}, 422),
        ({"photo": work.ids[6], "seen": "none", "by": PERSON}, 409),
    ]:
        assert post(f"{address}/api/blind", sent) == code
    assert post(f"{address}/api/blind", {"photo": first.sha256, "seen": "none", "by": PERSON}) == 200
    with work.open() as store:
        for check in ("label", "duplicate", "empty"):
            store.issues.replace(check, [])
    with urllib.request.urlopen(f"{address}/api/blind") as answer:
        assert json.load(answer)["drawn"] == 0


def test_there_is_none_where_there_are_no_classes_to_choose_from(work: Work) -> None:
    output = Output(name="age", kind="number", range=[0.0, 99.0])
    work.recipe = work.recipe.model_copy(update={"outputs": [output]})
    with served_review(work) as address, urllib.request.urlopen(f"{address}/api/blind") as answer:
        assert json.load(answer)["drawn"] == 0


def post(address: str, sent: dict[str, str]) -> int:
    """Return the status of the answer to something sent."""
    request = urllib.request.Request(address, json.dumps(sent).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
