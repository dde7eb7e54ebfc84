"""What the commands take: arguments and options, with what makes no sense refused, and what they change in a recipe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.recipe import ENGINES, Recipe

RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A name in data/recipes/, or the path of a recipe.")]
Work = Annotated[Path | None, typer.Option(help="The work folder; data/<recipe> by default.", show_default=False)]
Model = Annotated[Path, typer.Option(help="A model folder, as export writes it.")]
Host = Annotated[str, typer.Option(help="The address to listen at.")]
Port = Annotated[int, typer.Option(help="The port to listen at.")]
Reviewer = Annotated[str | None, typer.Option(help="Who decides; your login name by default.", show_default=False)]


def known_engines(engines: list[str] | None) -> list[str] | None:
    """Refuse names that are no engine's."""
    unknown = [engine for engine in engines or () if engine not in ENGINES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is not an engine; allowed are {', '.join(ENGINES)}.")
    return engines


EngineNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        callback=known_engines,
        help=f"An engine to ask in place of the recipe's, of {', '.join(ENGINES)}; may be given several times.",
        show_default=False,
    ),
]
OwnPhotos = Annotated[
    Path | None,
    typer.Option(help="Photos of your own, a subfolder a class, for --engine folder.", show_default=False),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Ask engines that had no more hits again now; otherwise they are asked again after a day."
    ),
]
Auto = Annotated[bool, typer.Option(help="Whether rules decide where they are sure.")]


def share(precision: float | None) -> float | None:
    """Refuse what is not between 0 and 1."""
    if precision is not None and not 0 < precision < 1:
        raise typer.BadParameter(f"{precision:g} is no share; it has to be between 0 and 1, as 0.98 is.")
    return precision


Precision = Annotated[
    float | None,
    typer.Option(
        callback=share,
        help="Share of the rules' decisions about labels that shall be right, in place of the recipe's.",
        show_default=False,
    ),
]


def with_engines(recipe: Recipe, engines: list[str] | None, folder: Path | None) -> Recipe:
    """Put the engines and the folder of the command in the place of the recipe's."""
    changes: dict[str, Any] = {"engines": list(dict.fromkeys(engines))} if engines else {}
    if folder:
        changes["folder"] = str(folder)
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update=changes)})


def with_precision(recipe: Recipe, precision: float | None) -> Recipe:
    """Put the precision of the command in the place of the recipe's."""
    changes = {} if precision is None else {"precision": precision}
    return recipe.model_copy(update={"clean": recipe.clean.model_copy(update=changes)})
