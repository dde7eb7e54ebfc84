"""What belongs together stays together, and the held-out part stays what it is."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import RecognizerError
from recognizer.outputs import Output
from recognizer.recipe import CollectSettings, PhotoClass, Recipe
from recognizer.splits.blind import blind_population
from recognizer.splits.split import (
    Split,
    as_learned,
    deal_folds,
    few_held_out,
    group_together,
    split_kept,
    take_sides,
)
from recognizer.splits.values import split_valued
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Issue, Photo

SHARE = 0.2


def photo(number: int, page: str = "") -> Photo:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return Photo(sha256, "0" * 16, 400, 300, "Kilim", "Kilim", "", page, "", "", "", Path("none.jpg"))


def copy(number: int, original: int) -> Issue:
    return Issue(photo(number).sha256, "duplicate", 0.9, twin=photo(original).sha256)


def test_photos_of_one_page_are_a_group_and_so_are_their_copies() -> None:
    photos = [photo(0, "a"), photo(1, "b"), photo(2, "a"), photo(3), photo(4), photo(5, "b")]
    groups = group_together(photos, [copy(3, 2)])
    assert [groups.index(group) for group in groups] == [0, 1, 0, 0, 4, 1]


def test_no_group_is_on_both_sides() -> None:
    photos = [photo(number, str(number // 3)) for number in range(3000)]
    groups = group_together(photos, [])
    sides = take_sides(photos, groups, SHARE)
    training = {group for group, side in zip(groups, sides, strict=True) if side == "training"}
    tested = {group for group, side in zip(groups, sides, strict=True) if side == "held_out"}
    assert training and tested and not training & tested
    assert abs(sides.count("held_out") / len(photos) - SHARE) < 0.03
    aside = {group for group, side in zip(groups, sides, strict=True) if side == "aside"}
    assert aside <= tested


def test_the_held_out_part_stays_when_photos_and_copies_are_added() -> None:
    """Added in front, since an earlier place in the lists must make no difference either."""
    old = [photo(number) for number in range(500)]
    new = [photo(number) for number in range(500, 900)]
    copies = [copy(number + 500, number) for number in range(400)]
    before = take_sides(old, group_together(old, []), SHARE)
    both = [*new, *old]
    after = take_sides(both, group_together(both, copies), SHARE)[len(new) :]
    assert [side == "held_out" for side in before] == [side == "held_out" for side in after]
    assert not [was for was, now in zip(before, after, strict=True) if now == "training" and was != "training"]


def test_a_copy_of_a_held_out_photo_that_a_person_drops_is_still_not_learned_from(
    filled: Path, recipe: Recipe, tmp_path: Path
) -> None:
    """The dropped one may be in the blind sample, which is measured; one that rules drop is in none, and frees it."""
    with PhotoStore(Path(shutil.copytree(filled, tmp_path / "work")), recipe.labels) as store:
        before = split_kept(recipe, store)
        one, copy_of_it = before.held_out[0].sha256, before.training[0].sha256
        store.issues.replace("duplicate_conflict", [Issue(one, "duplicate_conflict", 1.0, twin=copy_of_it)])

        def asked_and_learned() -> tuple[bool, bool]:
            learned = {photo.sha256 for photo in split_kept(recipe, store).learning}
            return one in {photo.sha256 for photo in blind_population(recipe, store)}, copy_of_it in learned

        store.decisions.add(Decision(one, "drop", "a copy", by="ada"))
        assert asked_and_learned() == (True, False)
        store.decisions.undo("ada")
        store.decisions.replace_automatic([Decision(one, "drop", "a copy")])
        assert asked_and_learned() == (False, True)
        store.decisions.add(Decision(one, "drop", "looked at", by="ada"))
        assert asked_and_learned() == (False, True), "a person agrees with the rules"
        store.decisions.add(Decision(one, "keep", "looked at", by="ada"))
        assert asked_and_learned() == (True, False)


def test_what_a_network_learned_from_is_not_measured_even_where_that_shows_later() -> None:
    photos = [photo(number) for number in range(6)]
    groups = {one.sha256: one.sha256 for one in photos} | {photos[4].sha256: photos[0].sha256}
    now = Split(photos[1:2], photos[2:4], photos[4:], [], groups)
    found = as_learned(now, [photos[0].sha256, photos[1].sha256, photos[3].sha256, "forgotten"])
    assert (found.training, found.validation, found.held_out) == (photos[1:2], photos[3:4], photos[5:])


def test_a_class_of_which_hardly_any_photo_is_held_out_is_named() -> None:
    recipe = Recipe(name="cloth", title="Cloth", classes=[PhotoClass(name=name) for name in ("Kilim", "Batik", "Ikat")])
    held_out = [photo(number) for number in range(5)] + [replace(photo(9), label="Ikat")]
    assert few_held_out(recipe, Split([], [], held_out, [], {})) == {"Batik": 0, "Ikat": 1}


def test_folds_keep_groups_whole_and_classes_alike() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 50)
    groups = [f"{label}-{rng.integers(30)}" for label in labels]
    folds = deal_folds(labels, groups, 5, seed=3)
    assert len({(group, fold) for group, fold in zip(groups, folds.tolist(), strict=True)}) == len(set(groups))
    assert set(folds.tolist()) == set(range(5))
    assert all(4 <= (folds[labels == label] == fold).sum() <= 16 for label in range(4) for fold in range(5))
    assert (folds == deal_folds(labels, groups, 5, seed=3)).all()


def test_a_class_with_fewer_photos_than_folds_is_no_warning_of_a_library() -> None:
    program = "import numpy as np; from recognizer.splits.split import deal_folds as f; "
    program += "print(f(np.repeat([0, 1], [20, 1]), [str(n) for n in range(21)], 5, seed=3).max())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("4\n", "")


def test_photos_of_which_no_two_are_alike_are_too_few_in_a_sentence() -> None:
    with pytest.raises(RecognizerError, match=r"^6 photos are too few to train with, since no two of them are alike"):
        deal_folds(np.arange(6), [str(number) for number in range(6)], 3, seed=1)


def test_names_where_numbers_should_be_are_collected_anew(tmp_path: Path) -> None:
    """As they are where an output of classes has become a number."""
    size = Output(name="size", kind="number", range=[0, 9])
    collected = CollectSettings(engines=["dataset"], labels="labels.csv")
    recipe = Recipe(name="cloth", title="Cloth", collect=collected, outputs=[size])
    with PhotoStore(tmp_path, recipe.labels) as store:
        split_valued(recipe, store, {"a": {"size": "4.5"}, "b": {}})
        with pytest.raises(RecognizerError, match=r"size is a number, but .* “red”; run recognizer collect cloth"):
            split_valued(recipe, store, {"a": {"size": "4.5"}, "b": {"size": "red"}})


def test_there_are_no_more_folds_than_groups() -> None:
    folds = deal_folds(np.array([0, 0, 0, 1, 1, 1]), ["a", "a", "b", "b", "a", "b"], 3, seed=1)
    assert set(folds.tolist()) == {0, 1}
