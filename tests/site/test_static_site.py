"""A site with a model and no Space: the visitor's own browser answers, as Python does, and nobody else is asked."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from recognizer.publish.site import write_site
from recognizer.recipe import load_recipe
from recognizer.serve.classifier import Classifier
from tests.browser import QuietFiles, chromium, serving, site
from tests.conftest import Built

pytestmark = pytest.mark.browser
PLAIN = "plain.test"  # a host that is this machine, which browsers do not know, so that plain http is not safe there


@pytest.fixture(scope="module")
def folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site of the tiny recipe, with its model and no Space."""
    made = tmp_path_factory.mktemp("static")
    write_site(load_recipe(built.recipe), made, model=built.model)
    return made


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[str]:
    """The address of that site."""
    with site(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser(home: str) -> Iterator[Browser]:
    with chromium(f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1") as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        yield context


def answered(visitor: BrowserContext, home: str, photo: Path) -> Page:
    page = visitor.new_page()
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=ready]")  # before, nobody listens
    page.set_input_files("#file", photo)
    page.wait_for_selector("#answer h2")
    return page


def photos_of(built: Built) -> list[Path]:
    return sorted((built.work / "photos").glob("*/*.jpg"))[::9]


def test_the_browser_answers_as_python_does_and_asks_nobody_else(
    visitor: BrowserContext, home: str, built: Built
) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    classifier = Classifier(built.model)
    for photo in photos_of(built)[:2]:
        page = answered(visitor, home, photo)
        expected = classifier.predict(photo.read_bytes()).probabilities
        shares = page.locator("#answer .track").evaluate_all(
            "all => all.map(one => one.style.getPropertyValue('--share'))"
        )
        names = page.locator("#answer .bars .name").all_text_contents()
        assert dict(zip(names, map(float, shares), strict=True)) == pytest.approx(expected, abs=5e-3)
        page.close()
    assert all(url.startswith((home, "blob:")) for url in asked), asked


def test_it_answers_without_a_network_after_two_visits(visitor: BrowserContext, home: str, built: Built) -> None:
    photo = photos_of(built)[0]
    for _ in range(2):
        page = answered(visitor, home, photo)
        page.evaluate("navigator.serviceWorker.ready")
        page.close()
    visitor.set_offline(True)
    page = answered(visitor, home, photo)
    assert page.inner_text("#hint").endswith("does not leave your device.")


def test_it_answers_over_plain_http_too(visitor: BrowserContext, home: str, built: Built) -> None:
    photo = photos_of(built)[0]
    page = answered(visitor, home.replace("127.0.0.1", PLAIN), photo)
    assert not page.evaluate("isSecureContext")
    share = page.locator("#answer .track").first.evaluate("one => one.style.getPropertyValue('--share')")
    expected = Classifier(built.model).predict(photo.read_bytes()).probabilities
    assert float(share) == pytest.approx(max(expected.values()), abs=5e-3)


WATCH_THE_WORKER = """
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (sent, ...more) {
        if (sent.file) window.given = sent.file.size;
        post.call(this, sent, ...more);
    };
"""


def test_a_large_photo_is_compared_as_it_is(visitor: BrowserContext, home: str, built: Built, tmp_path: Path) -> None:
    large, photo = Image.effect_noise((2000, 1500), 90).convert("RGB"), tmp_path / "large.png"
    with Image.open(photos_of(built)[0]) as image:
        Image.blend(large, image.convert("RGB").resize(large.size), 0.7).save(photo)
    assert photo.stat().st_size > 2 * 1024 * 1024
    visitor.add_init_script(WATCH_THE_WORKER)
    page = answered(visitor, home, photo)
    assert page.evaluate("given") == photo.stat().st_size
    share = page.locator("#answer .track").first.evaluate("one => one.style.getPropertyValue('--share')")
    expected = Classifier(built.model).predict(photo.read_bytes()).probabilities
    assert float(share) == pytest.approx(max(expected.values()), abs=5e-3)


def test_a_photo_of_too_many_pixels_is_refused(visitor: BrowserContext, home: str, tmp_path: Path) -> None:
    picture = Image.new("L", (10_000, 5_001))
    picture.paste(Image.effect_noise((2_000, 2_000), 90))
    picture.save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > 2 * 1024 * 1024
    page = visitor.new_page()
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=ready]")
    page.set_input_files("#file", tmp_path / "large.png")
    page.wait_for_selector("#status[data-state=refused]")
    assert "over 50 million pixels" in page.inner_text("#status")


