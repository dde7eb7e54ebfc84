"""The report of an evaluation, its page, and its figures."""

import json

import numpy as np
import pytest

from recognizer.evaluate.evaluate import evaluate
from recognizer.evaluate.metrics import measure
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import LabelQuality


def test_report_has_what_others_rely_on(copied: PhotoStore, recipe: Recipe) -> None:
    report = evaluate(recipe, copied)
    assert report == json.loads((copied.work / "reports" / "evaluate.json").read_text())
    wanted = {"stage", "recipe", "seconds", "counts", "version", "accuracy", "accuracy_interval", "photos", "ece"}
    wanted |= {"ece_by_chance", "out_of_fold"}
    assert 0 < report["ece_by_chance"] < 1 and 0 < report["out_of_fold"]["ece_by_chance"] < 1
    assert wanted | {"coverage", "selective_accuracy", "per_class"} <= set(report)
    assert sum(figures["photos"] for figures in report["per_class"].values()) == report["photos"]
    assert (copied.work / "reports" / "confusion.png").stat().st_size > 10_000


def test_figures_of_a_known_case() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]])
    figures = measure(np.array([0, 1, 1, 1]), probabilities, ["a", "b"], threshold=0.58)
    assert (figures["accuracy"], figures["photos"]) == (0.75, 4)
    assert (figures["coverage"], figures["selective_accuracy"]) == (0.75, 0.6667)
    assert figures["per_class"]["b"]["accuracy"] == 0.6667
    low, high = figures["accuracy_interval"]
    assert (low, high) == (0.3006, 0.9544)  # Wilson's interval of 3 in 4


def test_the_page_of_the_evaluation_holds_its_pictures_and_escapes_names(copied: PhotoStore, recipe: Recipe) -> None:
    named = recipe.model_copy(update={"title": "Ted & <b>Al</b>"})
    report = evaluate(named, copied)
    page = (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert "Ted &amp; &lt;b&gt;Al&lt;/b&gt;" in page and "<b>Al" not in page
    assert page.count('src="data:image/png;base64,') == 4 and "http" not in page
    assert all(name in page for name in report["per_class"])
    assert f"python -m benchmarks.random_split {named.name}" in page


def test_the_evaluation_tells_how_many_held_out_labels_are_likely_wrong(copied: PhotoStore, recipe: Recipe) -> None:
    photos = split_kept(recipe, copied).held_out[:4]
    copied.label_quality.replace([LabelQuality(photo.sha256, photo.label, 0.25) for photo in photos])
    assert evaluate(recipe, copied)["likely_wrong_labels"] == pytest.approx(3.0)
    page = (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert "3 of these labels are likely wrong" in page and f"recognizer review {recipe.name}" in page
