"""A real Chromium and the site's own web server, as context managers that any test can use."""

import base64
import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.paths import ROOT

DOCS = ROOT / "docs"
CLIENT = DOCS / "vendor" / "gradio-client.js"


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    """Serves the files of a folder, and writes no line for each."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[int]:
    """Run a server in a thread of its own and yield its port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def site(folder: Path = DOCS) -> Iterator[str]:
    """Serve the static site on loopback and yield its address, without a slash at the end.

    Raises:
        FileNotFoundError: `make site` has not yet put the Gradio client into docs/vendor.
    """
    if folder == DOCS and not CLIENT.is_file():
        raise FileNotFoundError(f"{CLIENT} is missing: run `make site`.")
    handler = functools.partial(QuietFiles, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def page_of_site(name: str) -> Iterator[Page]:
    """Open a page of the static site in a Chromium of its own.

    Args:
        name: of its file.
    """
    with site() as home, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{home}/{name}")
        yield page


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Start Chromium without a window: $CHROMIUM, the one on PATH, or Playwright's own.

    One at a time in a process: Playwright's synchronous interface allows no second.

    Args:
        arguments: further command line switches.
    """
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", *arguments])
        try:
            yield browser
        finally:
            browser.close()


def give(page: Page, event: str, photo: Path, kind: str = "image/jpeg") -> None:
    """Drop or paste a file: a real DataTransfer with the file's bytes, in the event that a browser would send."""
    script = """([event, name, kind, content]) => {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name, {type: kind}));
        const made = event === "paste"
            ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true})
            : new DragEvent(event, {dataTransfer: transfer, bubbles: true, cancelable: true});
        document.getElementById("drop").dispatchEvent(made);
    }"""
    page.evaluate(script, [event, photo.name, kind, base64.b64encode(photo.read_bytes()).decode()])


def small_targets(page: Page) -> list[str]:
    """What can be pressed and is lower than 44 px; links inside a sentence do not count."""
    script = """(all) => all.filter((one) => one.checkVisibility() && !one.matches(".skip, .unseen"))
        .filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML)"""
    return list(page.locator("nav a, .brand, .button, summary, li a, .bottom a, label").evaluate_all(script))


TEXTS = "h1, h2, h3, p, li, a, .button, .ways"


def contrast_ratios(page: Page, texts: str = TEXTS) -> list[tuple[float, str]]:
    """WCAG contrast of each visible text with the colour behind it, and the first letters of that text."""
    script = """(all) => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (one) => {
        const [r, g, b, alpha = 1] = rgb(getComputedStyle(one).backgroundColor);
        return alpha || !one.parentElement ? [r, g, b] : behind(one.parentElement);
    };
    return all.filter((one) => one.checkVisibility()).map((one) => {
        const pair = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
        return [(Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05), one.textContent.slice(0, 40)];
    });
}"""
    return [(ratio, text) for ratio, text in page.locator(texts).evaluate_all(script)]
