"""Writes the plan of a recipe as a file that a person can go on editing: every key with its comment."""

import json
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from recognizer.errors import RecipeError
from recognizer.files import write_whole
from recognizer.new.plan import Plan, file_name
from recognizer.recipe import OURS, RECIPES, Recipe, load_recipe
from recognizer.words.sources import describe_source

TEMPLATE = "recipe.toml.jinja"


def free_file(plan: Plan, folder: Path) -> Path:
    """Return the file that a plan becomes, called like its title.

    Args:
        plan: what it will say.
        folder: where it will be.

    Raises:
        RecipeError: there is such a file already, or a recipe or work folder that commands would take for it.
    """
    name = file_name(plan.title)
    file = folder / f"{name}.toml"
    for there in (file, folder / RECIPES / file.name):
        if there.exists():
            raise RecipeError(f"There is a recipe {there} already; take another title, or edit that one.")
    if (OURS / file.name).exists():
        raise RecipeError(f"This program has a recipe {name} of its own; take another title.")
    if (folder / "data" / name).exists():
        raise RecipeError(
            f"{folder / 'data' / name} is another recipe's work folder; take another title, or remove it."
        )
    return file


def write_recipe(plan: Plan, folder: Path) -> tuple[Path, Recipe]:
    """Write a recipe; the file is called like its title.

    Args:
        plan: what it says.
        folder: where to.

    Returns:
        The file, and the recipe as it is read back.

    Raises:
        RecipeError: there is such a file already.
        Unwritable: the folder may not be written.
    """
    file = free_file(plan, folder)
    write_whole(file, _render(plan, file).encode())
    return file, load_recipe(file)


def _render(plan: Plan, file: Path) -> str:
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), keep_trailing_newline=True)
    templates.filters["quoted"] = _quoted
    command = shlex.join(["recognizer", "build", file.stem])
    return templates.get_template(TEMPLATE).render(plan=plan, command=command, description=_description(plan))


def _quoted(value: Any) -> str:
    """Return a text or a list of texts as TOML, whose quoted texts are written as in JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _description(plan: Plan) -> str:
    photos = describe_source(plan.engines).photos
    return f"Compares a photo with {photos} {_listed(plan.words)}, and says which of them it looks most like."


def _listed(words: Any) -> str:
    if len(words) > 4:
        return f"{len(words)} names"
    return f"{', '.join(words[:-1])} and {words[-1]}"
