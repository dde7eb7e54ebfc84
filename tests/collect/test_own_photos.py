"""A folder of one's own photos: never harmed, waited for while it is away, and read again when there are more."""

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.collect.collect import collect
from recognizer.recipe import load_recipe
from recognizer.report import read_json
from recognizer.store.photo_store import PhotoStore
from tests.collect.collecting import (
    CLASSES,
    ONCE,
    collected,
    read_state,
    searches,
    set_environment,
    write_bare_web,
    write_recipe,
)
from tests.web import SmallWeb

EACH = 25  # photos of a class


def command(*words: object) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it printed."""
    result = CliRunner().invoke(app, [str(word) for word in words], terminal_width=200)
    return result.exit_code, result.stdout, result.stderr


def draw_own(folder: Path, count: int = EACH, first: int = 0) -> list[Path]:
    """Draw photos, so many of each class; return their files."""
    files = []
    for place, label in enumerate(CLASSES):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            noise = np.random.default_rng((place, number + 2)).integers(0, 256, (80, 100, 3), np.uint8)
            files.append(folder / label / f"mine-{number:03d}.png")
            Image.fromarray(noise).save(files[-1])
    return files


def count(work: Path) -> Counter[str]:
    return Counter(label for _, label in read_state(work).photos)


def missing(files: list[Path]) -> list[Path]:
    return [file for file in files if not file.is_file()]


def asking(recipe: Path, work: Path, own: Path) -> list[object]:
    return ["collect", recipe, "--work", work, "--engine", "folder", "--folder", own]


# Not harmed


@pytest.mark.parametrize(
    ("own", "work"),
    [("data/cloth/photos", "data/cloth"), ("data/cloth", "data/cloth"), ("data", "data/cloth"), ("own", "."),
     ("link", "data/cloth"), ("data/cloth/photos/Kilim/..", "data/../data/cloth")],
)  # fmt: skip
def test_a_folder_in_or_around_the_work_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, work: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = draw_own(Path("own") if own == "own" else Path("data/cloth/photos"))
    Path("link").symlink_to("data/cloth/photos")
    code, printed, told = command(*asking(write_recipe(tmp_path, 5), Path(work), Path(own)))
    assert (len(files), missing(files)) == (EACH * len(CLASSES), [])
    assert (code, printed, len(told.splitlines())) == (1, "", 1)
    assert f"The folder {own} of your own photos and the work folder {work} may not" in told and "--work" in told


def test_a_folder_that_the_photos_of_the_work_folder_lie_in_is_refused(tmp_path: Path) -> None:
    files = draw_own(tmp_path / "own")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "photos").symlink_to(tmp_path / "own")
    code, _, told = command(*asking(write_recipe(tmp_path, 5), tmp_path / "work", tmp_path / "own"))
    assert code == 1 and "may not lie in each other" in told and missing(files) == []


def test_photos_put_into_the_work_folder_by_hand_stay(tmp_path: Path) -> None:
    files = draw_own(tmp_path / "work" / "photos")
    own = draw_own(tmp_path / "own", 3, first=EACH)
    code, _, _ = command(*asking(write_recipe(tmp_path, 3), tmp_path / "work", tmp_path / "own"))
    assert (code, missing(files), missing(own)) == (0, [], [])
    assert len(read_state(tmp_path / "work").files) == len(files) + len(own)


# Waited for


def stopped(folder: Path) -> list[object]:
    """Collect few of the own photos, so that others are left waiting; return the command for all of them."""
    draw_own(folder / "own")
    command(*asking(write_recipe(folder, 3), folder / "work", folder / "own"))
    return asking(write_recipe(folder, EACH), folder / "work", folder / "own")


def test_hits_of_an_engine_that_is_not_asked_go_on_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = stopped(tmp_path)
    before = read_state(tmp_path / "work")
    with SmallWeb(write_bare_web(tmp_path, {})) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(tmp_path / "cloth.toml", tmp_path / "work")
    assert read_state(tmp_path / "work") == before
    assert report["counts"]["failed"] == 0 and report["left_waiting"] == {"folder": (EACH - 3) * len(CLASSES)}
    code, printed, _ = command(*everything)
    assert code == 0 and "wait until" not in printed
    assert len(read_state(tmp_path / "work").files) == EACH * len(CLASSES)


@pytest.mark.parametrize("mounted", [False, True], ids=["missing", "empty"])
def test_a_folder_that_is_not_there_is_a_sentence_and_changes_nothing(tmp_path: Path, mounted: bool) -> None:
    everything = stopped(tmp_path)
    before = read_state(tmp_path / "work")
    (tmp_path / "own").rename(tmp_path / "away")
    if mounted:
        (tmp_path / "own").mkdir()
    code, printed, told = command(*everything)
    assert (code, printed, len(told.splitlines())) == (1, "", 1) and str(tmp_path / "own") in told
    assert read_state(tmp_path / "work") == before
    shutil.rmtree(tmp_path / "own", ignore_errors=True)
    (tmp_path / "away").rename(tmp_path / "own")
    assert command(*everything)[0] == 0
    assert len(read_state(tmp_path / "work").files) == EACH * len(CLASSES)


# What is said of it


def test_a_file_that_gave_no_photo_is_named_with_its_reason_in_words(tmp_path: Path) -> None:
    files = draw_own(tmp_path / "own", 2, first=3)
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[: len(whole) // 3])
    (tmp_path / "own" / "Kilim" / "notes.txt").write_text("bought in Konya")
    everything = asking(write_recipe(tmp_path, 300), tmp_path / "work", tmp_path / "own")
    code, printed, _ = command(*everything)
    assert code == 0 and "not_an_image: not a picture" in printed
    broken, notes = (tmp_path / "own" / "Kilim" / name for name in ("mine-003.png", "notes.txt"))
    said = f"Files that could not be read: {broken} (broken or cut off), {notes} (not a picture)."
    assert said in printed.splitlines()
    report = read_json(tmp_path / "work" / "reports" / "collect.json", {}, "")
    assert report["unread"] == [
        {"file": "Kilim/mine-003.png", "reason": "truncated"},
        {"file": "Kilim/notes.txt", "reason": "not_an_image"},
    ]
    broken.write_bytes(whole)
    notes.unlink()
    assert "Files that could not be read" not in command(*everything)[1], "what was mended is not named any more"


def test_of_many_files_that_gave_no_photo_the_first_are_named(tmp_path: Path) -> None:
    draw_own(tmp_path / "own", 2, first=3)
    (tmp_path / "own" / "Batik").rename(tmp_path / "own" / "BATIK")
    for name in ("a", "b", "\udcff.c", "d"):
        Path(tmp_path / "own" / "BATIK" / f"{name}.jpg").write_text("none")
    code, printed, _ = command(*asking(write_recipe(tmp_path, 300), tmp_path / "work", tmp_path / "own"))
    first, second, odd = (f"{tmp_path / 'own' / 'BATIK' / name}.jpg (not a picture)" for name in ("a", "b", "d"))
    more = "and 1 more; reports/collect.json in the work folder names all."
    assert code == 0 and f"Files that could not be read: {first}, {second}, {odd}, {more}" in printed.splitlines()
    report = read_json(tmp_path / "work" / "reports" / "collect.json", {}, "")
    assert [one["file"] for one in report["unread"]] == [f"BATIK/{name}.jpg" for name in ("a", "b", "d", "?.c")]


def test_a_build_stops_where_a_class_has_no_photo(tmp_path: Path) -> None:
    draw_own(tmp_path / "own", 2, first=3)
    for label in ("Ikat", "Kilim"):
        shutil.rmtree(tmp_path / "own" / label)
        (tmp_path / "own" / label).mkdir()
    recipe = write_recipe(tmp_path, 300)
    build = ["build", *asking(recipe, tmp_path / "work", tmp_path / "own")[1:]]
    code, printed, told = command(*build)
    empty, other = tmp_path / "own" / "Kilim", tmp_path / "own" / "Ikat"
    way_out = f"put photos there, or remove the classes “Kilim”, “Ikat” from {recipe}."
    assert code == 1 and told.splitlines()[-1] == f"{empty} is empty; {other} is empty: {way_out}"
    assert "1 of 5: collect" in printed and "2 of 5" not in printed
    draw_own(tmp_path / "own", 2, first=3)
    shutil.rmtree(other)
    shutil.copytree(empty, other)  # the same photos again, which belong to the earlier class
    code, _, told = command(*build)
    told = told.splitlines()[-1]
    assert code == 1 and told.startswith(f"No file in {other} became a photo of its own: put photos there, or remove")


@pytest.mark.parametrize("where", ["train", "clean"])
def test_a_network_that_nobody_knows_is_said_before_anything_is_collected(tmp_path: Path, where: str) -> None:
    draw_own(tmp_path / "own", 2, first=3)
    recipe = write_recipe(tmp_path, 300)
    named = {"train": 'backbone = "resnet99"', "clean": 'backbones = ["resnet99"]'}[where]
    recipe.write_text(recipe.read_text().replace("[collect]", f"[{where}]\n{named}\n[collect]"))
    code, printed, told = command("build", *asking(recipe, tmp_path / "work", tmp_path / "own")[1:])
    assert code == 1 and "1 of 5" not in printed
    assert told.startswith("“resnet99” is not a backbone: neither torchvision nor timm")
    assert ("Or take “resnet99” out of backbones under [clean]." in told) == (where == "clean")
    assert read_state(tmp_path / "work").hits == []


# Read again


def test_more_photos_in_the_folder_are_found_by_the_next_run(tmp_path: Path) -> None:
    draw_own(tmp_path / "own", 4, first=3)
    everything = asking(write_recipe(tmp_path, 300), tmp_path / "work", tmp_path / "own")
    assert command(*everything)[0] == 0
    before = read_state(tmp_path / "work")
    assert command(*everything)[0] == 0 and read_state(tmp_path / "work") == before
    draw_own(tmp_path / "own", 2)
    draw_own(tmp_path / "own", 3, first=90)
    assert command(*everything)[0] == 0
    after = read_state(tmp_path / "work")
    assert len(after.files) == len(after.hits) == 9 * len(CLASSES) and set(before.photos) < set(after.photos)


def test_more_photos_are_found_by_a_run_that_wants_more(tmp_path: Path) -> None:
    everything = stopped(tmp_path)
    draw_own(tmp_path / "own", 2, first=-2)
    assert command(*everything[:1], write_recipe(tmp_path, 300), *everything[2:])[0] == 0
    assert len(read_state(tmp_path / "work").files) == (EACH + 2) * len(CLASSES)


def test_another_photo_under_the_same_name_is_found_by_the_next_run(tmp_path: Path) -> None:
    first, other = draw_own(tmp_path / "own", 2, first=3)[:2]
    everything = asking(write_recipe(tmp_path, 300), tmp_path / "work", tmp_path / "own")
    assert command(*everything)[0] == 0
    before = read_state(tmp_path / "work")
    written = first.stat()
    Image.open(first).rotate(180).save(first)
    os.utime(first, ns=(written.st_atime_ns, written.st_mtime_ns + 1_000_000))
    other.write_bytes(other.read_bytes())  # the same again is no new photo
    assert command(*everything)[0] == 0
    after = read_state(tmp_path / "work")
    assert len(after.files) == len(before.files) + 1 and set(before.photos) < set(after.photos)
    assert command(*everything)[0] == 0 and read_state(tmp_path / "work") == after


def test_a_file_that_was_away_is_tried_again(tmp_path: Path) -> None:
    everything = stopped(tmp_path)
    (tmp_path / "own" / "Kilim" / "mine-010.png").rename(tmp_path / "away.png")
    assert command(*everything)[0] == 0
    assert [hit[4] for hit in read_state(tmp_path / "work").hits if hit[3] == "failed"] == ["no_such_file"]
    (tmp_path / "away.png").rename(tmp_path / "own" / "Kilim" / "mine-010.png")
    assert command(*everything)[0] == 0
    assert len(read_state(tmp_path / "work").files) == EACH * len(CLASSES)


def test_only_a_file_that_went_to_another_subfolder_is_said_to_have_gone_there(tmp_path: Path) -> None:
    first, second = draw_own(tmp_path / "own", 2, first=3)[:2]
    everything = asking(write_recipe(tmp_path, 300), tmp_path / "work", tmp_path / "own")
    assert command(*everything)[0] == 0
    first.rename(first.with_name("renamed.png"))
    code, printed, _ = command(*everything)
    assert code == 0 and "Followed to another subfolder" not in printed
    assert len(read_state(tmp_path / "work").hits) == 2 * len(CLASSES)
    second.rename(tmp_path / "own" / "Batik" / "moved.png")
    code, printed, _ = command(*everything)
    assert code == 0 and "Followed to another subfolder: 1 of your files" in printed


def test_another_file_of_the_same_size_and_time_is_no_moved_one(tmp_path: Path) -> None:
    """As pictures without compression are, which a program wrote in one second."""
    recipe, written = write_recipe(tmp_path, 300), (1_600_000_000, 1_600_000_000)
    draw_own(tmp_path / "own", 1)
    old, new, moved = (tmp_path / "own" / name for name in ("Kilim/old.bmp", "Batik/new.bmp", "Batik/moved.bmp"))
    for file, seed in ((old, 100), (new, 101)):
        noise = np.random.default_rng(seed).integers(0, 256, (80, 100, 3), np.uint8)
        Image.fromarray(noise).save(file)
        os.utime(file, written)
    new.rename(tmp_path / "new.bmp")
    command(*asking(recipe, tmp_path / "work", tmp_path / "own"))
    old.rename(tmp_path / "old.bmp")
    (tmp_path / "new.bmp").rename(new)
    _, printed, _ = command(*asking(recipe, tmp_path / "work", tmp_path / "own"))
    assert "Followed" not in printed and count(tmp_path / "work") == {"Kilim": 2, "Batik": 2, "Ikat": 1}
    new.unlink()
    (tmp_path / "old.bmp").rename(moved)
    _, printed, _ = command(*asking(recipe, tmp_path / "work", tmp_path / "own"))
    assert "Followed to another subfolder: 1 of" in printed
    assert count(tmp_path / "work") == {"Kilim": 1, "Batik": 3, "Ikat": 1}


def test_what_could_not_be_read_is_read_anew_where_a_file_of_its_size_and_time_is_now(tmp_path: Path) -> None:
    recipe, (first, *others) = write_recipe(tmp_path, 300), draw_own(tmp_path / "own", 1)
    data = first.read_bytes()
    for file, content in ((first, bytes(len(data))), (others[0].with_name("fine.png"), data)):
        file.write_bytes(content)
        os.utime(file, (1_600_000_000, 1_600_000_000))
        command(*asking(recipe, tmp_path / "work", tmp_path / "own"))
        first.unlink(missing_ok=True)
    assert count(tmp_path / "work") == {"Batik": 2, "Ikat": 1}


@pytest.mark.parametrize("again", [False, True], ids=["a day later", "again"])
def test_web_engines_are_asked_again_after_a_day_or_at_once_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    recipe, work = write_recipe(tmp_path, 300, {"Kilim": ["kilim"], "Batik": ["none"]}), tmp_path / "work"
    for hits, yesterday, expected in ((130, False, 130), (150, False, 130), (150, True, 150)):
        with SmallWeb(write_bare_web(tmp_path, {"kilim": hits})) as web, PhotoStore(work, CLASSES) as store:
            set_environment(monkeypatch, web.environment)
            if yesterday and not again:
                store.database.execute("UPDATE searches SET at = datetime('now', '-25 hours') || '+00:00'")
            report = collect(load_recipe(recipe), store, patience=ONCE, again=again and yesterday)
            assert report["counts"]["hits"] == expected
            assert bool(searches(web)) == (expected == hits)


def test_the_command_asks_again_when_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path, 300, {"Kilim": ["kilim"], "Batik": ["none"]})
    for option, hits in (([], 3), ([], 3), (["--again"], 5)):
        with SmallWeb(write_bare_web(tmp_path, {"kilim": 5 if hits == 5 else 3})) as web:
            set_environment(monkeypatch, web.environment)
            code, _, _ = command("collect", recipe, "--work", tmp_path / "work", *option)
        assert code == 0 and len(read_state(tmp_path / "work").hits) == hits
