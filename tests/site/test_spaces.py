"""Whom the site asks, and what it says where nobody answers."""

import re
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.site.spaces import SPACE_HOST, SleepingSpace, forwarding, free_port
from tests.site.watching import PAGES, Served, Watched, assert_answers, in_view, wait_for


def test_a_dead_space_fails_visibly_and_recovers(watched: Watched, home: str, served: Served) -> None:
    page = watched.page
    with free_port() as port:
        page.goto(f"{home}/recognizer.html?space=http://127.0.0.1:{port}")
        expect(wait_for(page, "failed")).to_contain_text(f"Nothing answers at http://127.0.0.1:{port}")
        page.set_input_files("#file", served.photos[0])
        wait_for(page, "failed")
    with forwarding(port, served.url):
        page.get_by_role("button", name="Try again").click()
        assert_answers(page, served, served.photos[0])
        expect(page.locator("#preview")).to_be_visible()


def test_a_sleeping_space_is_waited_for(
    watched: Watched, home: str, served: Served, hugging_face: SleepingSpace
) -> None:
    page = watched.page
    hugging_face.sleep("SLEEPING")
    page.goto(f"{home}/recognizer.html?space=someone/something")
    expect(wait_for(page, "waking")).to_contain_text("a minute or two")
    page.set_input_files("#file", served.photos[0])
    expect(page.locator("#status .elapsed")).to_contain_text("Seconds so far", timeout=15_000)
    hugging_face.awake.set()
    assert_answers(page, served, served.photos[0])


@pytest.mark.parametrize(
    ("stage", "sentence"), [("PAUSED", "is paused by its owner"), ("RUNTIME_ERROR", "has a fault")]
)
def test_a_space_that_will_not_wake(
    watched: Watched, home: str, hugging_face: SleepingSpace, stage: str, sentence: str
) -> None:
    hugging_face.sleep(stage)
    watched.page.goto(f"{home}/recognizer.html?space=https://{SPACE_HOST}")
    expect(wait_for(watched.page, "failed")).to_contain_text(sentence)


def test_a_space_that_only_holds_pages_is_not_waited_for(
    watched: Watched, home: str, hugging_face: SleepingSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hugging_face.sleep("RUNNING")
    monkeypatch.setattr(hugging_face, "sdk", "static")
    watched.page.goto(f"{home}/recognizer.html?space=someone/something")
    expect(wait_for(watched.page, "failed")).to_contain_text("someone/something only holds pages")


@pytest.mark.parametrize("space", ["ftp://127.0.0.1", "javascript:alert(1)", "one/two/three", "http://example.com", ""])
def test_a_wrong_space_is_refused(watched: Watched, home: str, space: str) -> None:
    watched.page.goto(f"{home}/recognizer.html?space={quote(space)}")
    expect(wait_for(watched.page, "closed")).to_contain_text(f"“{space}”")
    expect(watched.page.locator("#choose")).to_be_disabled()
    assert watched.hosts == {urlsplit(home).netloc}


@pytest.mark.parametrize("name", PAGES)
def test_links_keep_the_space_and_the_language(watched: Watched, home: str, served: Served, name: str) -> None:
    watched.page.goto(f"{home}/{name}?space={served.url}&lang=en")
    links = watched.page.locator("nav a, .brand, main > section > p > a, .hero .button, .bottom a[href]")
    expect(links.first).to_have_attribute("href", re.compile(r"\?space="))  # the page has read its address
    own = [link for link in links.evaluate_all("(all) => all.map((one) => one.href)") if link.startswith(home)]
    assert own and all(f"?space={quote(served.url, safe='')}&lang=en" in link for link in own)


def test_an_upload_that_is_refused_is_told_in_the_words_of_the_space(recognizer: Page, served: Served) -> None:
    sentence = "Too many photos are here at this moment; try again in a minute."
    refusal = {"detail": sentence, "error": sentence}
    recognizer.route("**/upload*", lambda route: route.fulfill(status=503, json=refusal), times=1)
    recognizer.set_input_files("#file", served.photos[0])
    expect(wait_for(recognizer, "failed")).to_have_text(sentence)
    recognizer.get_by_role("button", name="Try again").click()
    assert_answers(recognizer, served, served.photos[0])


def test_a_phone_shows_the_failure_and_the_way_out(watched: Watched, home: str, served: Served) -> None:
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(page, "ready")
    page.set_input_files("#file", served.photos[0])
    wait_for(page, "answer")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.route("**/upload*", lambda route: route.abort(), times=1)
    page.set_input_files("#file", served.photos[1])
    expect(wait_for(page, "failed")).to_have_text("The connection to the Space broke.")
    assert in_view(page, "#status .words") and in_view(page, "#status .retry")
