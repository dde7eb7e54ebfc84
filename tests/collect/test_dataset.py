"""A data set becomes photos with values: of a table, or of file names; each bad row ends under its own reason."""

from pathlib import Path
from typing import Any

import pytest

from recognizer.collect.collect import collect
from recognizer.errors import RecipeError
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.drawn_dataset import draw, write_listed, write_named, write_recipe, write_table

NAMES = "[size]_[shape]_[colour]_[date].png"


def load(folder: Path, data: Path, labels: str = "labels.csv", more: str = "") -> Recipe:
    recipe = load_recipe(write_recipe(folder, labels, more))
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"folder": str(data)})})


def collected(recipe: Recipe, work: Path) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Collect; return what is counted of the data set, and the values of each file's photo."""
    with PhotoStore(work, recipe.labels) as store:
        (counted,) = collect(recipe, store)["data_sets"]
        readings = store.readings.all()
        by_file = store.hits.photos_by_address()
    files = {address.removeprefix("dataset:").partition("?")[0]: photo for address, photo in by_file.items()}
    return counted, {file: readings.get(photo, {}) for file, photo in files.items()}


def test_a_table_with_traps_is_counted_reason_by_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = write_listed(data, 12)
    lines[1][2] = ""  # missing, and no trap
    lines[2][2] = "pink"
    lines[3][3] = "232"
    lines[4][3], lines[5][3] = "03-Sep", "Oct-19"
    lines[6][0] = "images/away.png"
    (data / "images" / "8.png").write_bytes((data / "images" / "7.png").read_bytes())  # other values
    lines[10] = ["images/10.png", lines[9][1], lines[9][2], lines[9][3]]
    (data / "images" / "10.png").write_bytes((data / "images" / "9.png").read_bytes())  # the same values
    lines[11] = lines[11][:2]
    write_table(data, lines)
    counted, values = collected(load(tmp_path, data), tmp_path / "work")
    assert counted == {
        "rows": 12,
        "failed": {
            "spreadsheet_date": 2,
            "contradicting_labels": 2,
            "unknown_value": 1,
            "out_of_range": 1,
            "no_such_file": 1,
            "missing_part": 1,
        },
        "photos": 3,
        "contradicting": 0,
        "missing": {"colour": 1, "shape": 0, "size": 0},
    }
    assert values["images/0.png"] == {"shape": "square", "colour": "red", "size": f"{float(lines[0][3])}"}
    assert values["images/1.png"] == {"shape": "disc", "size": f"{float(lines[1][3])}"}
    assert values.keys() == {f"images/{number}.png" for number in (0, 1, 9, 10)}


def test_names_of_files_with_traps_are_counted_reason_by_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = write_named(data, 6)
    files[1].rename(data / "61_1_20170109142408075.png")  # no colour
    files[2].rename(data / "232_0_blue_20170109142408075.png")
    files[3].rename(data / "20_7_red_20170109142408075.png")
    files[5] = files[5].rename(files[5].with_suffix(".PNG"))  # as cameras call them
    (data / "readme.txt").write_text("not a picture")
    counted, values = collected(load(tmp_path, data, NAMES), tmp_path / "work")
    assert (counted["rows"], counted["photos"]) == (6, 3)
    assert counted["failed"] == {"missing_part": 1, "out_of_range": 1, "unknown_value": 1}
    assert values[files[0].name]["shape"] == "square" and values[files[5].name]["colour"] == "blue"


