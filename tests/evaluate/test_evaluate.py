"""The report of an evaluation, its page, and its figures."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from recognizer.calibration.calibrate import Calibration
from recognizer.evaluate.charts import PAIRS, READABLE, confused_pairs, make_charts, shorten
from recognizer.evaluate.evaluate import evaluate
from recognizer.evaluate.metrics import measure
from recognizer.evaluate.page import write_html
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import LabelQuality
from tests.networks.networks import draw_photo


def test_report_has_what_others_rely_on(copied: PhotoStore, recipe: Recipe) -> None:
    report = evaluate(recipe, copied)
    assert report == json.loads((copied.work / "reports" / "evaluate.json").read_text())
    wanted = {"stage", "recipe", "seconds", "counts", "version", "accuracy", "accuracy_interval", "photos", "ece"}
    wanted |= {"ece_by_chance", "out_of_fold"}
    assert 0 < report["ece_by_chance"] < 1 and 0 < report["out_of_fold"]["ece_by_chance"] < 1
    assert wanted | {"coverage", "selective_accuracy", "per_class"} <= set(report)
    assert sum(figures["photos"] for figures in report["per_class"].values()) == report["photos"]


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
    wrong = report["photos"] - round(report["accuracy"] * report["photos"])
    assert page.count('src="data:image/jpeg;base64,') == wrong and "http" not in page.replace(SVG, "")
    assert all(name in page for name in report["per_class"])
    assert f"python -m benchmarks.random_split {named.name}" in page


def test_the_evaluation_tells_how_many_held_out_labels_are_likely_wrong(copied: PhotoStore, recipe: Recipe) -> None:
    photos = split_kept(recipe, copied).held_out[:4]
    copied.label_quality.replace([LabelQuality(photo.sha256, photo.label, 0.25) for photo in photos])
    assert evaluate(recipe, copied)["likely_wrong_labels"] == pytest.approx(3.0)
    page = (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert "3 of these labels are likely wrong" in page and f"recognizer review {recipe.name}" in page


SVG = "http://www.w3.org/2000/svg"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
ODD = ["$50 #1 vs $100", "$5 and $10", r"<b>\alpha_1^2</b>", "苗族", "চাকমা", "قازاق", FAMILY]


def page_of(recipe: Recipe, names: list[str], folder: Path) -> ElementTree.Element:
    """The page about made-up answers of which the first of each class is wrong; parsed, so that its marks are whole."""
    labels = np.repeat(np.arange(len(names)), 3)
    answers = np.where(np.arange(len(labels)) % 3 == 0, (labels + 1) % len(names), labels)
    probabilities = np.full((len(labels), len(names)), 0.4 / (len(names) - 1))
    probabilities[np.arange(len(labels)), answers] = 0.6
    photos = [replace(draw_photo(folder, number), label=names[label]) for number, label in enumerate(labels)]
    charts = make_charts(photos, labels, probabilities, names, 0.5)
    out_of_fold = {"ece": 0.1, "ece_by_chance": 0.1, "photos": 9}
    report = {
        **measure(labels, probabilities, names, 0.5),
        "likely_wrong_labels": 1,
        "out_of_fold": out_of_fold,
        "version": "1",
    }
    text = write_html(recipe, report, Calibration(1.0, 0.5, 9.0, 9), charts, folder).read_text(encoding="utf-8")
    body = text[text.index("<body>") : text.index("</body>")] + "</body>"
    return ElementTree.fromstring(body)


def test_classes_may_be_called_anything_and_are_drawn_as_text(recipe: Recipe, tmp_path: Path) -> None:
    page = page_of(recipe, ODD, tmp_path)
    drawn = [text.text for text in page.iterfind(f".//{{{SVG}}}text")]
    assert all(drawn.count(name) == 2 for name in ODD)  # beside the lines, and below the columns
    charts = page.findall(f".//{{{SVG}}}svg")
    assert [chart.get("role") for chart in charts] == ["img"] * 3
    assert f"{ODD[0]} for {ODD[1]}: 1." in (charts[0].findtext(f"{{{SVG}}}title") or "")
    assert all(image.get("alt") for image in page.iterfind(".//img")) and len(page.findall(".//img")) == len(ODD)


def test_of_many_classes_the_pairs_that_are_confused_most_are_listed(recipe: Recipe, tmp_path: Path) -> None:
    names = [f"Class {number}" for number in range(READABLE + 1)]
    page = page_of(recipe, names, tmp_path)
    assert page.find(".//figure[@id='confusion']") is None
    rows = [[cell.text for cell in row] for row in page.iterfind(".//table[@id='pairs']/tr")]
    assert len(rows) == PAIRS + 1 and rows[1] == ["Class 0", "Class 1", "1"]
    matrix = np.array([[5, 1, 0], [3, 5, 0], [0, 2, 9]])
    assert confused_pairs(matrix, ["a", "b", "c"], 2) == [("b", "a", 3), ("c", "b", 2)]


@pytest.mark.parametrize(("classes", "told"), [(3, False), (6, True)])
def test_the_likeliest_three_are_told_only_where_there_are_many_more(
    recipe: Recipe, tmp_path: Path, classes: int, told: bool
) -> None:
    page = page_of(recipe, [f"Class {number}" for number in range(classes)], tmp_path)
    assert ("Among the likeliest three" in [head.text for head in page.iterfind(".//th")]) == told


def test_long_names_are_cut_beside_a_chart() -> None:
    assert shorten("Argyle") == "Argyle"
    assert shorten("a" * 30) == "a" * 24 + "…" and shorten("族" * 30) == "族" * 12 + "…"
