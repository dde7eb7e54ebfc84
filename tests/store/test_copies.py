"""What stages have copied of a forgotten photo is gone, in the work folder and in the folders that publish wrote."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from recognizer.cli import summaries
from recognizer.recipe import Recipe
from recognizer.report import write_json
from recognizer.store.credits import FILE, attribution, without_rows
from recognizer.store.forget import forget
from recognizer.store.photo_store import PhotoStore
from recognizer.store.pushed import note_pushed
from recognizer.store.rows import Photo
from recognizer.store.spaces import MARKER, note_space
from tests.store.forgetting import drawn, holding, offer, prepared, traces, words_of

LEARNED = ("weights.pth", "judged.npz", "decisions.json", "photos.json")


def test_copies_in_the_work_folder_go(store: PhotoStore, recipe: Recipe) -> None:
    first, second = store.photos.all()[:2]
    model, features, sheet = (
        store.work / "model",
        store.work / "features" / "net-64" / "pooled.npz",
        store.work / "reports/duplicate.html",
    )
    for folder in (model / "examples", features.parent, sheet.parent):
        folder.mkdir(parents=True)
    shutil.copyfile(first.path, model / "examples" / "1.jpg")
    shutil.copyfile(second.path, model / "examples" / "2.jpg")
    examples = [{"file": f"examples/{number}.jpg", "page": photo.page} for number, photo in ((1, first), (2, second))]
    (model / "model.json").write_text(json.dumps({"title": "T", "examples": examples}))
    np.savez(features, photos=np.array([second.sha256, first.sha256]), features=np.array([[2.0], [1.0]], np.float32))
    shutil.copyfile(first.path, sheet)
    (sheet.parent / "export.json").write_text("{}")
    half = first.path.with_suffix(".0123abcd.part")
    shutil.copyfile(first.path, half)
    report = forget(recipe, store, first.sha256)
    assert {name: report["counts"][name] for name in ("examples", "features", "sheets")} == dict.fromkeys(
        ("examples", "features", "sheets"), 1
    )
    assert report["again"] == ["export"]
    assert [file.name for file in (model / "examples").iterdir()] == ["2.jpg"] and not (sheet.exists() or half.exists())
    assert json.loads((model / "model.json").read_text()) == {"title": "T", "examples": examples[1:]}
    with np.load(features) as stored:
        assert (stored["photos"].tolist(), stored["features"].tolist()) == ([second.sha256], [[2.0]])


def test_credits_without_a_photo_are_those_of_the_others(store: PhotoStore, recipe: Recipe) -> None:
    first, *others = store.photos.kept()
    text = attribution(recipe, [first, *others])
    assert without_rows(text, {first.sha256}) == attribution(recipe, others)
    assert without_rows(text, {"0" * 64}) == text and without_rows("", {first.sha256}) == ""


def test_runs_keep_nothing_of_a_photo_and_later_rounds_go_with_the_first(store: PhotoStore, recipe: Recipe) -> None:
    photo, other = (photo.sha256 for photo in store.photos.all()[:2])
    make_run(store.work / "runs" / "1", 1, other)
    make_run(store.work / "runs" / "2", 1, photo)
    make_run(store.work / "runs" / "3", 2, other)  # a round that dropped the photo
    make_run(store.work / "runs" / "4", 1, other)
    make_run(store.work / "runs" / "5", 2, other, told_of=photo)  # of the training of run 2
    make_run(store.work / "runs" / "6", 0, photo)  # of a stop
    (store.work / "runs" / "2" / "notes.txt").write_text("mine")
    assert forget(recipe, store, photo)["counts"]["trained_runs_emptied"] == 3, "the half one was none"
    assert forget(recipe, store, photo)["counts"]["trained_runs_emptied"] == 0
    left = {run.name: {file.name for file in run.iterdir()} for run in (store.work / "runs").iterdir()}
    whole, figures = {"metrics.json", *LEARNED}, {"metrics.forgotten.json"}
    assert left == {"1": whole, "2": {*figures, "notes.txt"}, "3": figures, "4": whole, "5": figures, "6": set()}


def make_run(folder: Path, number: int, photo: str, told_of: str = "") -> None:
    """Make a folder as a round of training leaves it; of number 0, as a stop in the middle does."""
    folder.mkdir(parents=True)
    for name in LEARNED:
        (folder / name).write_text(json.dumps([photo]))
    write_json(folder / "decisions.json", [{"photo": told_of or photo, "action": "drop", "reason": ""}])
    if number:
        (folder / "metrics.json").write_text(json.dumps({"round": number}))


def test_what_must_be_run_again_is_told_until_it_was(store: PhotoStore, recipe: Recipe) -> None:
    """Also where the first time was stopped before it could be told."""
    photo = store.photos.all()[0]
    reports = [store.work / "reports" / f"{stage}.json" for stage in ("train", "export")]
    for report in reports:
        write_json(report, {})
    for _ in range(2):
        assert forget(recipe, store, photo.sha256)["again"] == ["train", "export"]
    later = time.time() + 2
    os.utime(reports[0], (later, later))
    assert forget(recipe, store, photo.sha256)["again"] == ["export"]


# Folders that publish wrote


def test_what_may_still_hold_what_was_learned_is_named_until_the_model_is_exported_again(
    store: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    photo = store.photos.all()[0]
    space, site = make_space(store, tmp_path / "space", recipe), make_space(store, tmp_path / "site", recipe)
    shutil.rmtree(site / "model")  # a site that asks a Space
    for name in ("me/bags", "me/asking"):
        note_pushed(store.work, {"repository": name, "kind": "space", "form": "cpu", "changed": False}, [])
    (store.work / "published" / "me--asking").mkdir(parents=True)  # a site that was pushed, and asks a Space
    write_json(store.work / "model" / "model.json", {"title": "T"})
    export = store.work / "reports" / "export.json"
    write_json(export, {})
    make_run(store.work / "runs" / "1", 1, photo.sha256)
    report = forget(recipe, store, photo.sha256)
    assert report["learned"] == {"model": str(store.work / "model"), "published": [str(space), "me/bags"]}
    assert summaries.forgotten(recipe, report)[1:] == [
        "The trained runs that learned from it are emptied, and are not used any more.",
        f"Run these again, in this order: {recipe.command('export')}.",
        f"Until then {store.work / 'model'} may still hold what was learned from it.",
        f"After that, publish again to {space}, me/bags: the model that is there may hold it, too.",
        f"The folder {space} is without it now. If you committed or uploaded it somewhere, that copy still shows or "
        "names the photo: publish into the folder again, and commit or upload it again.",
    ]
    later = time.time() + 2
    os.utime(export, (later, later))
    report = forget(recipe, store, photo.sha256)
    assert report["learned"] == {"model": "", "published": []}
    assert not [part for part in summaries.forgotten(recipe, report) if "learned" in str(part)]


def make_space(store: PhotoStore, space: Path, recipe: Recipe, *photos: Photo) -> Path:
    """Make a folder as publish leaves it, with photos as examples."""
    examples = space / "model" / "examples"
    examples.mkdir(parents=True)
    (space / MARKER).touch()
    for number, photo in enumerate(photos):
        shutil.copyfile(photo.path, examples / f"{number}.jpg")
    facts = {"examples": [{"file": f"examples/{n}.jpg", "author": photo.author} for n, photo in enumerate(photos)]}
    (space / "model" / "model.json").write_text(json.dumps(facts))
    (space / "model" / FILE).write_text(attribution(recipe, store.photos.kept()))
    note_space(store.work, space)
    return space


def test_folders_that_publish_wrote_are_cleaned_and_those_that_are_away_are_told(
    store: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    photo, other = store.photos.all()[:2]
    space = make_space(store, tmp_path / "space", recipe, photo, other)
    away = make_space(store, tmp_path / "away", recipe, photo)
    shutil.move(away, tmp_path / "moved")
    words, bytes_ = words_of(store, photo), photo.path.read_bytes()
    report = forget(recipe, store, photo.sha256)
    assert report["spaces"] == {"changed": [str(space)], "away": [str(away)]}
    assert traces(space, *words) == [] and not holding(space, bytes_) and (space / "model/examples/1.jpg").is_file()
    assert json.loads((space / "model" / "model.json").read_text())["examples"][0]["author"] == other.author
    assert (space / "model" / FILE).read_text() == attribution(recipe, store.photos.kept())
    shutil.move(tmp_path / "moved", away)  # a disk that was not plugged in
    for _ in range(2):  # told until it is written anew
        assert forget(recipe, store, photo.sha256)["spaces"] == {"changed": [str(space), str(away)], "away": []}
        assert traces(away, *words) == [] and not holding(away, bytes_)
    assert note_space(store.work, space) == {"spaces": [str(space), str(away)], "changed": [str(away)]}


def test_a_site_that_names_photos_without_their_pictures_is_cleaned(
    store: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    photo, other = store.photos.all()[:2]
    space = make_space(store, tmp_path / "space", recipe)
    (space / "model" / FILE).unlink()  # as in the folders of sites
    rows = [{"file": f"similar/{one.sha256[:16]}.jpg", "author": one.author} for one in (photo, other)]
    (space / "model" / "model.json").write_text(json.dumps({"examples": [], "similar": rows}))
    assert forget(recipe, store, photo.sha256)["spaces"]["changed"] == [str(space)]
    assert json.loads((space / "model" / "model.json").read_text())["similar"] == rows[1:]


def test_near_copies_go_from_a_folder_that_was_away_too(store: PhotoStore, recipe: Recipe, tmp_path: Path) -> None:
    photo = store.photos.all()[0]
    offer(store, prepared(drawn(0).resize((200, 150)), 70))
    (copy,) = [one for one in store.photos.all() if one.title == "Another title"]
    space, bytes_ = make_space(store, tmp_path / "space", recipe, copy), copy.path.read_bytes()
    shutil.move(space, tmp_path / "away")
    assert forget(recipe, store, photo.sha256)["counts"]["near_copies"] == 1
    shutil.move(tmp_path / "away", space)
    assert forget(recipe, store, photo.sha256)["spaces"]["changed"] == [str(space)] and not holding(space, bytes_)
