"""The static site in a real Chromium, against the running app."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import DOCS, chromium, contrast_ratios, give, site, small_targets
from tests.site.spaces import SPACE_HOST, SleepingSpace, forwarding, free_port, sleeping_space

PAGES = ["index.html", "recognizer.html", "about.html"]
HALF_PERCENT = 0.005


class Served(Protocol):
    """The running app: see the fixture `served`."""

    url: str
    photos: list[Path]
    classes: list[str]

    def expected(self, path: Path) -> dict[str, float]: ...


@dataclass
class Watched:
    """A page, the hosts it asked, and what it complained about."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)


@pytest.fixture(scope="module")
def hugging_face(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SleepingSpace]:
    with sleeping_space(served.url, tmp_path_factory.mktemp("certificate")) as space:
        yield space


@pytest.fixture(scope="module")
def browser(hugging_face: SleepingSpace) -> Iterator[Browser]:
    with chromium(hugging_face.resolver_rules) as running:
        yield running


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    with site() as url:
        yield url


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with browser.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(15_000)
        yield Watched(context.new_page())


@pytest.fixture
def recognizer(watched: Watched, home: str, served: Served) -> Page:
    watched.page.goto(f"{home}/recognizer.html?space={served.url}")
    wait_for(watched.page, "ready")
    return watched.page


def wait_for(page: Page, state: str) -> Locator:
    """Wait for a state of the page and return the words that it announces."""
    expect(page.locator("#status")).to_have_attribute("data-state", state, timeout=15_000)
    return page.locator("#status .words")


def drawn_bars(page: Page) -> dict[str, float]:
    """Each name with the width of its bar as drawn, as a share of its track."""
    page.locator("#answer summary").click()
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    script = """(items) => items.map((item) => [
        item.querySelector(".name").textContent,
        item.querySelector(".fill").getBoundingClientRect().width /
        item.querySelector(".track").getBoundingClientRect().width])"""
    return dict(page.locator("#answer .bars li").evaluate_all(script))


def assert_answers(page: Page, served: Served, photo: Path) -> None:
    wait_for(page, "answer")
    bars = drawn_bars(page)
    assert sorted(bars) == sorted(served.classes)
    assert bars == pytest.approx(served.expected(photo), abs=HALF_PERCENT)
    assert list(bars.values()) == sorted(bars.values(), reverse=True)


def test_bars_equal_the_learner(recognizer: Page, served: Served) -> None:
    for photo in served.photos[:2]:
        recognizer.set_input_files("#file", photo)
        expect(recognizer.locator("#preview")).to_have_attribute("alt", f"Your photo, {photo.name}")
        assert_answers(recognizer, served, photo)


def test_words_are_about_photos(recognizer: Page, served: Served) -> None:
    recognizer.set_input_files("#file", served.photos[0])
    words = wait_for(recognizer, "answer").inner_text()
    assert re.fullmatch(
        r"Most like the pictures drawn of .+ \(.+\)|Not sure\. Closest: .+ \(.+; it answers from .+\)|Unlike all 12",
        words,
    )
    expect(recognizer.locator("#answer h2")).to_have_text(words)
    expect(recognizer.locator(".result .note")).to_contain_text("cannot tell who anyone is")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_drop_and_paste(recognizer: Page, served: Served, event: str) -> None:
    give(recognizer, event, served.photos[0])
    assert_answers(recognizer, served, served.photos[0])


def test_keyboard_only(recognizer: Page, served: Served) -> None:
    recognizer.on("filechooser", lambda _: None)  # so that Chromium hands choosers over from here on
    tab_to(recognizer, "#file")
    with recognizer.expect_file_chooser() as chooser:
        recognizer.keyboard.press("Enter")
    chooser.value.set_files(served.photos[0])
    wait_for(recognizer, "answer")
    tab_to(recognizer, "#answer summary")
    recognizer.keyboard.press("Enter")
    expect(recognizer.locator("#answer li").last).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_another_photo_abandons_the_earlier_answer(recognizer: Page, served: Served) -> None:
    recognizer.evaluate("""() => {
        window.drawn = 0;
        new MutationObserver(() => (window.drawn += 1)).observe(document.getElementById("answer"), {childList: true});
    }""")
    recognizer.set_input_files("#file", served.photos[0])
    recognizer.set_input_files("#file", served.photos[1])
    assert_answers(recognizer, served, served.photos[1])
    assert recognizer.evaluate("window.drawn") == 1


