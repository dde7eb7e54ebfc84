"""The outputs of a recipe: what they may be."""

from pathlib import Path

import pytest

from recognizer.errors import RecipeError
from recognizer.recipe import CleanSettings, load_recipe
from tests.drawn_dataset import write_recipe


def test_outputs_are_of_classes_or_numbers(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    assert recipe.has_outputs and recipe.labels == ["photos"]
    assert [(one.name, one.kind, one.width) for one in recipe.heads] == [
        ("shape", "classes", 2), ("colour", "classes", 3), ("size", "number", 1),
    ]  # fmt: skip
    assert recipe.heads[0].classes[0].description == "four corners"


def test_a_recipe_of_classes_has_one_output() -> None:
    recipe = load_recipe("textiles")
    (head,) = recipe.heads
    assert (head.name, head.labels, recipe.has_outputs) == ("label", recipe.labels, False)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('name = "Tone"\nclasses = ["a", "b"]', "outputs[4].name may have small letters a to z"),
        ('name = "energy"\nclasses = ["a", "b"]', "outputs[4].name may not be one of pixels"),
        ('name = "tone"\nclasses = ["a"]', "outputs[4] needs at least two classes"),
        ('name = "tone"\nkind = "number"', "outputs[4] is a number: it needs range"),
        ('name = "tone"\nclasses = ["a", "b"]\ndecades = true', "outputs[4] has decades, so that"),
        ('name = "size"\nclasses = ["a", "b"]', "outputs: “size” stands there twice"),
        ('name = "tone"\nkind = "text"', "outputs[4].kind has to be 'classes' or 'number'"),
        ('name = "tone"\ncolour = 1', "unknown key outputs[4].colour; allowed here are name, kind"),
        ('name = "tone"\nclasses = [{ tint = "a" }]', "outputs[4].classes[1].name is missing"),
        ('name = "t"\nclasses = ["a", "b"]\n[[classes]]\nname = "a"', "has classes and outputs"),
    ],
)
def test_a_wrong_output_is_told(tmp_path: Path, more: str, sentence: str) -> None:
    path = write_recipe(tmp_path, more=f"[[outputs]]\n{more}\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(f"{path}: {sentence}"), str(caught.value)


@pytest.mark.parametrize("setting", ["backbones = []", "precision = 0.95"])
def test_what_is_said_of_labels_that_are_not_judged_is_refused(tmp_path: Path, setting: str) -> None:
    path = write_recipe(tmp_path)
    assert load_recipe(path).clean == CleanSettings(), "what is left out is not refused"
    path.write_text(path.read_text().replace("[train]", f"[clean]\n{setting}\n[train]"))
    with pytest.raises(
        RecipeError, match=rf"clean\.{setting.split()[0]}: labels .* are left as they are; leave it out"
    ):
        load_recipe(path)


def test_a_recipe_with_outputs_takes_a_data_set(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    path.write_text(path.read_text().replace('"dataset"', '"bing"'))
    with pytest.raises(RecipeError, match="a recipe with outputs takes engines"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("rounds = 2", "train.rounds: a recipe with outputs takes rounds = 1 only"),
        ("cached = false", "train.cached: a recipe with outputs takes cached = true only"),
        ('faces = "blur"', "train.faces: a recipe with outputs takes faces = keep only"),
        ("epochs = 1\ntuned = 1.0", "train.tuned: a recipe with outputs tunes a part of the layers"),
        ("epochs = 1\nbatch = 1", "train.batch: what is fine-tuned (epochs) learns from several photos"),
        ('stop_by = "percentiles"', "train.stop_by: “percentiles” is for fine-tuning"),
        ("balanced = true", "train.balanced: only the fine-tuning (epochs) of a recipe with outputs draws"),
    ],
)
def test_a_setting_that_outputs_cannot_have_is_told(tmp_path: Path, settings: str, sentence: str) -> None:
    path = write_recipe(tmp_path)
    path.write_text(path.read_text().replace("epochs = 0\n", f"{settings}\n"))
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(f"{path}: {sentence}"), str(caught.value)
