"""A data set becomes photos with values: of a table, or of file names; each bad row ends under its own reason."""

import os
from pathlib import Path
from typing import Any

import pytest

from recognizer.collect.collect import collect
from recognizer.collect.engines.dataset import Dataset
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import RecipeError
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.drawn_dataset import draw, write_listed, write_named, write_recipe, write_table

NAMES = "[size]_[shape]_[colour]_[date].png"
DECADE = '[[outputs]]\nname = "decade"\ncolumn = "size"\ndecades = true\nclasses = ["0-49", "50+"]\n'
UNREADABLE = Path("/proc/self/mem")  # a file whose first byte nobody may read, as on a broken disk


def load(folder: Path, data: Path, labels: str = "labels.csv", more: str = "", photos: int = 100_000) -> Recipe:
    recipe = load_recipe(write_recipe(folder, labels, more))
    settings = {"folder": str(data), "photos": photos}
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update=settings)})


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


def test_mended_labels_and_an_added_output_count_where_there_are_enough_photos(tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    lines = write_listed(data, 6)
    write_table(data, lines)
    _, before = collected(load(tmp_path, data, photos=3), work)
    assert [one["shape"] for one in before.values()] == ["square", "disc", "square"]
    lines[0][1], lines[1][2] = "disc", "blue"
    write_table(data, lines)
    counted, values = collected(load(tmp_path, data, more=DECADE, photos=3), work)
    assert (counted["photos"], counted["missing"]) == (3, {"colour": 0, "decade": 0, "shape": 0, "size": 0})
    assert values["images/0.png"]["shape"] == "disc" and values["images/1.png"]["colour"] == "blue"
    for line in lines[:3]:
        assert values[line[0]]["decade"] == ("50+" if int(line[3]) >= 50 else "0-49")


def test_mended_labels_that_contradict_each_other_leave_no_values_of_a_stored_photo(tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    lines = write_listed(data, 4)
    lines[1][1:] = lines[0][1:]
    original = (data / "images" / "0.png").read_bytes()
    (data / "images" / "1.png").write_bytes(original + b"\0")  # the same picture
    write_table(data, lines)
    recipe = load(tmp_path, data, photos=2)
    assert collected(recipe, work)[0]["photos"] == 2
    lines[1][1] = "disc"
    write_table(data, [*lines, [*lines[2][:2], "red", "9"]])
    counted, values = collected(recipe, work)
    assert (counted["photos"], counted["contradicting"], counted["failed"]) == (0, 1, {"contradicting_labels": 2})
    assert [values[line[0]] for line in lines[:3]] == [{}, {}, {}]


def test_a_photo_of_what_a_file_held_before_has_not_the_values_of_what_it_holds_now(tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    lines = write_listed(data, 2)
    write_table(data, lines)
    recipe = load(tmp_path, data)
    collected(recipe, work)
    draw(data / "images" / "0.png", "disc", "blue", 40, 9)
    write_table(data, [["images/0.png", "disc", "blue", "40"], lines[1]])
    assert collected(recipe, work)[0]["photos"] == 2
    with PhotoStore(work, recipe.labels) as store:
        assert len(store.photos.all()) == 3


def test_a_file_whose_name_is_no_utf8_is_read_like_the_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = write_named(data, 2)
    try:
        files[1].rename(data / os.fsdecode(b"30_0_red_\xff.png"))
    except OSError:
        pytest.skip("this filesystem has no such names")
    counted, values = collected(load(tmp_path, data, NAMES), tmp_path / "work")
    assert (counted["failed"], counted["photos"]) == ({}, 2)
    assert values["30_0_red_%FF.png"] == {"shape": "square", "colour": "red", "size": "30.0"}


def test_a_row_that_a_quote_left_open_spoils_costs_no_other_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lines = write_listed(data, 2)
    spoilt = ['"' + "images/away.png\n" * 300 + '"', *lines[0][1:]]
    write_table(data, [lines[0], spoilt, lines[1]])
    counted, _ = collected(load(tmp_path, data), tmp_path / "work")
    assert (counted["failed"], counted["photos"]) == ({"no_such_file": 1}, 2)


@pytest.mark.skipif(not UNREADABLE.is_file(), reason="a file that even root may not read is in /proc only")
def test_a_file_that_cannot_be_read_costs_no_other_row(tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    lines = write_listed(data, 6)
    kept = (data / "images" / "1.png").read_bytes()
    for number in (1, 2):  # two of one size, which would be compared
        (data / "images" / f"{number}.png").unlink()
        (data / "images" / f"{number}.png").symlink_to(UNREADABLE)
    (data / "images" / "3.png").unlink()
    (data / "images" / "3.png").symlink_to("3.png")
    (data / "images" / "4.png").unlink()
    (data / "images" / "4.png").mkdir()
    write_table(data, lines)
    recipe = load(tmp_path, data)
    with PhotoStore(work, recipe.labels) as store:
        report = collect(recipe, store)
    assert (report["failures"], report["counts"]["stored"]) == ({"no_such_file": 4}, 2)
    (data / "images" / "1.png").unlink()
    (data / "images" / "1.png").write_bytes(kept)
    assert collected(recipe, work)[0]["photos"] == 3


def test_a_file_that_goes_after_the_check_is_no_such_file_and_a_folder_that_goes_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_table(data, write_listed(data, 2))
    recipe = load(tmp_path, data)
    engine = Dataset(recipe.collect, recipe.outputs)
    engine.check(recipe.classes, tmp_path / "work")
    first, second = engine.rows
    (data / "images" / "0.png").unlink()
    with pytest.raises(DownloadError) as refusal:
        engine.read(first)
    assert refusal.value.reason == "no_such_file"
    data.rename(tmp_path / "away")
    with pytest.raises(RecipeError, match="There is no folder"):
        engine.read(second)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("[size]_[shape]_[colour]_[x]_[x].png", r"the part \[x\] more than once; give each part a name of its own"),
        ("[size]_[shape]_[colour]_[1].png", r"the part \[1\]; give it a name of letters, digits and _ that begins"),
    ],
)
def test_a_part_without_a_name_of_its_own_is_told(tmp_path: Path, labels: str, sentence: str) -> None:
    write_named(tmp_path / "data", 1)
    with PhotoStore(tmp_path / "work", ["photos"]) as store, pytest.raises(RecipeError, match=sentence):
        collect(load(tmp_path, tmp_path / "data", labels), store)


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
