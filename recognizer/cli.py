"""The commands; the only code that prints and exits.

Exit codes: 0 done, 1 it could not be done (one line says what, why and what to do), 2 wrong usage.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from recognizer import processes, summaries
from recognizer.errors import RecognizerError
from recognizer.photos import PhotoStore
from recognizer.progress import ClassDisplay, ProgressDisplay
from recognizer.recipe import ENGINES, Recipe, load_recipe

SAMPLE = "textiles"
ADDRESS = "127.0.0.1"
PORT = 7860

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
out = Console(soft_wrap=True)

RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="A name in data/recipes/, or the path of a recipe.")]
Work = Annotated[Path | None, typer.Option(help="The work folder; data/<recipe> by default.", show_default=False)]
Model = Annotated[Path, typer.Option(help="A model folder, as export writes it.")]
Host = Annotated[str, typer.Option(help="The address to listen at.")]
Port = Annotated[int, typer.Option(help="The port to listen at.")]
Reviewer = Annotated[str | None, typer.Option(help="Who decides; your login name by default.", show_default=False)]


def _known_engines(engines: list[str] | None) -> list[str] | None:
    unknown = [engine for engine in engines or () if engine not in ENGINES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is not an engine; allowed are {', '.join(ENGINES)}.")
    return engines


EngineNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        callback=_known_engines,
        help=f"An engine to ask in place of the recipe's, of {', '.join(ENGINES)}; may be given several times.",
        show_default=False,
    ),
]
OwnPhotos = Annotated[
    Path | None,
    typer.Option(help="Photos of your own, a subfolder a class, for --engine folder.", show_default=False),
]
Auto = Annotated[bool, typer.Option(help="Whether rules decide where they are sure.")]


def _share(precision: float | None) -> float | None:
    if precision is not None and not 0 < precision < 1:
        raise typer.BadParameter(f"{precision:g} is no share; it has to be between 0 and 1, as 0.98 is.")
    return precision


Precision = Annotated[
    float | None,
    typer.Option(
        callback=_share,
        help="Share of the rules' decisions about labels that shall be right, in place of the recipe's.",
        show_default=False,
    ),
]


@app.callback()
def main() -> None:
    """Turn a list of words into a public, honest photo classifier.

    recognizer demo  builds the sample and serves it.
    """


@app.command()
def collect(recipe: RecipeName, work: Work = None, engine: EngineNames = None, folder: OwnPhotos = None) -> None:
    """Find photos through image search and store them.

    Example: recognizer collect ethnic-groups --engine openverse --engine commons
    """
    with _opened(recipe, work) as (found, store):
        _collect(_with_engines(found, engine, folder), store)


@app.command()
def clean(recipe: RecipeName, work: Work = None, auto: Auto = True, precision: Precision = None) -> None:
    """Find copies, poor pictures and wrong labels, and decide where that is sure.

    Example: recognizer clean ethnic-groups --precision 0.98
    """
    with _opened(recipe, work) as (found, store):
        _clean(_with_precision(found, precision), store, auto)


@app.command()
def undo(
    recipe: RecipeName,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="The photo's sha256, or its first digits.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Undo all that the rules decided.")] = False,
    work: Work = None,
) -> None:
    """Undo what the rules decided about one photo or all; they will not decide the same again.

    Example: recognizer undo ethnic-groups 3f2a9c41d07b
    """
    if bool(photo) == everything:
        raise typer.BadParameter("Name one photo, or give --all.")
    with _opened(recipe, work) as (_, store):
        _show([summaries.table("Undone", {"decisions of the rules": len(store.undo_automatic(photo or None))})])


@app.command()
def review(
    recipe: RecipeName, work: Work = None, host: Host = ADDRESS, port: Port = PORT, name: Reviewer = None
) -> None:
    """Open the page where a person decides about photos, the most valuable first.

    Example: recognizer review ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        from recognizer.clean.review import make_review, reviewer_name, serve_review

        page = make_review(found, store, reviewer_name(name), host)
        with _port(host, port):
            serve_review(page, host, port, _say_where)


@app.command()
def train(recipe: RecipeName, work: Work = None) -> None:
    """Fine-tune the network on the kept photos.

    Example: recognizer train ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _train(found, store)


@app.command()
def evaluate(recipe: RecipeName, work: Work = None) -> None:
    """Measure the network on photos that it has never seen.

    Example: recognizer evaluate ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _evaluate(found, store)


@app.command()
def export(recipe: RecipeName, work: Work = None) -> None:
    """Write the model folder: the network in four forms, model.json, the model card and the credits.

    Example: recognizer export ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _export(found, store)


@app.command()
def build(recipe: RecipeName, work: Work = None) -> None:
    """Do all of it in order: collect, clean, train, evaluate, export.

    Example: recognizer build ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _build(found, store)


@app.command()
def forget(
    recipe: RecipeName,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A photo's sha256, its address, or its page's address.")],
    work: Work = None,
) -> None:
    """Remove photos for good, with their near copies, and keep them from coming back.

    Example: recognizer forget ethnic-groups https://example.org/photo.jpg
    """
    with _opened(recipe, work) as (found, store):
        from recognizer.forget import forget

        _show(summaries.forgotten(found, forget(found, store, what)))


@app.command()
def credits(
    recipe: RecipeName,
    work: Work = None,
    to: Annotated[Path | None, typer.Option(help="The file; ATTRIBUTION.md in the work folder by default.")] = None,
) -> None:
    """Write title, author, licence and page of every kept photo.

    Example: recognizer credits ethnic-groups --to ATTRIBUTION.md
    """
    with _opened(recipe, work) as (found, store):
        from recognizer.credits import FILE, write_credits

        counts = write_credits(found, store, to)["counts"]
        rows = {"photos": counts["photos"], "of no known licence": counts["without_licence"]}
        _show([summaries.table(f"Credits in {to or store.work / FILE}", rows)])


