"""Photos for visitors to try: held-out ones of a known licence, else those that collecting found apart."""

from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.export.examples import write_examples
from recognizer.recipe import Recipe
from recognizer.splits.blind import awaited_photos
from recognizer.splits.split import split_kept
from recognizer.store.credits import attribution, credited
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Hit, Photo
from tests.small_sample import drawn

APART = Hit("https://a.example/1.jpg", "https://a.example/page", "A scarf", "CC BY 4.0", "Ann")


def without_licence(photos: list[Photo], label: str) -> list[Photo]:
    return [replace(photo, licence="") if photo.label == label else photo for photo in photos]


def test_a_class_whose_photos_have_no_licence_shows_the_one_found_apart(
    copied: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    learned = split_kept(recipe, copied)
    copied.examples.add("Chevron", APART, drawn("sample:argyle/0046.jpg"))
    copied.examples.add("Gingham", APART, drawn("sample:ikat/0046.jpg"))
    held_out = without_licence(learned.held_out, "Chevron")
    for photo in held_out:
        copied.blind_answers.add(BlindAnswer(photo.sha256, "unclear", by="ann"))
    told = write_examples(recipe, copied, held_out, tmp_path / "examples")
    assert [one["label"] for one in told] == recipe.labels
    found = {"title": "A scarf", "page": APART.page, "licence": "CC BY 4.0", "author": "Ann"}
    assert told[1] == {"file": "examples/2.jpg", "label": "Chevron", **found}
    assert (tmp_path / told[1]["file"]).read_bytes() == drawn("sample:argyle/0046.jpg").jpeg
    assert told[2]["title"] != "A scarf", "a held-out photo comes first"
    assert split_kept(recipe, copied) == learned, "nothing learns from it"
    assert attribution(recipe, credited(copied)).count("A scarf") == 2


def test_photos_of_the_blind_sample_are_shown_only_where_there_is_no_other(
    copied: PhotoStore, recipe: Recipe, tmp_path: Path
) -> None:
    held_out = split_kept(recipe, copied).held_out
    first, second, *_ = (photo for photo in held_out if photo.label == recipe.labels[0])

    def shown(folder: str) -> bytes:
        told = write_examples(recipe, copied, held_out, tmp_path / folder)
        return (tmp_path / folder / Path(told[0]["file"]).name).read_bytes()

    assert {first.sha256, second.sha256} <= awaited_photos(recipe, copied)
    assert shown("awaited") == first.path.read_bytes(), "there is no other"
    copied.examples.add(recipe.labels[0], APART, drawn("sample:argyle/0046.jpg"))
    assert shown("apart") == drawn("sample:argyle/0046.jpg").jpeg
    copied.blind_answers.add(BlindAnswer(second.sha256, "unclear", by="ann"))
    assert shown("answered") == second.path.read_bytes()


@pytest.mark.parametrize("why", ["collect", "people"])
def test_a_recipe_that_wants_no_examples_or_is_about_people_shows_none(
    copied: PhotoStore, recipe: Recipe, tmp_path: Path, why: str
) -> None:
    settings = recipe.collect.model_copy(update={"examples": False})
    other = recipe.model_copy(update={"people": True} if why == "people" else {"collect": settings})
    copied.examples.add("Chevron", APART, drawn("sample:argyle/0046.jpg"))
    held_out = split_kept(recipe, copied).held_out
    assert write_examples(other, copied, held_out, tmp_path / "examples") == []
    assert list((tmp_path / "examples").iterdir()) == []
