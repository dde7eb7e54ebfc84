"""The checks find what is planted in the sample, and the rules decide only where they may."""

import base64
import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from PIL import Image

from recognizer.clean import duplicates
from recognizer.clean import label_quality as labels
from recognizer.clean.clean import CHECKS, _write_sheets, clean
from recognizer.clean.contact_sheet import Shown, write_sheet
from recognizer.errors import NotFound, RecognizerError, WorkInUse
from recognizer.recipe import CleanSettings, Recipe
from recognizer.sample.pictures import planted, truth
from recognizer.splits.blind import awaited_photos, blind_population
from recognizer.splits.groups import is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, WORTH_A_LOOK, BlindAnswer, Decision, Issue, Photo
from tests.clean.planting import plant_copy, plant_wrong_labels
from tests.small_sample import CLASSES
from tests.small_store import rows


def kinds(store: PhotoStore, photos: set[str]) -> Counter[str]:
    """Count what was planted at the addresses of photos."""
    return Counter(planted(photo.image) for photo in store.photos.all() if photo.sha256 in photos)


def test_planted_copies_are_found(copied: PhotoStore) -> None:
    found = {issue.photo for issue in copied.issues.all() if issue.check == duplicates.CHECK}
    twins = {issue.twin for issue in copied.issues.all() if issue.check == duplicates.CHECK}
    copies = kinds(copied, found | {twin for twin in twins if twin})
    everything = kinds(copied, {photo.sha256 for photo in copied.photos.all()})
    assert copies["near_duplicate"] == everything["near_duplicate"] == len(CLASSES)


def test_decisions_and_issues_are_the_same_when_run_again(copied: PhotoStore, recipe: Recipe) -> None:
    before = (copied.issues.all(), copied.decisions.current())
    clean(recipe, copied)
    assert (copied.issues.all(), copied.decisions.current()) == before


def test_nothing_is_decided_without_auto_and_nothing_is_deleted(copied: PhotoStore, recipe: Recipe) -> None:
    report = clean(recipe, copied, auto=False)
    assert copied.decisions.current() == []
    assert report["counts"]["kept"] == report["counts"]["photos"] == len(copied.photos.all())
    assert all(photo.path.is_file() for photo in copied.photos.all())


def test_a_person_comes_before_the_rules(copied: PhotoStore, recipe: Recipe) -> None:
    dropped = next(decision for decision in copied.decisions.current() if decision.action == "drop")
    copied.decisions.add(Decision(dropped.photo, "keep", "looks fine to me", by="ada"))
    clean(recipe, copied)
    assert dropped.photo in {photo.sha256 for photo in copied.photos.kept()}


def rash(recipe: Recipe, precision: float = 0.04) -> Recipe:
    """Let rules decide where they are hardly sure, since so few photos let them be sure of nothing."""
    return recipe.model_copy(update={"clean": CleanSettings(precision=precision, backbones=[])})


def test_no_rule_judges_the_labels_of_held_out_photos(copied: PhotoStore, recipe: Recipe) -> None:
    planted = set(plant_wrong_labels(recipe, copied))
    clean(recipe, copied)
    assert not [decision for decision in copied.decisions.current() if is_about_label(decision)]
    clean(rash(recipe), copied)
    held_out = {photo.sha256 for photo in copied.photos.all() if is_held_out(photo.sha256, recipe.train.held_out)}
    decided = {decision.photo for decision in copied.decisions.current() if is_about_label(decision)}
    sure = {issue.photo for issue in copied.issues.all() if issue.check == labels.CHECK and issue.score > 0.95}
    assert decided & planted and not decided & held_out
    assert sure & planted & held_out, "there was one that would have been decided about"


def is_about_label(decision: Decision) -> bool:
    return decision.action == "relabel" or decision.reason.startswith("does not look like")


def test_the_recipe_says_how_sure_the_rules_have_to_be(copied: PhotoStore, recipe: Recipe) -> None:
    def decided(precision: float) -> set[str]:
        clean(rash(recipe, precision), copied)
        return {decision.photo for decision in copied.decisions.current()}

    plant_wrong_labels(recipe, copied)
    assert decided(1 - 1e-9) < decided(0.04)


def test_a_wrong_label_is_trusted_less_than_a_right_one(copied: PhotoStore, recipe: Recipe) -> None:
    plant_wrong_labels(recipe, copied)
    clean(recipe, copied, auto=False)
    checked = {issue.photo for issue in copied.issues.all() if issue.check == labels.CHECK}
    assert not any(photo.label_rated for photo in copied.photos.all() if photo.sha256 not in checked)
    name = {query: one.name for one in recipe.classes for query in one.queries}
    for held_out in (True, False):
        trust: dict[bool, list[float]] = {True: [], False: []}
        for photo in copied.photos.all():
            if photo.sha256 in checked and is_held_out(photo.sha256, recipe.train.held_out) == held_out:
                trust[name.get(truth(photo.image)) == photo.label].append(photo.label_quality)
        assert median(trust[False]) < 0.5 < 0.9 < median(trust[True])