@app.command()
def serve(recipe: RecipeName, work: Work = None, host: Host = ADDRESS, port: Port = PORT) -> None:
    """Serve the exported model on a page with an API.

    Example: recognizer serve ethnic-groups
    """
    with _sentences():
        _serve(_work(load_recipe(recipe), work) / "model", host, port)


@app.command()
def demo(work: Work = None, host: Host = ADDRESS, port: Port = PORT) -> None:
    """Build the sample recipe, unless that is done, and serve it.

    Example: recognizer demo
    """
    with _opened(SAMPLE, work) as (found, store):
        if not (store.work / "model" / "model.json").is_file():
            _build(found, store)
        _serve(store.work / "model", host, port)


@app.command()
def classify(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Picture files.")],
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Say which class's photos each photo looks most like.

    Example: recognizer classify photo.jpg --model data/textiles/model
    """
    with _sentences():
        from recognizer.classify import Classifier

        classifier = Classifier(model)
        for photo in photos:
            _print_prediction(photo, classifier.predict(_read(photo)), as_json)


@app.command()
def publish(
    to: Annotated[Path, typer.Option(help="The folder to write.")],
    recipe: RecipeName = "ethnic-groups",
    work: Work = None,
) -> None:
    """Write a complete folder for a Hugging Face Space.

    Example: recognizer publish ethnic-groups --to space
    """
    with _sentences():
        from recognizer.publish import publish as write

        files = write(_work(load_recipe(recipe), work) / "model", to)
        _show([summaries.table(f"Space in {to}", {"files": len(files)})])


def _collect(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.collect.collector import collect

    with ClassDisplay() as watch:
        report = collect(recipe, store, watch)
    _show(summaries.collected(recipe, report))


def _with_engines(recipe: Recipe, engines: list[str] | None, folder: Path | None) -> Recipe:
    """Put the engines and the folder of the command in the place of the recipe's."""
    changes: dict[str, Any] = {"engines": list(dict.fromkeys(engines))} if engines else {}
    if folder:
        changes["folder"] = str(folder)
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update=changes)})


def _with_precision(recipe: Recipe, precision: float | None) -> Recipe:
    """Put the precision of the command in the place of the recipe's."""
    changes = {} if precision is None else {"precision": precision}
    return recipe.model_copy(update={"clean": recipe.clean.model_copy(update=changes)})


def _clean(recipe: Recipe, store: PhotoStore, auto: bool = True) -> None:
    from recognizer.clean.cleaner import clean

    _show(summaries.cleaned(recipe, _watched(lambda watch: clean(recipe, store, auto, watch))))


def _train(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.train import train

    if processes.is_first():
        _show(summaries.trained(recipe, _watched(lambda watch: train(recipe, store, watch))))
    else:
        train(recipe, store)


def _evaluate(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.evaluate import evaluate

    _show(summaries.evaluated(recipe, _watched(lambda watch: evaluate(recipe, store, watch))))


def _export(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.export import export

    _show(summaries.exported(recipe, export(recipe, store)))


def _build(recipe: Recipe, store: PhotoStore) -> None:
    for stage in (_collect, _clean, _train, _evaluate, _export):
        stage(recipe, store)


def _serve(model: Path, host: str, port: int) -> None:
    from recognizer.classify import Classifier
    from recognizer.interface import launch_options, make_interface

    _launch(make_interface(Classifier(model)), host, port, launch_options())


def _launch(page: Any, host: str, port: int, options: dict[str, Any]) -> None:
    with _port(host, port):
        page.launch(server_name=host, server_port=port, prevent_thread_lock=True, quiet=True, **options)
        _say_where(page.local_url)
        page.block_thread()


def _say_where(address: str) -> None:
    out.print(f"Serving at {address} until Ctrl-C.", markup=False)


@contextmanager
def _port(host: str, port: int) -> Iterator[None]:
    """Say it in a sentence where a port cannot be used."""
    try:
        yield
    except OSError as error:
        raise RecognizerError(
            f"Port {port} at {host} cannot be used; another program may have it. Use --port."
        ) from error


@contextmanager
def _opened(recipe: str, work: Path | None) -> Iterator[tuple[Recipe, PhotoStore]]:
    """Load a recipe and open its photo store, with errors as sentences."""
    with _sentences():
        found = load_recipe(recipe)
        with PhotoStore(_work(found, work), found.labels) as store:
            yield found, store


def _work(recipe: Recipe, work: Path | None) -> Path:
    return work or Path("data") / recipe.name


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn errors raised on purpose into one line and exit code 1."""
    try:
        yield
    except RecognizerError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error


def _watched(work: Callable[[ProgressDisplay], dict[str, Any]]) -> dict[str, Any]:
    with ProgressDisplay() as watch:
        return work(watch)


def _read(photo: Path) -> bytes:
    try:
        return photo.read_bytes()
    except OSError as error:
        raise RecognizerError(f"{photo} cannot be read: {error.strerror}.") from error


def _print_prediction(photo: Path, prediction: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"photo": str(photo), "label": prediction.label, "probabilities": prediction.probabilities}))
        return
    likely = ", ".join(f"{name} {p:.0%}" for name, p in list(prediction.probabilities.items())[:3])
    print(f"{photo}: {prediction.label} ({likely})")


def _show(summary: summaries.Summary) -> None:
    for part in summary:
        out.print(part, markup=False)
