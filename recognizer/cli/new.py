"""The command that writes a recipe: asks for what was not given, and looks up what words mean."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from recognizer.errors import RecipeError

if TYPE_CHECKING:  # no --help needs them
    from recognizer.new.plan import Plan
    from recognizer.new.wikipedia import Meaning


def new_recipe(
    title: str, words: Sequence[str], topic: str, engines: Sequence[str], folder: Path | None, offline: bool
) -> None:
    """Write a recipe into the current folder, and say what to do next.

    Args:
        title: of the classifier; asked for where it is empty.
        words: one for each class; asked for where there are none.
        topic: what all of them are.
        engines: that find photos.
        folder: of one's own photos, in place of engines.
        offline: whether nobody is asked what the words mean.

    Raises:
        RecipeError: something is missing and there is nobody to ask, or cannot be.
    """
    from recognizer.new.plan import make_plan
    from recognizer.new.write import free_file, write_recipe

    if not title or not (words or folder):
        _see_somebody_there(title, folder)
        title, words, topic = _asked(title, words, topic, folder)
    plan = make_plan(title, words, topic, engines, folder)
    if [*plan.engines] == ["sample"]:
        _see_drawn(plan)
    of_folder = _say_of_folder(plan, free_file(plan, Path()))  # before anybody is asked what words mean
    if not offline and plan.is_searched:
        plan = replace(plan, meanings=_look_up(plan))
    file, recipe = write_recipe(plan, Path())
    _warn(plan)
    for sentence in of_folder:
        print(sentence)
    look = "Look at its searches, then build it." if plan.is_searched else "Every key in it has its comment."
    print(f"Wrote {file} with {len(recipe.labels)} classes. {look}")
    print(f"Next: {recipe.asked_for(file.stem).command('build')}")


def _see_somebody_there(title: str, folder: Path | None) -> None:
    """Refuse to ask where nobody is at a terminal, and say what is to be given."""
    if sys.stdin.isatty():
        return
    if folder and not title:
        example = f'recognizer new "Birds of my garden" {shlex.join(["--folder", str(folder)])}'
        raise RecipeError(f"Give a title, such as: {example}. Each subfolder is a class; words are not needed.")
    raise RecipeError(
        'Give a title and a word for each class, such as: recognizer new "Birds of my garden" robin wren blackbird'
    )


def _asked(title: str, words: Sequence[str], topic: str, folder: Path | None) -> tuple[str, Sequence[str], str]:
    """Ask a person, step by step, for what was not given; the subfolders of a folder are words enough."""
    title = title or typer.prompt("Title, such as Birds of my garden")
    if folder:
        return title, words, topic
    if not words:
        words = typer.prompt("Words to tell apart, with commas between them").split(",")
    topic = topic or typer.prompt("What all of them are, such as bird (may be left empty)", default="")
    return title, words, topic


def _look_up(plan: "Plan") -> "dict[str, Meaning]":
    """Return what the words mean, as far as Wikipedia tells."""
    from recognizer.new.wikipedia import Unreachable, look_up

    meanings: dict[str, Meaning] = {}
    for word in plan.words:
        try:
            meanings[word] = look_up(word, plan.topic)
        except Unreachable as error:
            print(f"{error} Descriptions and links are left empty from “{word}” on; --offline does not ask.")
            break
    return meanings


def _see_drawn(plan: "Plan") -> None:
    """Refuse words that the sample cannot draw, before there is a recipe which no build can fill."""
    from recognizer.sample.pictures import check_drawn

    check_drawn({word: plan.queries(word) for word in plan.words})


def _say_of_folder(plan: "Plan", file: Path) -> list[str]:
    """Say which classes have no photo in a folder of one's own yet, and which subfolders no word names."""
    folder = Path(plan.folder).expanduser()
    if not (plan.folder and folder.is_dir()):
        return []
    from recognizer.collect.own import look_into
    from recognizer.names import few
    from recognizer.recipe import PhotoClass

    seen = look_into(folder, [PhotoClass(name=word) for word in plan.words])
    says = [
        f"{place} is empty: put photos into it before you build, or remove its class from {file}."
        for place in seen.empty
    ]
    if seen.left_out:
        says.append(f"Left out, since no word names them: {few([str(place) for place in seen.left_out])}.")
    return says


def _warn(plan: "Plan") -> None:
    """Name the words that mean several things, since a search finds photos of all of them."""
    several = [word for word, meaning in plan.meanings.items() if meaning.several]
    for word in several:
        better = f"{word} {plan.topic}" if plan.topic else f"{word} and what it is"
        print(f"“{word}” means several things: search for “{better}” in the recipe, and look at what is found.")
    if others := [f"“{word}”" for word, meaning in plan.meanings.items() if meaning.others]:
        what = "may mean other things, too" if len(others) == 1 else "may each mean other things, too"
        print(f"{', '.join(others)} {what}: say in --topic what you mean, such as bird, or in the recipe's searches.")
