"""Several outputs are measured next to the constant guess, and for each group of every other, the largest gap first."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.clean.outputs import clean_outputs
from recognizer.collect.collect import collect
from recognizer.errors import RecognizerError
from recognizer.evaluate.outputs import evaluate_outputs, write_page
from recognizer.evaluate.outputs_metrics import Answered, measure_outputs
from recognizer.recipe import load_recipe
from recognizer.splits.values import MISSING
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Issue
from recognizer.train.outputs import load_outputs
from tests.drawn_dataset import Shapes, write_listed, write_recipe, write_table


def test_each_output_stands_next_to_the_constant_guess_and_by_every_other(shapes: Shapes) -> None:
    with shapes.store() as store:
        report = evaluate_outputs(shapes.recipe, store)
    outputs = report["outputs"]
    assert outputs["shape"]["accuracy"] > outputs["shape"]["constant"]["accuracy"] + 0.2
    assert outputs["size"]["mean_absolute_error"] < outputs["size"]["constant"]["mean_absolute_error"] / 1.5
    assert outputs["colour"]["photos"] < outputs["shape"]["photos"] == report["counts"]["photos"]
    assert outputs["shape"]["groups"]["colour"].keys() == {"red", "green", "blue"}
    assert {table["rows"] for table in report["crossed"]} == {"shape", "colour"}
    page = (shapes.work / "reports" / "evaluate.html").read_text()
    assert "Gaps between groups" in page and "<img" not in page and "<h3>By colour</h3>" in page


def test_what_the_network_learned_from_is_not_measured_even_where_that_shows_later(
    shapes: Shapes, tmp_path: Path
) -> None:
    shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(tmp_path / "work", shapes.recipe.labels) as store:
        trained = load_outputs(shapes.recipe, store)
        learned, known = trained.split.learning[0].sha256, trained.split.held_out[0].sha256
        store.readings.replace(trained.values | {known: trained.values[learned]})
        store.issues.replace("duplicate", [Issue(known, "duplicate", 0.9, twin=learned)])
        report = evaluate_outputs(shapes.recipe, store)
    assert report["counts"]["photos"] == len(trained.split.held_out) - 1
    (note,) = report["notes"]
    assert note.startswith("1 held-out photo is left out") and "recognizer train shapes" in note
    assert note in (tmp_path / "work" / "reports" / "evaluate.html").read_text()


def test_an_output_with_too_few_held_out_values_is_named(shapes: Shapes, tmp_path: Path) -> None:
    shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(tmp_path / "work", shapes.recipe.labels) as store:
        values = store.readings.all()
        for photo in load_outputs(shapes.recipe, store).split.held_out[1:]:
            values[photo.sha256].pop("size", None)
        store.readings.replace(values)
        with pytest.raises(RecognizerError, match=r"^1 held-out photos with a value of size are too few to measure on"):
            evaluate_outputs(shapes.recipe, store)


def test_of_classes_with_hardly_a_held_out_photo_it_is_said_that_figures_tell_nothing(
    shapes: Shapes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(tmp_path / "work", shapes.recipe.labels) as store:
        values = store.readings.all()
        held_out = [photo.sha256 for photo in load_outputs(shapes.recipe, store).split.held_out]
        red = [photo for photo in held_out if values[photo].get("colour") == "red"]
        blue = [photo for photo in held_out if values[photo].get("colour") == "blue"]
        for photo in [*red[4:], *blue]:
            del values[photo]["colour"]
        store.readings.replace(values)
        report = evaluate_outputs(shapes.recipe, store)
    assert report["few"] == {"colour: red": 4, "colour: blue": 0}
    said = "Fewer than 5 photos are held out of “colour: red” (4), “colour: blue” (0), so their figures tell nothing."
    page = (tmp_path / "work" / "reports" / "evaluate.html").read_text()
    assert said in page and said in caplog.text
    classes = page[page.index("<thead><tr><th>class") :]
    assert re.search(r'>red</th><td class="number">4</td><td class="number">[^<]+, too wide to tell<', classes)
    assert '>blue</th><td class="number">0</td><td class="number">–<' in classes


def test_figures_are_said_to_be_agreement_with_labels(shapes: Shapes) -> None:
    with shapes.store() as store:
        report, trained = evaluate_outputs(shapes.recipe, store), load_outputs(shapes.recipe, store)
    checked = trained.calibrations["colour"].checked
    assert checked is not None and report["outputs"]["colour"]["threshold_checked"] == checked
    page = " ".join((shapes.work / "reports" / "evaluate.html").read_text().split())
    assert f"{checked * 100:.1f} % of the answers about training photos agreed with their labels." in page
    assert "of the answers agree with the label" in page and "are right" not in page
    assert "How often it is right is not known" in page and "nobody has looked at a blind sample" in page


def test_a_number_is_drawn_as_it_is_told_next_to_as_it_is(shapes: Shapes) -> None:
    with shapes.store() as store:
        report = evaluate_outputs(shapes.recipe, store)
    told = report["distributions"]["size"]
    photos = report["outputs"]["size"]["photos"]
    assert sum(told["true"]["photos"]) == sum(told["predicted"]["photos"]) == photos
    assert sum(told["true"]["photos"][:3]) == sum(told["true"]["photos"][17:]) == 0, "drawn from 16 to 80 of 100 pixels"
    low, middle, high, _ = map(float, told["true"]["values"])
    assert 16 <= low < middle < high <= 80
    page = (shapes.work / "reports" / "evaluate.html").read_text()
    assert 'role="img" aria-labelledby="size-chart"' in page and "How many photos have which size" in page
    assert f"True: {', '.join(map(str, told['true']['photos']))} photos" in page
    assert all(f'<td class="number">{value}</td>' in page for value in told["predicted"]["values"])


def answered(name: str, classes: list[str], numbers: list[int], told: list[int]) -> Answered:
    found = np.asarray(np.eye(len(classes))[told] * 0.8 + 0.1, dtype=np.float64)
    values = np.array(numbers)
    return Answered(name, classes, found, values, np.full(len(told), np.nan), 0.5, [0.0, 0.0], 0.0, "")


def by_tone() -> dict[str, Any]:
    tone = [0] * 40 + [1] * 40 + [2] * 3
    shape = [0, 1] * 41 + [1]
    told = [*shape[:40], *[0] * 43]  # right for the first tone, a coin's throw for the second
    sizes = (np.arange(83) // 2 % 4).astype(np.float64)
    number = Answered("size", [], sizes, np.zeros(83, int), sizes + 1.0, 0.5, [-2.0, 2.0], 40.0, "pixels")
    return measure_outputs(
        [answered("shape", ["a", "b"], shape, told), answered("tone", ["x", "y", "z"], tone, tone), number]
    )


def test_what_serves_one_group_only_is_the_first_gap() -> None:
    report = by_tone()
    first = report["gaps"][0]
    assert (first["output"], first["by"], first["gap"]) == ("shape", "tone", 0.5)
    assert (first["best"]["group"], first["worst"]["group"], first["worst"]["photos"]) == ("x", "y", 40)  # z has three
    assert [gap["gap"] for gap in report["gaps"] if gap["kind"] == "classes"] == sorted(
        (gap["gap"] for gap in report["gaps"] if gap["kind"] == "classes"), reverse=True
    )
    size = report["outputs"]["size"]
    assert (size["mean_absolute_error"], size["bias"], size["inside"]) == (1.0, -1.0, 1.0)
    tones = report["outputs"]["tone"]["per_class"], report["outputs"]["shape"]["groups"]["tone"]
    assert all([one["too_wide"] for one in by.values()] == [False, False, True] for by in tones)  # z has three


def test_the_page_tells_gaps_in_points_and_in_units(shapes: Shapes, tmp_path: Path) -> None:
    with shapes.store() as store:
        report = evaluate_outputs(shapes.recipe, store)
    write_page(shapes.recipe, {**report, "gaps": by_tone()["gaps"]}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert '<td class="number">50.0 points</td>' in page and '<td class="number">0.00 pixels</td>' in page


def test_what_is_read_from_one_column_is_no_gap_between_groups() -> None:
    age = [0, 1] * 40
    known = replace(answered("age_range", ["young", "old"], age, [0] * 80), source="age")  # right for the young only
    number = Answered("age", [], np.zeros(80), np.array(age), np.array(age) + 1.0, 0.5, [-2.0, 2.0], 1.0, "", "age")
    tone = replace(answered("tone", ["x", "y"], [0] * 40 + [1] * 40, [0] * 80), source="tone")
    gaps = measure_outputs([known, number, tone])["gaps"]
    assert {(gap["output"], gap["by"]) for gap in gaps} == {
        ("age_range", "tone"), ("age", "tone"), ("tone", "age_range"), ("tone", "age"),
    }  # fmt: skip


def test_photos_without_a_value_count_nowhere() -> None:
    shape = answered("shape", ["a", "b"], [0, 1, MISSING, 1], [0, 1, 1, 1])
    tone = answered("tone", ["x", "y"], [0, MISSING, 1, 1], [0, 0, 1, 1])
    report = measure_outputs([shape, tone])
    assert report["outputs"]["shape"]["accuracy"] == 1 and report["outputs"]["shape"]["photos"] == 3
    assert report["outputs"]["shape"]["groups"]["tone"]["y"]["photos"] == 1
    assert report["crossed"][0]["counts"] == {"a": {"x": 1, "y": 0}, "b": {"x": 0, "y": 1}}


def test_copies_of_a_data_set_are_found(shapes: Shapes) -> None:
    with shapes.store() as store:
        report = clean_outputs(shapes.recipe, store, auto=False)
    assert report["counts"]["photos"] == report["counts"]["kept"] == 90


def test_copies_whose_decision_a_person_undid_wait_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = write_listed(data, 6)
    with Image.open(data / lines[0][0]) as image:
        image.save(data / "images" / "copy.jpg", quality=90)
    write_table(data, [*lines, ["images/copy.jpg", *lines[0][1:]]])
    recipe = load_recipe(write_recipe(tmp_path))
    recipe = recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"folder": str(data)})}).asked_for(
        "shapes", tmp_path / "work"
    )
    with PhotoStore(tmp_path / "work", recipe.labels) as store:
        collect(recipe, store)
        assert clean_outputs(recipe, store)["checks"]["duplicate"] == {"found": 1, "decided": 1, "waiting": 0}
        store.decisions.undo_automatic()
        assert clean_outputs(recipe, store)["checks"]["duplicate"] == {"found": 1, "decided": 0, "waiting": 1}


def number(errors: list[float]) -> Answered:
    found, nothing = np.array(errors), np.zeros(len(errors))
    return Answered("size", [], found, np.zeros(len(errors), int), nothing, 0.5, [-2.0, 2.0], 1.0, "pixels")


@pytest.mark.parametrize("photos", [5, 10])
def test_intervals_of_few_errors_hold_the_truth_as_often_as_they_say(photos: int) -> None:
    rng, held = np.random.default_rng(0), 0
    for errors in rng.normal(0, 8, (2000, photos)):
        low, high = measure_outputs([number(errors.tolist())])["outputs"]["size"]["bias_interval"]
        held += low <= 0 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_fewer_than_five_errors_have_no_interval_and_no_mean_error_is_below_nothing(
    shapes: Shapes, tmp_path: Path
) -> None:
    few = measure_outputs([number([1.0, -3.0, 2.0, 0.0])])["outputs"]["size"]
    assert (few["mean_absolute_error"], few["bias"]) == (1.5, 0.0)
    assert few["mean_absolute_error_interval"] is None and few["bias_interval"] is None
    low, high = measure_outputs([number([0.0] * 5 + [9.0])])["outputs"]["size"]["mean_absolute_error_interval"]
    assert low == 0 and high > 5
    with shapes.store() as store:
        report = evaluate_outputs(shapes.recipe, store)
    outputs = report["outputs"] | {"size": report["outputs"]["size"] | few | {"groups": {}}}
    write_page(shapes.recipe, report | {"outputs": outputs}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "Mean error (bias) +0.00 pixels;" in page and '<td class="number">1.50 pixels off on average</td>' in page
