"""What a command shows at its end says something, and names commands as they were typed."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from recognizer.cli import summaries
from recognizer.cli.collecting import collected
from recognizer.outputs import Output
from recognizer.recipe import CollectSettings, PhotoClass, Recipe

EVALUATED: dict[str, Any] = {
    **{"photos": 9, "likely_wrong_labels": 0.2, "accuracy": 1.0, "accuracy_interval": [0.7, 1.0], "top3": 1.0},
    **{"balanced_accuracy": 0.725, "coverage": 0.9, "ece": 0.01, "missing": 2},
}
PAGE = Path("data/bags/reports/evaluate.html")
COLLECTED: dict[str, Any] = {
    "counts": {"hits": 12_345, "stored": 2400, "duplicate": 1200, "failed": 1634, "waiting": 25},
    "failures": {"not_an_image": 1514, "http_404": 120},
    "engines": {
        name: {"hits": 12_345, "stored": 2400, "duplicate": 1200, "failed": 1634, "state": "refused"}
        for name in ("duckduckgo", "openverse")
    },
    **{"refused": [], "short": {}, "again": 0, "left_waiting": {}, "data_sets": []},
    "examples": {"wanted": 0, "photos": 0, "refused": ""},
}
FORMS = ("model.onnx", "model.int8.onnx", "model.safetensors")
FORM = {"reference": "learner.pkl", "photos": 9, "largest_difference": 1e-7, "same_answer": 1.0}
EXPORTED: dict[str, Any] = {"agreement": {"photos": 9, "forms": dict.fromkeys(FORMS, FORM)}}


def recipe_of(count: int) -> Recipe:
    return Recipe(name="bags", title="Bags", classes=[PhotoClass(name=f"bag {number}") for number in range(count)])


@pytest.mark.parametrize(("classes", "says_more"), [(2, False), (3, False), (6, True)])
def test_the_first_three_of_three_are_no_figure(classes: int, says_more: bool) -> None:
    table = next(part for part in summaries.evaluated(recipe_of(classes), EVALUATED, PAGE) if isinstance(part, Table))
    assert ("among the first three" in list(table.columns[0].cells)) == says_more


def test_what_is_advised_is_what_was_typed() -> None:
    recipe = recipe_of(3).asked_for("my bags first.toml", Path("a b"))
    sentence = summaries.evaluated(recipe, EVALUATED, PAGE)[-1]
    assert "recognizer collect 'my bags first.toml' --work 'a b' fetches them again" in str(sentence)


def test_a_folder_that_has_no_more_did_not_run_dry() -> None:
    own = recipe_of(2).model_copy(update={"collect": CollectSettings(engines=["folder"], folder="photos")})
    report: dict[str, Any] = {
        **{"counts": {}, "failures": {}, "engines": {}, "refused": [], "again": 0, "left_waiting": {}, "data_sets": []},
        "examples": {"wanted": 0, "photos": 0, "refused": ""},
        "short": {"bag 0": {"photos": 25, "why": "dry"}},
    }
    assert "bag 0: 25, as many different photos as its folder has." in collected(own, report)


def test_a_bad_row_of_a_data_set_is_told_by_its_reason_in_words() -> None:
    counted = {"rows": 9, "failed": {"out_of_range": 2}, "missing": {"age": 1}, "photos": 7, "contradicting": 0}
    report = {**COLLECTED, "data_sets": [counted]}
    lines = [" ".join(line.split()) for line in lines_of(collected(recipe_of(2), report), 80)]
    assert {"rows 9", "out_of_range: a number is beyond its range 2", "without age 1"} <= set(lines)


def test_a_number_is_told_with_its_unit() -> None:
    age = {"kind": "number", "unit": "years", "photos": 9, "mean_absolute_error": 7.1}
    report = {"outputs": {"age": {**age, "constant": {"mean_absolute_error": 11.8}}}, "gaps": [], "missing": 0}
    output = Output(name="age", kind="number", range=[0.0, 116.0], unit="years")
    recipe = recipe_of(2).model_copy(update={"outputs": [output]})
    assert "7.10 years" in (told := " ".join(lines_of(summaries.evaluated(recipe, report, PAGE), 80)))
    assert "11.80 years" in told


def lines_of(summary: summaries.Summary, width: int) -> list[str]:
    """Print the tables of a summary on a terminal of some width."""
    terminal = Console(width=width, file=io.StringIO())
    for part in summary:
        if isinstance(part, Table):
            terminal.print(part)
    return str(terminal.file.getvalue()).splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80])
def test_tables_are_whole_on_a_narrow_terminal(width: int) -> None:
    tables = collected(recipe_of(2), COLLECTED), summaries.exported(recipe_of(2), EXPORTED)
    lines = [line for summary in tables for line in lines_of(summary, width)]
    assert "…" not in "".join(lines)
    whole = ["duckduckgo", "openverse", *FORMS]
    assert [line.split()[0] for line in lines if line.split() and line.split()[0] in whole] == whole
    assert all(line.split()[1:] == ["12345", "2400", "1200", "1634", "refused"] for line in lines if "refused" in line)


def test_why_hits_failed_stands_right_under_how_many() -> None:
    table = collected(recipe_of(2), COLLECTED)[0]
    assert isinstance(table, Table)
    assert list(table.columns[0].cells)[3:] == ["failed", "  not_an_image", "  http_404", "waiting"]


@pytest.mark.parametrize(("seconds", "words"), [(9.4, "9 s"), (75, "1 min 15 s"), (3600 * 2 + 125, "2 h 2 min")])
def test_a_build_ends_with_its_time_the_model_and_the_next_command(seconds: float, words: str) -> None:
    recipe = recipe_of(2).asked_for("bags", Path("w"))
    said = [f"Built in {words}. The model is in w/model.", "Next: recognizer serve bags --work w"]
    assert summaries.built(recipe, Path("w/model"), seconds) == said


def test_cleaning_says_where_its_pages_are_if_there_are_any() -> None:
    counts = {"photos": 9, "kept": 8, "dropped": 1, "relabelled": 0}
    report: dict[str, Any] = {"checks": {}, "counts": counts, "missing": 0, "sheets": []}
    assert not any(isinstance(part, str) for part in summaries.cleaned(recipe_of(2), report))
    report["sheets"] = ["w/reports/duplicate.html", "w/reports/label.html"]
    said = "Pages with what the checks found, in w/reports: duplicate.html, label.html"
    assert summaries.cleaned(recipe_of(2), report)[1] == said
    del report["sheets"]  # of a recipe with several outputs
    assert not any(isinstance(part, str) for part in summaries.cleaned(recipe_of(2), report))


def rows_of(blind: dict[str, Any]) -> dict[str, str]:
    table = summaries.evaluated(recipe_of(3), EVALUATED | {"blind": blind}, PAGE)[0]
    assert isinstance(table, Table)
    return dict(zip(*(map(str, column.cells) for column in table.columns), strict=True))


def test_the_blind_sample_stands_first_and_agreement_is_called_so() -> None:
    seen = {"share": 0.9, "interval": [0.8, 0.96]}
    rows = rows_of({"drawn": 60, "answered": 60, "accuracy": seen})
    assert list(rows.items())[:2] == [
        ("right, by the blind sample", "90.0 %"),
        ("  its 95 % interval", "80.0 to 96.0 %"),
    ]
    assert rows["agreement with labels"] == "100.0 %" and rows["  mean over the classes"] == "72.5 %"
    assert rows_of({"drawn": 60, "answered": 12})["blind sample"] == "12 of 60"