def test_large_photos_are_scaled_down_and_small_ones_left_alone(recognizer: Page) -> None:
    sides = recognizer.evaluate("""async () => {
        const { readyToSend } = await import("./js/photo.js");
        const canvas = new OffscreenCanvas(2400, 1200);
        const pen = canvas.getContext("2d");
        const noise = pen.createImageData(2400, 1200);
        for (let at = 0; at < noise.data.length; at += 65536) {
            crypto.getRandomValues(noise.data.subarray(at, at + 65536));
        }
        pen.putImageData(noise, 0, 0);
        const large = new File([await canvas.convertToBlob()], "large.png", { type: "image/png" });
        const small = new File([large.slice(0, 1000)], "small.png", { type: "image/png" });
        const { width, height } = await createImageBitmap(await readyToSend(large));
        return [width, height, (await readyToSend(small)) === small];
    }""")
    assert sides == [1600, 800, True]


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [("notes.txt", 10, "is not a picture"), ("huge.jpg", 21 * 1024 * 1024, "is too large: 21.0 MB")],
)
def test_refused_before_sending(recognizer: Page, tmp_path: Path, name: str, size: int, sentence: str) -> None:
    sent: list[str] = []
    recognizer.on("request", lambda request: sent.append(request.url))
    file = tmp_path / name
    with file.open("wb") as empty:
        empty.truncate(size)
    recognizer.set_input_files("#file", file)
    expect(wait_for(recognizer, "refused")).to_contain_text(sentence)
    assert not [url for url in sent if "upload" in url]


