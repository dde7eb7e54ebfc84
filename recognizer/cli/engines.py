"""Where photos come from: what a command names, else the folder that an earlier command named, else the recipe.

recipe = choose_engines(recipe, work, engines=None, folder=Path("photos"))
"""

from pathlib import Path
from typing import Any

import typer

from recognizer.cli.output import show
from recognizer.recipe import Recipe
from recognizer.report import read_json, write_json

REMEMBERED = "folder.json"  # in the work folder: the folder of one's own photos, and the engines beside it
FOLDER = "folder"


def choose_engines(recipe: Recipe, work: Path, engines: list[str] | None, folder: Path | None) -> Recipe:
    """Return a recipe with the engines and the folder of a command.

    Whoever once gave a folder of their own photos means it the next time, too, and no search engine: later commands go
    on with it, until one names other engines.

    Args:
        recipe: the recipe.
        work: the work folder.
        engines: that the command names; None where it names none.
        folder: of one's own photos, as the command names it.
    """
    own = "dataset" if recipe.has_outputs else FOLDER  # the engine whose photos lie in a folder
    if recipe.has_outputs and engines and {*engines} != {own}:
        raise typer.BadParameter(f"{recipe.name} has outputs, whose photos come from a data set; leave --engine out.")
    if not recipe.has_outputs and "dataset" in (engines or ()):
        raise typer.BadParameter(f"{recipe.name} has no outputs, as a data set needs; for your own photos: --folder.")
    if folder and engines and own not in engines:
        raise typer.BadParameter("--folder is for the engine folder; leave --engine out, or name --engine folder, too.")
    remembered = {} if folder else _remembered(recipe, work)
    if not (engines or folder):
        return _say(_with(recipe, **remembered)) if remembered else recipe
    chosen = _with(recipe, engines=list(dict.fromkeys(engines or [own])))
    if own in chosen.collect.engines:
        chosen = _with(chosen, folder=str(folder or remembered.get(FOLDER, recipe.collect.folder)))
        _remember(chosen, own, work)
    else:
        (work / REMEMBERED).unlink(missing_ok=True)
    return chosen


def _remember(recipe: Recipe, own: str, work: Path) -> None:
    """Write down where photos come from, once that folder is seen to serve."""
    from recognizer.collect.engines.make import make_engines

    make_engines(recipe.collect, outputs=recipe.outputs)[own].check(recipe.classes, work)
    place = str(Path(recipe.collect.folder).expanduser().absolute())
    write_json(work / REMEMBERED, {"engines": recipe.collect.engines, FOLDER: place})


def _remembered(recipe: Recipe, work: Path) -> dict[str, Any]:
    file = work / REMEMBERED
    if not file.is_file():
        return {}
    way_out = f"name the folder again: {recipe.command('collect')} --folder DIR"
    found: dict[str, Any] = read_json(file, {"engines": [str], "folder": str}, way_out)
    return found


def _with(recipe: Recipe, **changes: Any) -> Recipe:
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update=changes)})


def _say(recipe: Recipe) -> Recipe:
    """Tell what is gone on with, and how to have it otherwise."""
    engines = ", ".join(recipe.collect.engines)
    otherwise = "to change that, give another --folder, or --engine with a search engine"
    show([f"Photos come from {recipe.collect.folder} (asked: {engines}), as before; {otherwise}."])
    return recipe