def test_what_the_rules_relabel_is_trusted_under_its_new_label_only(copied: PhotoStore, recipe: Recipe) -> None:
    planted = plant_wrong_labels(recipe, copied)
    clean(rash(recipe), copied)
    relabelled = [photo for photo in copied.photos.all() if photo.action == "relabel" and photo.sha256 in planted]
    assert relabelled and all(photo.label_quality > 0.5 for photo in relabelled)
    judged = rows(copied, "SELECT photo, label, probability FROM trust")
    assert {(photo.sha256, photo.label, photo.label_quality) for photo in relabelled} <= set(judged)
    copied.decisions.undo_automatic(relabelled[0].sha256)
    clean(rash(recipe), copied)
    undone = copied.photos.get(relabelled[0].sha256)
    assert undone and undone.label == undone.found_as and undone.label_quality < 0.5
    rated = (undone.sha256, undone.label, undone.label_quality)
    assert rated in rows(copied, "SELECT photo, label, probability FROM trust"), "the label that it has now is rated"


def test_a_likelier_class_is_kept_for_training_where_rules_may_decide(copied: PhotoStore, recipe: Recipe) -> None:
    planted = set(plant_wrong_labels(recipe, copied))
    clean(recipe, copied)
    likelier = {photo.sha256: photo for photo in copied.photos.all() if photo.likelier}
    assert planted & set(likelier) and {photo.action for photo in likelier.values()} <= {"", "drop"}
    assert all(one.label != one.likelier and one.label_quality < one.likelier_quality for one in likelier.values())
    clean(recipe, copied, auto=False)
    assert not any(photo.likelier for photo in copied.photos.all())


def test_what_a_person_undid_is_not_decided_again(copied: PhotoStore, recipe: Recipe) -> None:
    first, *others = [decision for decision in copied.decisions.current() if decision.by == AUTO]
    assert copied.decisions.undo_automatic(first.photo[:16]) == [first.photo]
    clean(recipe, copied)
    assert copied.decisions.current(first.photo) == []
    assert len(copied.decisions.undo_automatic()) == len(others)
    clean(recipe, copied)
    assert copied.decisions.current() == []


def test_the_labels_of_photos_that_a_person_put_back_are_checked(copied: PhotoStore, recipe: Recipe) -> None:
    put_back = {decision.photo for decision in copied.decisions.current() if decision.action == "drop"}
    assert put_back and put_back == set(copied.decisions.undo_automatic())
    clean(recipe, copied)
    photos = {photo.sha256: photo for photo in copied.photos.kept()}
    assert put_back <= set(photos) and all(photo.label_rated for photo in photos.values())


def test_no_rule_judges_a_label_once_a_person_has_put_back_a_held_out_copy_of_the_photo(
    copied: PhotoStore, recipe: Recipe
) -> None:
    plant_wrong_labels(recipe, copied)

    def decided() -> set[str]:
        clean(rash(recipe), copied)
        return {decision.photo for decision in copied.decisions.current() if is_about_label(decision)}

    judged = decided()
    wrong = [photo for photo in copied.photos.all() if photo.sha256 in judged]
    copies = {plant_copy(copied, photo, photo.found_as, less): photo.sha256 for photo in wrong for less in (8, 12, 20)}
    still = decided()
    dropped = {decision.photo for decision in copied.decisions.current() if decision.reason.startswith("copy of")}
    pairs = {copy: one for copy, one in copies.items() if is_held_out(copy, recipe.train.held_out)}
    copy, photo = next((copy, one) for copy, one in pairs.items() if copy in dropped and one in still)
    assert copied.decisions.undo_automatic(copy) == [copy]
    assert photo not in decided()


def test_undoing_needs_a_photo_that_the_rules_decided_about(copied: PhotoStore) -> None:
    before = copied.decisions.current()
    with pytest.raises(NotFound, match="decided nothing about a photo that begins with “no”"):
        copied.decisions.undo_automatic("no")
    assert copied.decisions.current() == before


def test_every_decision_has_a_reason_and_the_report_adds_up(copied: PhotoStore, recipe: Recipe) -> None:
    report = clean(recipe, copied)
    assert all(decision.reason for decision in copied.decisions.current())
    assert list(report["checks"]) == list(CHECKS)
    for check, row in report["checks"].items():
        assert row["found"] == row["decided"] + row["waiting"] == report["issues"][check]