def test_the_space_refuses_what_only_claims_to_be_a_picture(recognizer: Page, served: Served) -> None:
    recognizer.set_input_files("#file", {"name": "fake.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(wait_for(recognizer, "failed")).to_contain_text(re.compile("picture", re.IGNORECASE))
    recognizer.set_input_files("#file", served.photos[0])
    assert_answers(recognizer, served, served.photos[0])


def test_a_file_that_the_browser_cannot_draw_gets_a_placeholder(recognizer: Page) -> None:
    recognizer.set_input_files("#file", {"name": "phone.HEIC", "mimeType": "", "buffer": b"not really"})
    expect(recognizer.locator("#placeholder")).to_contain_text("phone.HEIC")
    wait_for(recognizer, "failed")


def test_a_dead_space_fails_visibly_and_recovers(watched: Watched, home: str, served: Served) -> None:
    with free_port() as port:
        watched.page.goto(f"{home}/recognizer.html?space=http://127.0.0.1:{port}")
        expect(wait_for(watched.page, "failed")).to_contain_text(f"Nothing answers at http://127.0.0.1:{port}")
        watched.page.set_input_files("#file", served.photos[0])
        wait_for(watched.page, "failed")
    with forwarding(port, served.url):
        watched.page.get_by_role("button", name="Try again").click()
        assert_answers(watched.page, served, served.photos[0])
        expect(watched.page.locator("#preview")).to_be_visible()


def test_a_sleeping_space_is_waited_for(
    watched: Watched, home: str, served: Served, hugging_face: SleepingSpace
) -> None:
    page = watched.page
    hugging_face.sleep("SLEEPING")
    page.goto(f"{home}/recognizer.html?space=someone/something")
    expect(wait_for(page, "waking")).to_contain_text("a minute or two")
    page.set_input_files("#file", served.photos[0])
    expect(page.locator("#status .elapsed")).to_contain_text("seconds so far", timeout=15_000)
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


@pytest.mark.parametrize(("about", "words"), [
    ({}, "Not sure. Closest: <b>One</b> (12\u00a0%)"),
    ({"threshold": 0.5}, "Not sure. Closest: <b>One</b> (12\u00a0%; it answers from 50\u00a0%)"),
    ({"threshold": 0.1}, "Unlike all 1"),
])  # fmt: skip
def test_not_sure(recognizer: Page, about: dict[str, float], words: str) -> None:
    answer = {"label": "Not sure", "confidences": [{"label": "<b>One</b>", "confidence": 0.12}]}
    recognizer.evaluate(
        """async ([answer, about]) => {
            const { renderAnswer } = await import("./js/answer.js");
            document.getElementById("answer").hidden = false;
            renderAnswer(document.getElementById("answer"), answer, about);
        }""",
        [answer, about],
    )
    expect(recognizer.locator("#answer h2")).to_have_text(words)
    expect(recognizer.locator("#answer .name")).to_have_text("<b>One</b>")
    expect(recognizer.locator("#answer .share")).to_have_text("12\u00a0%")
    assert recognizer.locator("#answer details").count() == (words == "Unlike all 1")


def test_what_it_compares_with(recognizer: Page, served: Served) -> None:
    expect(recognizer.locator("#accuracy")).to_contain_text(
        re.compile(
            r"Right on \d+ of \d+ test photos, none of which it had learned from \(\d+.%; plausibly \d+ to \d+.%\)"
        )
    )
    expect(recognizer.locator("#groups .name")).to_have_text(served.classes)


@pytest.mark.parametrize("space", ["ftp://127.0.0.1", "javascript:alert(1)", "one/two/three", "http://example.com", ""])
def test_a_wrong_space_is_refused(watched: Watched, home: str, space: str) -> None:
    watched.page.goto(f"{home}/recognizer.html?space={quote(space)}")
    expect(wait_for(watched.page, "refused")).to_contain_text(f"“{space}”")
    expect(watched.page.locator("#file")).to_be_disabled()
    assert watched.hosts == {urlsplit(home).netloc}


@pytest.mark.parametrize("name", PAGES)
def test_links_keep_the_space(watched: Watched, home: str, served: Served, name: str) -> None:
    watched.page.goto(f"{home}/{name}?space={served.url}")
    links = watched.page.locator("nav a, .brand, main > section > p > a, .hero .button, .bottom a")
    own = [link for link in links.evaluate_all("(all) => all.map((one) => one.href)") if link.startswith(home)]
    assert own and all(f"?space={quote(served.url, safe='')}" in link for link in own)


@pytest.mark.parametrize("name", PAGES)
def test_no_horizontal_scroll_and_large_targets_on_a_phone(
    watched: Watched, home: str, served: Served, name: str
) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.page.goto(f"{home}/{name}?space={served.url}")
    if name == "recognizer.html":
        wait_for(watched.page, "ready")
        watched.page.set_input_files("#file", served.photos[0])
        wait_for(watched.page, "answer")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert small_targets(watched.page) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_image_has_an_alt_and_every_control_a_name(watched: Watched, home: str, name: str) -> None:
    watched.page.goto(f"{home}/{name}")
    assert watched.page.locator("img:not([alt])").count() == 0
    assert watched.page.locator("html[lang=en] h1").count() == 1
    unnamed = """(all) => all
        .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length))
        .map((one) => one.outerHTML)"""
    assert watched.page.locator("a, button, input, summary, nav").evaluate_all(unnamed) == []
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
    page.get_by_role("link", name="About").click()
    page.wait_for_url("**/about.html?**")
    assert watched.hosts - {""} == {urlsplit(home).netloc, urlsplit(served.url).netloc}
    assert watched.complaints == []
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0


def groups() -> list[dict[str, Any]]:
    classes: list[dict[str, Any]] = json.loads((DOCS / "groups.json").read_text("utf-8"))["classes"]
    return classes


def test_no_class_name_stands_in_the_scripts() -> None:
    scripts = "\n".join(path.read_text("utf-8") for path in (DOCS / "js").glob("*.js"))
    assert [one["name"] for one in groups() if re.search(rf"\b{re.escape(one['name'])}\b", scripts)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out(browser: Browser, home: str, name: str, scheme: Any) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{home}/{name}?space=none")
        ratios = contrast_ratios(page)
    assert [one for one in ratios if one[0] < 4.5] == []
