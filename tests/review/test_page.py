"""The review page in a real browser: each choice is in the database before the next photo shows."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.review.pages import another_photo, press, shown, visit
from tests.review.review_work import CAPES, PERSON, PHOTOS, Work


def test_choices_by_key_and_button_are_saved_before_the_next_photo(page: Page, work: Work) -> None:
    copy, second, first, third, last = work.waiting
    assert shown(page) == copy
    press(page, "k")
    assert work.decided()[copy] == ("keep", None, PERSON)
    assert shown(page) == second
    with another_photo(page):
        page.get_by_role("button", name="Drop").click()
    assert work.decided()[second] == ("drop", None, PERSON)
    assert shown(page) == first
    expect(page.locator("#suggested")).to_have_text("Batik, 90 %")
    press(page, "s")
    assert work.decided()[first] == ("relabel", "Batik", PERSON)
    assert shown(page) == third
    page.keyboard.press("r")
    page.keyboard.type("cap")
    with another_photo(page):
        page.keyboard.press("Enter")
    assert work.decided()[third] == ("relabel", CAPES, PERSON)
    assert shown(page) == last
    expect(page.locator("#left")).to_contain_text("1 left, about")


def test_a_class_can_be_picked_by_arrow_and_click_or_not_at_all(page: Page, work: Work) -> None:
    first, second, *_ = work.waiting
    options = page.locator("#classes [role=option]")
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    expect(page.locator("#picker")).to_be_hidden()
    page.keyboard.press("r")
    expect(options).to_have_text([CAPES, "Kilim"])  # the suggested one first, its own label not at all
    page.keyboard.press("ArrowDown")
    press(page, "Enter")
    assert work.decided()[first] == ("relabel", "Kilim", PERSON)
    page.keyboard.press("r")
    with another_photo(page):
        options.filter(has_text=CAPES).click()
    assert work.decided()[second] == ("relabel", CAPES, PERSON)


def test_a_key_counts_even_while_a_closed_dialog_still_has_the_focus(page: Page) -> None:
    page.locator("#typed").dispatch_event("keydown", {"key": "r"})
    expect(page.locator("#picker")).to_be_visible()


def test_undo_brings_back_the_photo_as_it_was_even_after_a_reload(page: Page, work: Work) -> None:
    before = (shown(page), page.locator("#standing").inner_html(), page.locator("#left").inner_text(), work.decided())
    press(page, "d")
    assert work.decided() != before[3]
    page.reload()
    expect(page.locator("#left")).to_contain_text("4 left")
    press(page, "u")
    expect(page.locator("#note")).to_have_text("Undone: the photo is as before.")
    after = (shown(page), page.locator("#standing").inner_html(), page.locator("#left").inner_text(), work.decided())
    assert after == before
    page.keyboard.press("u")
    expect(page.locator("#note")).to_have_text(f"There is nothing to undo for {PERSON}.")


def test_moving_changes_nothing(page: Page, work: Work) -> None:
    decided = work.decided()
    press(page, "ArrowRight")
    assert shown(page) == work.waiting[1]
    press(page, "ArrowLeft")
    assert shown(page) == work.waiting[0]
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#left")).to_contain_text("1 of 5")
    assert work.decided() == decided


def test_only_a_key_that_is_meant_decides(page: Page, work: Work) -> None:
    decided = work.decided()
    page.locator("#name").press("End")
    page.keyboard.type("kd")
    page.locator("#name").blur()
    page.keyboard.press("Control+k")
    page.keyboard.press("?")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog[open]')")  # a browser closes it when it is ready
    assert work.decided() == decided
    with another_photo(page):
        for _ in range(5):  # held down so long that it repeats
            page.keyboard.down("k")
        page.keyboard.up("k")
    page.keyboard.press("g")  # what was pressed before is answered once the grid shows
    page.locator(".cell").first.wait_for()
    assert work.decided() == {**decided, work.waiting[0]: ("keep", None, f"{PERSON}kd")}


def test_keys_pressed_before_the_answer_are_left_out(page: Page, work: Work) -> None:
    decided = work.decided()
    with another_photo(page):
        page.evaluate("""() => ["k", "d", "d"].forEach((key) => document.body.dispatchEvent(
            new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))""")
    assert shown(page) == work.waiting[1]
    assert work.decided() == {**decided, work.waiting[0]: ("keep", None, PERSON)}


def test_filters_and_the_twin(page: Page, work: Work) -> None:
    with another_photo(page):
        page.locator("#check").select_option("label")
    assert shown(page) == work.ids[1]
    with another_photo(page):
        page.locator("#check").select_option("duplicate")
    assert shown(page) == work.ids[5]
    expect(page.locator("#pictures img")).to_have_count(2)
    expect(page.locator("#pictures figcaption").last).to_contain_text(f"Its twin: {CAPES}")
    expect(page.locator("#standing")).to_contain_text("one of the two labels is wrong")
    page.reload()
    expect(page.locator("#check")).to_have_value("duplicate")
    page.locator("#state").select_option("person")
    expect(page.locator("#end")).to_contain_text("With other filters, 5 photos still wait for a person.")
    page.get_by_role("button", name="Show all that are waiting").click()
    expect(page.locator("#left")).to_contain_text("1 of 5")
    with another_photo(page):
        page.locator("#state").select_option("auto")
    expect(page.locator("#standing")).to_contain_text("Dropped by the rules: empty picture")
    page.locator("#state").select_option("all")
    expect(page.locator("#left")).to_contain_text(f"1 of {PHOTOS}")


def test_neighbours(page: Page, work: Work) -> None:
    expect(page.locator("#no-neighbours")).to_be_visible()
    work.add_features()
    page.reload()
    expect(page.locator("#neighbours li")).to_have_count(8)
    expect(page.locator("#neighbours li").first).to_contain_text("likeness 1.00")
    expect(page.locator("#no-neighbours")).to_be_hidden()


def test_the_digits_that_name_a_photo_to_a_command_can_be_selected(page: Page) -> None:
    digits = page.locator("#origin code")
    expect(digits).to_have_text(shown(page)[:12])
    digits.click()
    assert page.evaluate("getSelection().toString()") == shown(page)[:12]


def test_nothing_left_says_what_was_decided_and_names_the_next_command(page: Page, work: Work) -> None:
    for number in range(len(work.waiting) - 1):
        press(page, "kd"[number % 2])
    page.keyboard.press("d")
    expect(page.locator("#end h2")).to_contain_text("no photo is waiting")
    expect(page.locator("#end code")).to_have_text("recognizer train cloth")
    expect(page.locator("#end tr").filter(has_text="by people")).to_contain_text("5")
    expect(page.locator("#end tr").filter(has_text="all kept photos")).to_contain_text("8")
    page.keyboard.press("u")
    expect(page.locator("#left")).to_contain_text("1 left")
    assert shown(page) == work.waiting[-1]


def test_a_name_is_asked_for_and_kept(page: Page, work: Work) -> None:
    decided = work.decided()
    page.locator("#name").fill("auto")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#note")).to_contain_text("Write your name first")
    assert work.decided() == decided
    page.locator("#name").fill("bob")
    page.locator("#name").blur()
    page.reload()
    page.locator("#pictures img").first.wait_for()
    press(page, "k")
    assert work.decided()[work.waiting[0]] == ("keep", None, "bob")


def test_of_two_people_the_last_one_counts_and_hears_of_the_other(
    browser: Browser, address: str, page: Page, work: Work
) -> None:
    first, second, *_ = work.waiting
    with visit(browser, address) as other:
        other.locator("#name").fill("bob")
        other.locator("#name").blur()
        assert shown(other) == shown(page) == first
        press(other, "d")
        press(other, "d")
        press(page, "k")
    expect(page.locator("#note")).to_have_text(
        "Kept the photo under Batik; undo takes that back. Before you, it was dropped by bob."
    )
    assert work.decided()[first] == ("keep", None, PERSON)
    expect(page.locator("#standing")).to_contain_text("Dropped by bob")
    expect(page.locator("#left")).to_contain_text("3 left")
    with work.open() as store:
        assert (store.decisions.undo("bob"), store.decisions.undo("bob")) == ([second], [first]), "both are recorded"


def test_words_of_strangers_stay_words(page: Page, work: Work) -> None:
    expect(page.locator("#origin")).to_contain_text("<b>A & B")
    expect(page.locator("#origin a")).to_have_attribute("href", re.compile(r"^https://pages\.example/5\?a=1&b=<i>$"))
    with another_photo(page):
        page.locator("#state").select_option("auto")
    expect(page.locator("#origin")).to_contain_text("javascript:alert(1)")
    expect(page.locator("#origin a")).to_have_count(0)
    page.locator("#state").select_option("all")
    page.locator("#label").select_option(CAPES)
    expect(page.locator("#standing strong").first).to_have_text(CAPES)
    page.wait_for_function("() => document.querySelector('#pictures img').naturalWidth > 0")


def test_a_killed_server_loses_nothing(browser: Browser, work: Work) -> None:
    decided = work.decided()
    with served_apart(work) as (address, process), visit(browser, address) as page:
        press(page, "k")
        process.send_signal(signal.SIGKILL)
        process.wait()
        page.keyboard.press("d")
        expect(page.locator("#note")).to_contain_text("The server does not answer")
    assert work.decided() == {**decided, work.waiting[0]: ("keep", None, "eve")}
    with work.open() as store:
        assert store.decisions.undo("eve") == [work.waiting[0]]


def test_a_port_in_use_is_said_in_a_sentence(work: Work) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(command(work, taken.getsockname()[1]), capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"Port \d+ at 127\.0\.0\.1 cannot be used.*\n", done.stderr)


def command(work: Work, port: int) -> list[str]:
    options = ["--work", str(work.folder), "--port", str(port), "--name", "eve"]
    return [sys.executable, "-m", "recognizer", "review", str(work.recipe_file), *options]


@contextmanager
def served_apart(work: Work) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the real command and yield the address that it prints."""
    process = subprocess.Popen(
        command(work, 0), stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield re.findall(r"http://\S+\d", line)[0], process
    finally:
        process.kill()
        process.communicate()