def test_each_check_that_found_something_has_a_sheet(copied: PhotoStore, recipe: Recipe) -> None:
    report = clean(recipe, copied)
    sheets = {path.stem for path in (copied.work / "reports").glob("*.html")}
    assert sheets == {check for check, found in report["issues"].items() if found}
    sheet = (copied.work / "reports" / f"{duplicates.CHECK}.html").read_text(encoding="utf-8")
    found = [base64.b64decode(data) for data in re.findall(r'base64,([^"]+)"', sheet)]
    assert len(found) >= 2 and all(Image.open(io.BytesIO(picture)).height <= 150 for picture in found)


def test_no_sheet_shows_what_the_blind_sample_still_asks_for(copied: PhotoStore, recipe: Recipe) -> None:
    for photo in blind_population(recipe, copied)[:3]:
        copied.blind_answers.add(BlindAnswer(photo.sha256, "unclear", by="ada"))
    clean(recipe, copied)
    awaited = awaited_photos(recipe, copied)
    for check in CHECKS:
        found = [one for one in copied.issues.all() if one.check == check and one.score >= WORTH_A_LOOK]
        shown = [one for one in found if not {one.photo, one.twin} & awaited]
        if found:
            sheet = (copied.work / "reports" / f"{check}.html").read_text(encoding="utf-8")
            assert sheet.count("<li>") == len(shown)
            assert (f"; {len(found) - len(shown)} left out" in sheet) == (len(shown) < len(found))
    doubtful = [Issue(photo, "label", 1.0) for photo in [*awaited, *copied.blind_answers.all()]]
    file, photos = copied.work / "label.html", {photo.sha256: photo for photo in copied.photos.all()}
    write_sheet(file, "label", doubtful, Shown(recipe, photos, {}, awaited))
    assert file.read_text(encoding="utf-8").count("<li>") == 3


def sheet_of(folder: Path, check: str, issues: list[Issue], shown: Shown) -> str:
    """Write a sheet, and return it."""
    write_sheet(folder / "sheet.html", check, issues, shown)
    return (folder / "sheet.html").read_text(encoding="utf-8")