def test_while_the_model_loads_nothing_is_said_of_a_space(visitor: BrowserContext, home: str) -> None:
    page, held = visitor.new_page(), list[Route]()
    page.route("**/model/model.json", lambda route: held.append(route))
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=connecting]")
    expect(page.locator("#status .words")).to_have_text("Loading…")
    expect(page.locator("#accuracy")).to_contain_text("as soon as the model is loaded")
    assert "Space" not in page.inner_text("main")
    held[0].continue_()
    page.wait_for_selector("#status[data-state=ready]")


def test_without_scripts_nothing_is_said_of_a_space(browser: Browser, home: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{home}/recognizer.html")
        told = page.inner_text("main")
    assert "it compares your photo in your browser" in told and "Space" not in told


class _WithoutLengths(QuietFiles):
    """Serves a model in two parts without telling its length; the second once it is let."""

    let = threading.Event()

    def do_GET(self) -> None:
        if not self.path.endswith(".onnx"):
            super().do_GET()
            return
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content[: 1024 * 1024])
        self.wfile.flush()
        self.let.wait(60)
        self.wfile.write(content[1024 * 1024 :])


def test_a_model_of_unknown_length_is_loaded_without_a_total(visitor: BrowserContext, folder: Path) -> None:
    handler = partial(_WithoutLengths, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        page = visitor.new_page()
        page.goto(f"http://127.0.0.1:{port}/recognizer.html")
        expect(page.locator("#status .words")).to_contain_text("MB so far")
        _WithoutLengths.let.set()
        page.wait_for_selector("#status[data-state=ready]")


class _Stalling(QuietFiles):
    """Stops in the middle of the model until it is let; the clock of the worker runs a thousand times as fast."""

    let = threading.Event()

    def do_GET(self) -> None:
        content = Path(self.translate_path(self.path)).read_bytes() if self.path.endswith((".js", ".onnx")) else b""
        if self.path.endswith("worker.js"):
            self._begin("text/javascript")
            self.wfile.write(
                b"const wait = setTimeout; self.setTimeout = (act, ms) => wait(act, ms / 1000);\n" + content
            )
        elif self.path.endswith(".onnx") and not self.let.is_set():
            self._begin("application/octet-stream")
            self.wfile.write(content[:1000])
            self.wfile.flush()
            self.let.wait(60)
        else:
            super().do_GET()

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()


def test_a_model_that_stalls_is_told_and_asked_for_again(visitor: BrowserContext, folder: Path) -> None:
    handler = partial(_Stalling, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        page = visitor.new_page()
        page.goto(f"http://127.0.0.1:{port}/recognizer.html")
        page.wait_for_selector("#status[data-state=failed]")
        assert "could not be loaded" in page.inner_text("#status")
        _Stalling.let.set()
        page.locator("#status .retry").click()
        page.wait_for_selector("#status[data-state=ready]")


def test_what_a_model_says_of_itself_is_not_waited_for_without_end(visitor: BrowserContext, home: str) -> None:
    page, held = visitor.new_page(), list[Route]()
    page.clock.install()
    page.route("**/model/model.json", lambda route: held.append(route))
    with page.expect_request("**/model/model.json"):
        page.goto(f"{home}/recognizer.html")
    page.clock.fast_forward(60_000)
    page.wait_for_selector("#status[data-state=failed]")
    assert "could not be loaded" in page.inner_text("#status")


CONTROLLED = """new Promise((done) => {
    navigator.serviceWorker.oncontrollerchange = () => done(true);
    if (navigator.serviceWorker.controller) done(true);
})"""


def test_a_full_disk_takes_no_file_away(visitor: BrowserContext, home: str, folder: Path) -> None:
    (folder / "new.txt").write_text("new" * 100_000)
    page = visitor.new_page()
    page.goto(f"{home}/recognizer.html")
    page.evaluate(CONTROLLED)
    quota = {"origin": home, "quotaSize": 1}
    session = visitor.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", quota)
    full = "caches.open('other').then((one) => one.put('some', new Response('x'.repeat(1e5)))).then(() => 0, () => 1)"
    assert page.evaluate(full) == 1
    assert page.evaluate("fetch('new.txt').then((one) => one.text())") == "new" * 100_000


def test_a_visitor_sees_why(visitor: BrowserContext, home: str, built: Built) -> None:
    page = answered(visitor, home, photos_of(built)[0])
    page.locator(".why summary").click()
    page.wait_for_selector(".why canvas[role=img][aria-label]")
    colours = page.locator(".why canvas").evaluate(
        "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size"
    )
    assert colours > 20


def test_a_model_that_does_not_come_is_told_and_asked_for_again(
    visitor: BrowserContext, home: str, built: Built
) -> None:
    page = visitor.new_page()
    page.route("**/*.onnx", lambda route: route.abort())
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=failed]")
    assert "could not be loaded" in page.inner_text("#status")
    page.unroute("**/*.onnx")
    page.locator("#status .retry").click()
    page.wait_for_selector("#status[data-state=ready]")


def test_a_model_that_arrives_changed_is_not_run(visitor: BrowserContext, home: str, built: Built) -> None:
    page = visitor.new_page()
    page.route("**/*.onnx", lambda route: route.fulfill(body=b"something else"))
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=failed]")
    assert "arrived damaged" in page.inner_text("#status")


