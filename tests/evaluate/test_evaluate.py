"""The report of an evaluation, its page, and its figures."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser

from recognizer.calibration.calibrate import Calibration, ece
from recognizer.errors import RecognizerError
from recognizer.evaluate.charts import PAIRS, READABLE, confused_pairs, make_charts, shorten
from recognizer.evaluate.evaluate import evaluate
from recognizer.evaluate.metrics import measure
from recognizer.evaluate.page import write_html
from recognizer.recipe import Recipe
from recognizer.report import write_report
from recognizer.splits.blind import blind_population, draw_sample
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Decision, Issue, LabelQuality, Photo
from recognizer.train.examples import label_numbers
from recognizer.train.train import load_trained
from recognizer.words.words import NO_BREAK
from tests.browser import chromium, contrast_ratios
from tests.networks.networks import draw_photo


def test_report_has_what_others_rely_on(copied: PhotoStore, recipe: Recipe) -> None:
    report = evaluate(recipe, copied)
    assert report == json.loads((copied.work / "reports" / "evaluate.json").read_text())
    wanted = {"stage", "recipe", "seconds", "counts", "version", "accuracy", "accuracy_interval", "photos", "ece"}
    wanted |= {"ece_by_chance", "out_of_fold", "balanced_accuracy"}
    # A network that is all but sure of every photo shows none.
    assert 0 <= report["ece_by_chance"] < 1 and 0 <= report["out_of_fold"]["ece_by_chance"] < 1
    assert wanted | {"coverage", "selective_accuracy", "per_class"} <= set(report)
    assert sum(figures["photos"] for figures in report["per_class"].values()) == report["photos"]


def test_what_frozen_layers_gave_once_is_not_computed_again(copied: PhotoStore, recipe: Recipe) -> None:
    report, said = evaluate(recipe, copied), set()
    assert evaluate(recipe, copied, lambda what, *_: said.add(what))["ece"] == report["ece"]
    assert not said & {"extracting features", "predicting"}
    trained = load_trained(recipe, copied)
    assert not trained.run.metrics["branch"]
    probabilities = trained.predict(trained.split.held_out).probabilities
    right = label_numbers(recipe.labels, trained.split.held_out)
    assert report["ece"] == pytest.approx(ece(probabilities, right), abs=2e-4)


def test_what_is_no_number_is_null_in_a_report(tmp_path: Path) -> None:
    """JSON knows no NaN, and a program that reads the report would find it damaged."""
    curves = {"loss": [0.5, float("nan")], "range": (float("-inf"), 1.0)}
    report = write_report(tmp_path, "train", "cloth", 1.0, {"photos": 3}, curves=curves)
    assert report["curves"] == {"loss": [0.5, None], "range": [None, 1.0]}

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (tmp_path / "reports" / "train.json").read_text()
    assert json.loads(text, parse_constant=refuse) == report == json.loads(json.dumps(report), parse_constant=refuse)


def test_figures_of_a_known_case() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]])
    figures = measure(np.array([0, 1, 1, 1]), probabilities, ["a", "b"], threshold=0.58)
    assert (figures["accuracy"], figures["photos"]) == (0.75, 4)
    assert (figures["coverage"], figures["selective_accuracy"]) == (0.75, 0.6667)
    assert figures["per_class"]["b"]["accuracy"] == 0.6667
    low, high = figures["accuracy_interval"]
    assert (low, high) == (0.3006, 0.9544)  # Wilson's interval of 3 in 4


def test_balanced_accuracy_counts_each_class_alike_that_has_photos(recipe: Recipe, tmp_path: Path) -> None:
    labels, right = np.repeat([0, 1], [40, 2]), np.repeat([True, False, True, False], [38, 2, 1, 1])
    probabilities = np.full((42, 3), 0.1)
    probabilities[np.arange(42), np.where(right, labels, 1 - labels)] = 0.8
    figures = measure(labels, probabilities, ["many", "few", "none"], threshold=0.5)
    assert figures["balanced_accuracy"] == 0.725  # of 38/40 and 1/2
    assert figures["accuracy"] == 0.9286
    words = " ".join(" ".join(page_of(recipe, ["Argyle", "Ikat"], tmp_path).itertext()).split())
    assert "Mean over the classes each class counts alike, however many pictures it has (balanced accuracy)" in words


def test_the_page_of_the_evaluation_holds_its_pictures_and_escapes_names(copied: PhotoStore, recipe: Recipe) -> None:
    named = recipe.model_copy(update={"title": "Ted & <b>Al</b>"})
    evaluate(named, copied)
    waiting = len(sample := draw_sample(blind_population(recipe, copied)))
    page = read_page(copied)
    assert "data:image/jpeg" not in page, "all are in the blind sample, and nobody is to know their labels yet"
    assert f"{waiting} pictures of the blind sample, still without an answer, are not shown here" in page
    assert "held-out photos were never checked, and counted as right; recognizer clean" in page
    see(copied, sample)
    report = evaluate(named, copied)
    page = read_page(copied)
    assert "Ted &amp; &lt;b&gt;Al&lt;/b&gt;" in page and "<b>Al" not in page
    wrong = report["photos"] - round(report["accuracy"] * report["photos"])
    assert page.count('src="data:image/jpeg;base64,') == wrong > 0 and "://" not in page.replace(SVG, "")
    assert all(name in page for name in report["per_class"])
    assert f"python -m benchmarks.random_split {named.name}" in page


def test_the_evaluation_tells_how_many_held_out_labels_are_likely_wrong(copied: PhotoStore, recipe: Recipe) -> None:
    held_out = split_kept(recipe, copied).held_out
    doubtful, unrated = held_out[:4], held_out[4]
    copied.label_quality.replace(
        LabelQuality(photo.sha256, photo.label, 0.25 if photo in doubtful else 1.0)
        for photo in copied.photos.kept()
        if photo != unrated
    )
    report = evaluate(recipe, copied)
    assert 3.0 <= report["likely_wrong_labels"] < 3.5 and report["unrated_labels"] == 1
    page = (copied.work / "reports" / "evaluate.html").read_text(encoding="utf-8")
    assert "about 3 of these labels are wrong" in page and "never higher" not in page
    assert "The label of 1 held-out photo was never checked, and counted as likely right as checked ones are" in page


def test_the_page_claims_no_cleaning_and_no_blind_sample_where_there_was_none(
    copied: PhotoStore, recipe: Recipe
) -> None:
    asked, found = "which first asks what", "Cleaning found none of these labels likely to be wrong"
    assert evaluate(recipe, copied)["blind"]["offered"]
    assert asked in read_page(copied) and found not in read_page(copied)
    copied.label_quality.replace(LabelQuality(photo.sha256, photo.label, 1.0) for photo in copied.photos.kept())
    copied.issues.replace("duplicate", [])
    assert not evaluate(recipe, copied)["blind"]["offered"]
    assert asked not in read_page(copied) and found in read_page(copied)


def see(store: PhotoStore, sample: list[Photo], wrong: int = 0) -> None:
    """Answer blindly for photos: what they were found as, but for the first ones, which show none of the classes."""
    for number, photo in enumerate(sample):
        seen = BlindAnswer(photo.sha256, "none" if number < wrong else "class", None, "ann")
        store.blind_answers.add(seen if number < wrong else replace(seen, label=photo.found_as))


def test_the_blind_sample_is_told_once_it_is_whole_and_whatever_was_decided(copied: PhotoStore, recipe: Recipe) -> None:
    population = blind_population(recipe, copied)
    sample = draw_sample(population)
    see(copied, sample[1:])
    counts = {"population": len(population), "drawn": len(sample), "answered": len(sample) - 1}
    counts |= {"unclear": 0, "none": 0, "decided_before": 0, "offered": True}
    assert evaluate(recipe, copied)["blind"] == counts
    assert "How often it is right is not known yet" in read_page(copied)
    see(copied, sample[:1], wrong=1)
    before = evaluate(recipe, copied)["blind"]
    copied.decisions.add(*(Decision(photo.sha256, "drop", "looked at", by="ann") for photo in sample[:3]))
    after = evaluate(recipe, copied)["blind"]
    assert (after["accuracy"], after["label_noise"]) == (before["accuracy"], before["label_noise"])
    assert (
        before["label_noise"]["share"] == round(1 / len(sample), 4) and before["accuracy"]["photos"] == len(sample) - 1
    )
    page = read_page(copied)
    assert "Intervals are made to hold the truth at least 95 times in 100" in page
    assert page.index("How often it is right") < page.index("Agreement with labels</h2>")


def test_what_the_network_learned_from_is_not_measured_even_where_that_shows_later(
    copied: PhotoStore, recipe: Recipe
) -> None:
    """Cleaning found after the training that photos of both sides are copies of each other."""
    before, split = evaluate(recipe, copied), split_kept(recipe, copied)
    see(copied, draw_sample(blind_population(recipe, copied)))
    pairs = zip(split.held_out[:2], split.learning, strict=False)
    copied.issues.replace(
        "duplicate_conflict", [Issue(one.sha256, "duplicate_conflict", 1.0, twin=two.sha256) for one, two in pairs]
    )
    report = evaluate(recipe, copied)
    assert report["photos"] == before["photos"] - 2 and before["notes"] == []
    assert report["blind"]["population"] == before["blind"]["population"] - 2
    assert report["blind"]["label_noise"]["photos"] == report["blind"]["drawn"]
    (note,) = report["notes"]
    assert note.startswith("2 held-out photos are left out: the network has learned from copies of them")
    assert note in read_page(copied)
    copied.issues.replace(
        "duplicate", [Issue(one.sha256, "duplicate", 1.0, twin=split.learning[0].sha256) for one in split.held_out]
    )
    with pytest.raises(RecognizerError, match=r"are others than when .* was trained; run recognizer train small again"):
        evaluate(recipe, copied)


def read_page(store: PhotoStore) -> str:
    return (store.work / "reports" / "evaluate.html").read_text(encoding="utf-8")


def test_intervals_of_classes_with_hardly_any_photo_tell_nothing_and_say_so(recipe: Recipe, tmp_path: Path) -> None:
    page = page_of(recipe, ["Argyle", "Ikat"], tmp_path)
    words = " ".join(" ".join(page.itertext()).split())
    assert words.count("too wide to tell") == 2
    assert "Fewer than 5 photos are held out of “Argyle” (3), “Ikat” (3)" in words
    assert "raise held_out under [train] in the recipe (now 0.2)" in words


SVG = "http://www.w3.org/2000/svg"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
ODD = ["$50 #1 vs $100", "$5 and $10", r"<b>\alpha_1^2</b>", "苗族", "চাকমা", "قازاق", FAMILY]


def write_page(
    recipe: Recipe, names: list[str], folder: Path, share: float = 0.6, blind: dict[str, Any] | None = None
) -> Path:
    """Write the page about made-up answers, each of this probability; the first of each class is wrong."""
    labels = np.repeat(np.arange(len(names)), 3)
    answers = np.where(np.arange(len(labels)) % 3 == 0, (labels + 1) % len(names), labels)
    probabilities = np.full((len(labels), len(names)), (1 - share) / (len(names) - 1))
    probabilities[np.arange(len(labels)), answers] = share
    photos = [replace(draw_photo(folder, number), label=names[label]) for number, label in enumerate(labels)]
    charts = make_charts(photos, labels, probabilities, names, 0.5)
    out_of_fold = {"ece": 0.1, "ece_by_chance": 0.1, "photos": 9}
    report = {
        **measure(labels, probabilities, names, 0.5),
        "likely_wrong_labels": 1,
        "unrated_labels": 1,
        "few": dict.fromkeys(names, 3),
        "blind": {"population": 90, "drawn": 60, "answered": 12, **(blind or {})},
        "out_of_fold": out_of_fold,
        "version": "1",
    }
    return write_html(recipe, report, Calibration(1.0, 0.5, 9.0, 9), charts, folder)


def page_of(recipe: Recipe, names: list[str], folder: Path) -> ElementTree.Element:
    """The body of such a page, parsed, so that its marks are whole."""
    text = write_page(recipe, names, folder).read_text(encoding="utf-8")
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
    rows = [[cell.text for cell in row] for row in page.iterfind(".//table[@id='pairs']//tr")]
    assert len(rows) == PAIRS + 1 and rows[1] == ["Class 0", "Class 1", "1"]
    matrix = np.array([[5, 1, 0], [3, 5, 0], [0, 2, 9]])
    assert confused_pairs(matrix, ["a", "b", "c"], 2) == [("b", "a", 3), ("c", "b", 2)]


@pytest.mark.parametrize(("classes", "told"), [(3, False), (6, True)])
def test_the_likeliest_three_are_told_only_where_there_are_many_more(
    recipe: Recipe, tmp_path: Path, classes: int, told: bool
) -> None:
    page = page_of(recipe, [f"Class {number}" for number in range(classes)], tmp_path)
    assert ("Among the likeliest three" in [head.text for head in page.iterfind(".//th")]) == told


@pytest.mark.parametrize(
    ("engine", "under"), [("duckduckgo", "Found under"), ("folder", "Sorted under"), ("sample", "Drawn as")]
)
def test_the_page_is_worded_for_where_the_photos_come_from(
    recipe: Recipe, tmp_path: Path, engine: str, under: str
) -> None:
    settings = recipe.collect.model_copy(update={"engines": [engine]})
    page = page_of(recipe.model_copy(update={"collect": settings}), ["Argyle", "Ikat"], tmp_path)
    words = " ".join(page.itertext())
    assert under in words and ("search" in words) == (engine == "duckduckgo")
    assert all((image.get("alt") or "").startswith(under) for image in page.iterfind(".//img"))


def test_the_surest_disagreements_lead_into_the_review_and_claim_no_certainty(recipe: Recipe, tmp_path: Path) -> None:
    typed = recipe.model_copy().asked_for("my cloth.toml")
    page = write_page(typed, ["Argyle", "Ikat"], tmp_path, share=0.9999).read_text(encoding="utf-8")
    last = page[page.index("Surest disagreements: often the label is wrong") :]
    assert "<code>recognizer review &#39;my cloth.toml&#39;</code>" in last and "“Held out”" in last
    assert last.count(f"over 99{NO_BREAK}% likely") == 4 and "100 %" not in last.replace(NO_BREAK, " ")


@pytest.mark.parametrize("classes", [12, 300])
def test_the_page_stays_small(recipe: Recipe, tmp_path: Path, classes: int) -> None:
    names = [f"The class with the number {number}" for number in range(classes)]
    assert write_page(recipe, names, tmp_path).stat().st_size < 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


TEXTS = "h1, h2, p, th, td, small, li a, figcaption, code, svg text"
BROKEN_WORDS = """(cells) => cells.flatMap((cell) => [...cell.firstChild.data.matchAll(/\\S+/g)].filter((word) => {
    const range = document.createRange();
    range.setStart(cell.firstChild, word.index);
    range.setEnd(cell.firstChild, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1;
}).map(String))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_whole_and_legible(browser: Browser, recipe: Recipe, tmp_path: Path, scheme: Any) -> None:
    file = write_page(recipe, ["Houndstooth", "Polka dot", "Basketweave", "Herringbone"], tmp_path)
    with browser.new_page(viewport={"width": 360, "height": 760}, color_scheme=scheme) as page:
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.locator("#classes th, #pairs th, #pairs td").evaluate_all(BROKEN_WORDS) == []
        letters = page.locator("svg text").evaluate_all(
            """(all) => all.map((one) => [parseFloat(getComputedStyle(one).fontSize), one.getScreenCTM()])
                .map(([size, drawn]) => size * Math.hypot(drawn.a, drawn.b))"""
        )
        assert min(letters) >= 11
        assert [text for ratio, text in contrast_ratios(page, TEXTS) if ratio < 4.5] == []
        assert page.locator("header, main, footer, nav").count() == 4


def test_long_names_are_cut_beside_a_chart() -> None:
    assert shorten("Argyle") == "Argyle"
    assert shorten("a" * 30) == "a" * 24 + "…" and shorten("族" * 30) == "族" * 12 + "…"
