"""How quickly the review page opens, and how many photos a minute a real browser reviews by keyboard.

    python -m benchmarks.review

Makes a work folder of 5,000 drawn photos that all wait for a person, starts the real command, opens the page in
Chromium, and presses keys: keep, drop, take the suggestion, relabel by typing. A key is pressed only once the next
photo stands there with all of its pixels, so the figure is what the page allows, not what eyes can do.
"""

import argparse
import io
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from recognizer.images.decode import sha256
from recognizer.images.prepare import PreparedPhoto
from recognizer.networks.cache import FOLDER, FeatureCache
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit, Issue
from tests.browser import chromium

RECIPE = "clothing"
CHANNELS = 512
SIDE = 640  # pixels, the longest that a stored photo has
KEYS = "kdskr"  # one round of choices
READY = """() => { const photo = document.querySelector("#pictures img");
    return photo && photo.complete && photo.naturalWidth > 0; }"""
CHANGED = """old => { const box = document.querySelector("#pictures"), photo = box.querySelector("img");
    return box.dataset.id !== old && photo.complete && photo.naturalWidth > 0; }"""
CELLS = """() => document.querySelectorAll(".cell").length > 0
    && [...document.querySelectorAll(".cell img")].slice(0, 20).every((photo) => photo.complete)"""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        _make_work(load_recipe(RECIPE), Path(folder), arguments.photos)
        with _served(Path(folder)) as address, chromium() as browser:
            for view, shown in (("single", READY), ("grid", CELLS)):
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                print(f"opening {arguments.photos} photos, {view} view: {_open(page, address, view, shown):.2f} s")
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            _open(page, address, "single", READY)
            rate = _review(page, arguments.choices)
        _print_rate(rate, arguments.choices, Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--choices", type=int, default=200)
    return parser.parse_args()


def _open(page: Page, address: str, view: str, shown: str) -> float:
    begun = time.perf_counter()
    page.goto(f"{address}/#view={view}&sample=later")
    page.wait_for_function(shown)
    return time.perf_counter() - begun


def _review(page: Page, choices: int) -> float:
    """Decide about photos by keyboard, and return how many a minute."""
    begun = time.perf_counter()
    for number in range(choices):
        before = page.locator("#pictures").get_attribute("data-id")
        key = KEYS[number % len(KEYS)]
        page.keyboard.press(key)
        if key == "r":
            page.keyboard.type("sho")  # Shoes or Shorts, whichever the photo is not under
            page.keyboard.press("Enter")
        page.wait_for_function(CHANGED, arg=before)
    return choices / (time.perf_counter() - begun) * 60


def _print_rate(rate: float, choices: int, folder: Path) -> None:
    with PhotoStore(folder, []) as store:
        saved = len(store.decisions.current())
    print(f"by keyboard: {rate:.0f} photos a minute; {saved} of {choices} choices in the database")


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "recognizer", "review", RECIPE, "--work", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield re.findall(r"http://\S+\d", process.stdout.readline())[0]
        finally:
            process.kill()


def _make_work(recipe: Recipe, folder: Path, photos: int) -> None:
    """Store drawn photos, an issue for each, and features, as collect and clean would leave them."""
    with PhotoStore(folder, recipe.labels) as store:
        stored = [_add(store, recipe.labels[number % len(recipe.labels)], number) for number in range(photos)]
        scores = np.random.default_rng(0).uniform(0.5, 1, photos)
        issues = [
            Issue(photo, "label", float(score), recipe.labels[(number + 1) % len(recipe.labels)], probability=0.9)
            for number, (photo, score) in enumerate(zip(stored, scores, strict=True))
        ]
        store.issues.replace("label", issues)
    features = np.random.default_rng(0).normal(size=(photos, CHANNELS)).astype(np.float32)
    cache = FeatureCache(folder / FOLDER / f"{recipe.train.backbone}-pooled-made-up")
    cache.add([(photo, 0) for photo in stored], {"overall": features})


def _add(store: PhotoStore, label: str, number: int) -> str:
    store.hits.add_page(
        "drawn", "q", label, number + 1, [Hit(f"https://x.example/{number}", f"https://x.example/{number}")]
    )
    photo = _draw(number)
    store.photos.add(store.hits.to_fetch(label, 1, ["drawn"])[0].id, photo)
    return photo.sha256


def _draw(number: int) -> PreparedPhoto:
    """Draw a coarse random pattern, enlarged to the size of a stored photo."""
    pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((SIDE, SIDE * 3 // 4), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    return PreparedPhoto(jpeg, sha256(jpeg), f"{number:016x}", SIDE, SIDE * 3 // 4)


if __name__ == "__main__":
    main()
