"""What a visitor's own browser answers, beside Python, and how long it takes.

    python -m benchmarks.in_browser textiles --work data/textiles

Writes the site of a built recipe with its model, opens it in Chromium over loopback, and gives the held-out photos to
the module that the page uses. Printed are the share of photos with the likeliest class that Python's ONNX Runtime gives
for model.onnx, the largest difference of a probability, the time of a photo in both (one thread each, medians), and the
seconds from opening the page to the first answer: cold, warm, and without a network after the second visit.
"""

import argparse
import base64
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext, Page

from recognizer.publish.site import write_site
from recognizer.recipe import load_recipe
from recognizer.serve.classifier import Classifier
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from tests.browser import chromium, site

OPEN = """async () => {
    const { BrowserModel } = await import("/js/model/browser.js");
    window.model = new BrowserModel("model/");
    await window.model.connect(() => {});
}"""
ASK = """async (content) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const begun = performance.now();
    const answer = await window.model.predict(new Blob([bytes]), new AbortController().signal);
    return [answer.confidences, performance.now() - begun];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    with PhotoStore(arguments.work, recipe.labels) as store:
        photos = [photo.path for photo in split_kept(recipe, store).held_out]
    model = arguments.work / "model"
    with tempfile.TemporaryDirectory() as folder:
        write_site(recipe, Path(folder), model=model)
        with site(Path(folder)) as home, chromium() as browser:
            with browser.new_context() as context:
                _print_agreement(context.new_page(), home, Classifier(model), photos)
            with browser.new_context() as context:
                _print_seconds(context, home, photos[0])


def _print_agreement(page: Page, home: str, classifier: Classifier, photos: list[Path]) -> None:
    page.goto(f"{home}/recognizer.html")
    page.evaluate(OPEN)
    rows = [_compare(page, classifier, photo.read_bytes()) for photo in photos]
    same, differences, here, there = (np.array(column) for column in zip(*rows, strict=True))
    print(
        f"{same.mean():.1%} of {len(photos)} held-out photos have the same likeliest class; largest difference of a "
        f"probability {differences.max():.1e}; a photo takes {np.median(here):.0f} ms here, "
        f"{np.median(there):.0f} ms in Python ({np.median(here / there):.1f} times)"
    )


def _compare(page: Page, classifier: Classifier, photo: bytes) -> tuple[bool, float, float, float]:
    begun = time.perf_counter()
    expected = classifier.predict(photo).probabilities
    there = (time.perf_counter() - begun) * 1000
    confidences, here = page.evaluate(ASK, base64.b64encode(photo).decode())
    found = {one["label"]: one["confidence"] for one in confidences}
    difference = max(abs(found[name] - share) for name, share in expected.items())
    return next(iter(found)) == next(iter(expected)), difference, here, there


def _print_seconds(context: BrowserContext, home: str, photo: Path) -> None:
    seconds: dict[str, Any] = {}
    for visit in ("cold", "warm", "without a network"):
        context.set_offline(visit == "without a network")
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(f"{home}/recognizer.html")
        page.set_input_files("#file", photo)
        page.wait_for_selector("#answer h2")
        seconds[visit] = time.perf_counter() - begun
        page.wait_for_function("navigator.serviceWorker.ready")
        page.close()
    print("first answer after " + ", ".join(f"{took:.1f} s {visit}" for visit, took in seconds.items()))


if __name__ == "__main__":
    main()