def test_a_keyboard_stays_where_it_tried_again(visitor: BrowserContext, home: str) -> None:
    page, held = visitor.new_page(), list[Route]()
    page.route("**/*.onnx", lambda route: route.abort())
    page.goto(f"{home}/recognizer.html")
    page.wait_for_selector("#status[data-state=failed]")
    page.unroute("**/*.onnx")
    page.route("**/*.onnx", lambda route: held.append(route))
    page.locator("#status .retry").press("Enter")
    expect(page.locator("#status .retry")).to_be_hidden()
    expect(page.locator("#status .words")).to_be_focused()
    page.wait_for_function("document.querySelector('#status').dataset.state !== 'failed'")
    page.unroute("**/*.onnx")


@pytest.mark.parametrize(("query", "told"), [
    ("", "site.privacy_here"), ("?answer=space", "site.privacy_here"), ("?space=some/one", "site.privacy_sent_other"),
])  # fmt: skip
def test_about_says_where_a_photo_goes_with_this_address(
    visitor: BrowserContext, home: str, query: str, told: str
) -> None:
    page = visitor.new_page()
    page.goto(f"{home}/about.html{query}#privacy")
    shown = page.locator("#privacy ~ ul:visible li:first-child")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("data-say", told)
    expect(page.locator("#privacy-sent")).to_be_visible(visible=query.startswith("?space"))


def test_nothing_is_promised_of_a_space_that_somebody_else_may_run(visitor: BrowserContext, home: str) -> None:
    page = visitor.new_page()
    page.goto(f"{home}/recognizer.html?space=http://127.0.0.1:9")
    expect(page.locator("#which")).to_contain_text("Take care, photos go to another Space")
    expect(page.locator("#hint")).to_contain_text("whoever runs that decides what becomes of it")
    page.locator("footer a[href*=privacy]").click()
    expect(page.locator("#privacy-sent")).to_contain_text("Whoever runs that Space decides what becomes of it there.")
    told = page.inner_text("main")
    assert "then deleted" not in told and "does not leave" not in told and "huggingface.co" in told