def test_the_traps_of_utkface_end_each_under_its_own_reason(tmp_path: Path) -> None:
    data = tmp_path / "UTKFace"
    data.mkdir()
    names = [
        "26_1_3_20170116174525125.jpg.chip.jpg",  # fine
        "101_0_4_20170112213500903.jpg.chip.jpg",  # fine
        "61_1_20170109150557335.jpg.chip.jpg",  # no race
        "24_0__20170116220224657.jpg.chip.jpg",  # an empty one
        "232_0_0_20170104203855236.jpg.chip.jpg",
        "35_3_1_20170105164135480.jpg.chip.jpg",  # there is no such gender
        "8_0_2_20161219140623097.jpg.chip.jpg",  # the next has its bytes, and is older
        "9_0_2_20161219140623099.jpg.chip.jpg",
        "5_1_0_20170109191209991.jpg.chip.jpg",  # the next has its bytes, and the same labels
        "5_1_0_20170109191209992.jpg.chip.jpg",
    ]
    for number, name in enumerate(names):
        draw(data / name, "disc", "blue", 40, number)
    for number in (6, 8):
        (data / names[number + 1]).write_bytes((data / names[number]).read_bytes())
    (data / "30_1_1_20170117203350011.jpg.chip.jpg").symlink_to(data / "away.jpg")
    (data / ".DS_Store").write_bytes(b"no picture")
    recipe = load_recipe("utkface")
    recipe = recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"folder": str(data)})})
    counted, values = collected(recipe, tmp_path / "work")
    assert counted["rows"] == 11
    assert counted["failed"] == {
        "missing_part": 2,
        "contradicting_labels": 2,
        "out_of_range": 1,
        "unknown_value": 1,
        "no_such_file": 1,
    }
    assert (counted["photos"], counted["contradicting"]) == (3, 0)
    assert values[names[0]] == {"decade": "20-29", "gender": "Female", "race": "Indian", "age": "26.0"}
    assert values[names[1]] == {"decade": "100-109", "gender": "Male", "race": "Others", "age": "101.0"}
    assert values.keys() == {names[place] for place in (0, 1, 8, 9)}


def test_the_same_picture_in_other_bytes_has_no_values_where_they_contradict(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = write_listed(data, 3)
    original = (data / "images" / "0.png").read_bytes()
    (data / "images" / "2.png").write_bytes(original + b"\0")  # what stands behind a PNG's end is not looked at
    write_table(data, lines)
    counted, values = collected(load(tmp_path, data), tmp_path / "work")
    assert (counted["photos"], counted["contradicting"], counted["failed"]) == (1, 1, {})
    assert values["images/0.png"] == {} == values["images/2.png"]


def test_decades_hold_the_numbers_that_they_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number, size in enumerate((9, 10, 45, 70)):
        draw(data / f"{size}_0_red_{number}.png", "square", "red", 20, number)
    more = '[[outputs]]\nname = "decade"\ncolumn = "size"\ndecades = true\nclasses = ["0-9", "10-39", "40-49", "50+"]\n'
    _, values = collected(load(tmp_path, data, NAMES, more), tmp_path / "work")
    assert [values[f"{size}_0_red_{n}.png"]["decade"] for n, size in enumerate((9, 10, 45, 70))] == [
        "0-9", "10-39", "40-49", "50+",
    ]  # fmt: skip


def test_labels_that_were_mended_count_at_the_next_run(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = write_listed(data, 3)
    write_table(data, [lines[0], [*lines[1][:2], "pink", lines[1][3]], lines[2]])
    recipe = load(tmp_path, data)
    assert collected(recipe, tmp_path / "work")[0]["failed"] == {"unknown_value": 1}
    write_table(data, lines)
    counted, values = collected(recipe, tmp_path / "work")
    assert (counted["failed"], counted["photos"]) == ({}, 3)
    assert values["images/1.png"]["colour"] == "green"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [("away.csv", "cannot be read"), ("labels.csv", "has no “colour”"), ("[size]_[shape].png", "has no “colour”")],
)
def test_labels_that_are_no_use_are_told_before_anything_is_done(tmp_path: Path, labels: str, sentence: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "labels.csv").write_text("file,shape,size\n")
    with PhotoStore(tmp_path / "work", ["photos"]) as store, pytest.raises(RecipeError, match=sentence):
        collect(load(tmp_path, data, labels), store)
    assert not (tmp_path / "work" / "reports").exists()
