"""What the commands take: arguments and options, with what makes no sense refused, and what they change in a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from recognizer import __version__
from recognizer.cli.output import as_json, log_to
from recognizer.errors import RecipeError, RecognizerError
from recognizer.recipe import ENGINES, Recipe

RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or its path.")]
Work = Annotated[Path | None, typer.Option(help="The work folder; data/<recipe> by default.", show_default=False)]
Json = Annotated[
    bool, typer.Option("--json", callback=as_json, help="Print reports, a JSON object a line; all else is on stderr.")
]
Log = Annotated[
    Path | None,
    typer.Option(
        callback=log_to, metavar="FILE", help="Write all that is said into this file, too.", show_default=False
    ),
]
Model = Annotated[Path, typer.Option(help="A model folder, as export writes it.")]


def known_host(host: str) -> str:
    """Refuse a name that no machine has.

    Raises:
        RecognizerError: it has no address.
    """
    import socket

    try:
        socket.getaddrinfo(host or " ", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RecognizerError(
            f"There is no machine called “{host}”; give --host an address of this one, such as 127.0.0.1."
        ) from error
    return host


def print_version(wanted: bool) -> None:
    """Print the version, and end, where that is wanted."""
    if wanted:
        print(f"recognizer {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version.")]
Host = Annotated[str, typer.Option(callback=known_host, help="The address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen at; 0 takes a free one.")]
Reviewer = Annotated[str | None, typer.Option(help="Who decides; your login name by default.", show_default=False)]

RUNTIME_NAMES = ("onnx", "fastai")


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
        help=f"An engine that finds photos, of {', '.join(ENGINES)}; may be given several times. Left out: those of "
        "the recipe, or, for a new one, those that ask for no key.",
        show_default=False,
    ),
]
OwnPhotos = Annotated[
    Path | None,
    typer.Option(help="Photos of your own: a subfolder a class, or a data set.", show_default=False),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Ask engines that had no more hits again now; otherwise they are asked again after a day."
    ),
]
Auto = Annotated[
    bool,
    typer.Option(help="Whether rules decide where they are sure, and photos are learned as what they likely show."),
]


Tflite = Annotated[
    bool,
    typer.Option(
        "--tflite",
        help="Write model.tflite and model.float32.tflite, too. What converts them is fetched the first time: about "
        "1 GB in your cache (~/.cache/recognizer/.venv-tflite), in one to three minutes.",
    ),
]


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


def known_runtime(runtime: str) -> str:
    """Refuse what is no runtime's name."""
    if runtime not in RUNTIME_NAMES:
        raise typer.BadParameter(f"{runtime} is no runtime; allowed are {' and '.join(RUNTIME_NAMES)}.")
    return runtime


RuntimeName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        callback=known_runtime,
        help="What runs the network: onnx (quick to start), or fastai, which opens learner.pkl, a file that may run "
        "code: only of people you trust.",
    ),
]


def with_precision(recipe: Recipe, precision: float | None) -> Recipe:
    """Put the precision of the command in the place of the recipe's."""
    if precision is not None and recipe.has_outputs:
        raise RecipeError(f"{recipe.name} has outputs, whose labels are left as they are; leave out --precision.")
    changes = {} if precision is None else {"precision": precision}
    return recipe.model_copy(update={"clean": recipe.clean.model_copy(update=changes)})