def test_a_sheet_has_names_in_any_script_and_none_of_them_is_markup(
    copied: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    photo = replace(copied.photos.all()[0], found_as="刺绣 & <b>কাঁথা</b> 🧵")
    named = recipe.model_copy(update={"title": "Cloth & <i>more</i>"})
    relabelled = {photo.sha256: Decision(photo.sha256, "relabel", "seen", label="<u>Икат</u>", by="<ada>")}
    shown = Shown(named, {photo.sha256: photo}, relabelled)
    sheet = sheet_of(tmp_path, "label", [Issue(photo.sha256, "label", 0.9, "Икат")], shown)
    assert "<b>刺绣 &amp; &lt;b&gt;কাঁথা&lt;/b&gt; 🧵</b><br>relabelled “&lt;u&gt;Икат&lt;/u&gt;” by a person" in sheet
    assert "perhaps rather <b>Икат</b>" in sheet and "how surely: 0.90" in sheet
    assert "<h1>Cloth &amp; &lt;i&gt;more&lt;/i&gt;: unlike the other photos under its label</h1>" in sheet
    assert "<u>" not in sheet and "<i>" not in sheet and "<ada>" not in sheet


def test_a_sheet_says_of_each_photo_what_was_decided_and_how_it_is_named(
    copied: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    rules, person, nobody, best = copied.photos.all()[:4]
    photos = {photo.sha256: photo for photo in (rules, person, nobody, best)}
    decisions = {
        rules.sha256: Decision(rules.sha256, "drop", "a copy"),
        person.sha256: Decision(person.sha256, "keep", "fine", by="ada"),
    }
    asked = recipe.model_copy().asked_for("small first.toml", Path("a b"))
    copies = [Issue(photo.sha256, "duplicate", 1.0, twin=best.sha256) for photo in (rules, person, nobody)]
    sheet = sheet_of(tmp_path, "duplicate", copies, Shown(asked, photos, decisions))
    told = {digits: state for state, digits in re.findall(r"<br>([^<]+)<br><small>([0-9a-f]{12})</small>", sheet)}
    assert told == {
        rules.sha256[:12]: "dropped by a rule",
        person.sha256[:12]: "kept by a person",
        nobody.sha256[:12]: "waits for a person",
        best.sha256[:12]: "stays",
    }
    assert "Found by the check “duplicate”: 3 photos, the surest first." in sheet
    assert "<code>recognizer review &#x27;small first.toml&#x27; --work &#x27;a b&#x27;</code>" in sheet
    (one,) = copies[:1]
    shown = Shown(asked, photos, decisions, {best.sha256})
    assert "1 photo, the surest first." in sheet_of(tmp_path, "duplicate", [one], replace(shown, hidden=frozenset()))
    hidden = "0 of 1 photo, the surest first; 1 left out, since the blind sample waits for an answer about it."
    assert hidden in sheet_of(tmp_path, "duplicate", [one], shown)


def test_a_best_copy_stays_only_where_nothing_about_it_is_open(copied: PhotoStore, recipe: Recipe) -> None:
    awaited = awaited_photos(recipe, copied)
    open_ones = [photo for photo in copied.photos.all() if not photo.action and photo.sha256 not in awaited]
    first, second, third, *others = open_ones
    plant = {"duplicate": (first, others[0]), "conflict": (second, others[1])}
    for check, (best, copy) in plant.items():
        copied.issues.replace(check, [Issue(copy.sha256, check, 1.0, twin=best.sha256)])
    copied.issues.replace("label", [])
    assert twin_on_sheet(recipe, copied, "duplicate", first) == "stays"
    assert twin_on_sheet(recipe, copied, "conflict", second) == "was found under another label"
    copied.issues.replace("label", [Issue(photo.sha256, "label", 0.9) for photo in (first, second, third)])
    for check, (best, _) in plant.items():
        assert twin_on_sheet(recipe, copied, check, best) == "waits for a person"
        assert twin_on_sheet(recipe, copied, "label", best) == "waits for a person"
    copied.decisions.add(*(Decision(photo.sha256, "keep", "fine", by="ada") for photo in (first, second)))
    for check, (best, _) in plant.items():
        assert twin_on_sheet(recipe, copied, check, best) == "kept by a person"


def twin_on_sheet(recipe: Recipe, store: PhotoStore, check: str, photo: Photo) -> str:
    """Draw the sheets as clean does, and return what one of them says of a photo."""
    _write_sheets(recipe, store)
    sheet = (store.work / "reports" / f"{check}.html").read_text(encoding="utf-8")
    (state,) = re.findall(rf"<br>([^<]+)<br><small>{photo.sha256[:12]}</small>", sheet)
    return str(state)


def test_the_report_names_the_sheets_and_no_other_files(copied: PhotoStore, recipe: Recipe) -> None:
    report = clean(recipe, copied)
    assert sorted(report["sheets"]) == sorted(str(path) for path in (copied.work / "reports").glob("*.html"))
    assert str(copied.work / "reports" / f"{duplicates.CHECK}.html") in report["sheets"]


def test_too_few_photos_are_named(tmp_path: Path, recipe: Recipe) -> None:
    with (
        PhotoStore(tmp_path / "work", recipe.labels) as store,
        pytest.raises(RecognizerError, match="has no photos yet; run recognizer collect small first"),
    ):
        clean(recipe, store)


def test_photos_whose_files_are_missing_or_damaged_are_counted_and_left_out(copied: PhotoStore, recipe: Recipe) -> None:
    gone, empty, cut_off, other = photos = copied.photos.all()[3:7]
    gone.path.unlink()
    empty.path.write_bytes(b"")
    cut_off.path.write_bytes(cut_off.path.read_bytes()[:-300])
    other.path.write_bytes(gone.path.with_name(copied.photos.all()[0].path.name).read_bytes())
    report = clean(recipe, copied)
    assert report["missing"] == len(photos)
    assert not {photo.sha256 for photo in photos} & {issue.photo for issue in copied.issues.all()}


def test_photos_of_a_class_that_the_recipe_has_not_any_more_are_left_alone(copied: PhotoStore, recipe: Recipe) -> None:
    fewer = recipe.model_copy(update={"classes": recipe.classes[1:]})
    report = clean(fewer, copied)
    own = [photo for photo in copied.photos.all() if photo.label in fewer.labels]
    dropped = sum(photo.action == "drop" for photo in own)
    assert report["counts"]["photos"] == len(own) < len(copied.photos.all())
    assert (report["counts"]["kept"], report["counts"]["dropped"]) == (len(own) - dropped, dropped)
    others = {photo.sha256 for photo in copied.photos.all() if photo.found_as == recipe.labels[0]}
    assert others and not others & {issue.photo for issue in copied.issues.all()}
    assert {issue.label for issue in copied.issues.all() if issue.label} <= set(fewer.labels)


def test_cleaning_waits_for_nobody_and_changes_nothing_while_another_run_is_at_work(
    copied: PhotoStore, recipe: Recipe
) -> None:
    before = (copied.issues.all(), copied.decisions.current())
    copied.photos.all()[3].path.unlink()  # so that it would find something else
    with PhotoStore(copied.work, recipe.labels) as other, other.locked(), pytest.raises(WorkInUse):
        clean(recipe, copied)
    assert (copied.issues.all(), copied.decisions.current()) == before
