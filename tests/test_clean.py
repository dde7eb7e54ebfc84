"""The checks find what is planted in the sample, and the rules decide only where they may."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.clean import duplicates, quality
from recognizer.clean.cleaner import clean
from recognizer.collect.sample import planted
from recognizer.errors import RecognizerError
from recognizer.groups import group_photos, is_held_out
from recognizer.photos import Decision, Photo, PhotoStore
from recognizer.recipe import Recipe


def kinds(store: PhotoStore, photos: set[str]) -> Counter[str]:
    """Count what was planted at the addresses of photos."""
    return Counter(planted(photo.image) for photo in store.photos() if photo.sha256 in photos)


def test_planted_copies_are_found(copied: PhotoStore) -> None:
    found = {issue.photo for issue in copied.issues() if issue.check == duplicates.CHECK}
    twins = {issue.twin for issue in copied.issues() if issue.check == duplicates.CHECK}
    copies = kinds(copied, found | {twin for twin in twins if twin})
    assert copies["near_duplicate"] == kinds(copied, {p.sha256 for p in copied.photos()})["near_duplicate"]


def test_decisions_and_issues_are_the_same_when_run_again(copied: PhotoStore, recipe: Recipe) -> None:
    before = (copied.issues(), copied.decisions())
    clean(recipe, copied)
    assert (copied.issues(), copied.decisions()) == before


def test_nothing_is_decided_without_auto_and_nothing_is_deleted(copied: PhotoStore, recipe: Recipe) -> None:
    report = clean(recipe, copied, auto=False)
    assert copied.decisions() == []
    assert report["counts"]["kept"] == report["counts"]["photos"] == len(copied.photos())
    assert all(photo.path.is_file() for photo in copied.photos())


def test_a_person_comes_before_the_rules(copied: PhotoStore, recipe: Recipe) -> None:
    dropped = next(decision for decision in copied.decisions() if decision.action == "drop")
    copied.decide(Decision(dropped.photo, "keep", "looks fine to me", by="ada"))
    clean(recipe, copied)
    assert dropped.photo in {photo.sha256 for photo in copied.kept()}


def test_no_rule_judges_the_labels_of_held_out_photos(copied: PhotoStore, recipe: Recipe) -> None:
    photos = copied.photos()
    groups = dict(zip((p.sha256 for p in photos), group_photos(photos, copied.issues()), strict=True))
    for decision in copied.decisions():
        about_label = decision.action == "relabel" or decision.reason.startswith("does not look like")
        assert not (about_label and is_held_out(groups[decision.photo], recipe.train.held_out))


def test_too_few_photos_are_named(tmp_path: Path, recipe: Recipe) -> None:
    with (
        PhotoStore(tmp_path / "work", recipe.labels) as store,
        pytest.raises(RecognizerError, match="has no photos yet; run recognizer collect tiny first"),
    ):
        clean(recipe, store)


def photo(folder: Path, name: str, pixels: np.ndarray) -> Photo:
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path)
    return Photo(name, "0" * 16, 64, 64, "Tartan", "Tartan", "", "", "", "", "", path)


def test_flat_pictures_are_empty_and_others_are_not(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    flat = np.full((64, 64, 3), 90, dtype=np.uint8)
    issues = quality.find_empty([photo(tmp_path, "noise", noise), photo(tmp_path, "flat", flat)])
    assert [(issue.photo, issue.score) for issue in issues] == [("flat", 1.0)]


def test_alike_hashes_of_unlike_photos_are_no_copies(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pair = [photo(tmp_path, name, pixels) for name in ("a", "b")]
    unlike = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    alike = np.array([[1.0, 0.0], [2.0, 0.1]], dtype=np.float32)
    assert duplicates.find_duplicates(pair, unlike) == []
    assert [issue.photo for issue in duplicates.find_duplicates(pair, alike)] == ["a"]
