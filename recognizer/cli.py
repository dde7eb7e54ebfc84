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
from rich.table import Table

from recognizer.errors import RecognizerError
from recognizer.photos import PhotoStore
from recognizer.progress import ProgressDisplay
from recognizer.recipe import Recipe, load_recipe

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
Auto = Annotated[bool, typer.Option(help="Whether rules decide where they are sure.")]


@app.callback()
def main() -> None:
    """Turn a list of words into a public, honest photo classifier.

    recognizer demo  builds the sample and serves it.
    """


@app.command()
def collect(recipe: RecipeName, work: Work = None) -> None:
    """Find photos through image search and store them.

    Example: recognizer collect ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _collect(found, store)


@app.command()
def clean(recipe: RecipeName, work: Work = None, auto: Auto = True) -> None:
    """Find copies, empty pictures and wrong labels, and decide where that is sure.

    Example: recognizer clean ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        _clean(found, store, auto)


@app.command()
def review(recipe: RecipeName, work: Work = None, host: Host = ADDRESS, port: Port = PORT) -> None:
    """Open the page where a person decides about photos, worst first.

    Example: recognizer review ethnic-groups
    """
    with _opened(recipe, work) as (found, store):
        from recognizer.clean.review import make_review, review_options

        _launch(make_review(found, store), host, port, review_options(store))


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
    """Write the model folder: learner.pkl, model.onnx, model.json and the model card.

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
        _print_table(f"Space in {to}", {"files": len(files)})


def _collect(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.collect.collector import collect

    report = _watched(lambda watch: collect(recipe, store, watch))
    _print_table(f"Photos for {recipe.name}", {**report["counts"], **_indented(report["failures"])})
    for refusal in report["refused"]:
        out.print(refusal, markup=False)
    short = [label for label, number in report["labels"].items() if number < recipe.collect.photos]
    if short and not report["refused"]:
        names = "every class" if len(short) == len(recipe.labels) else ", ".join(short)
        out.print(f"Searches ran dry for {names}; what there is was taken.", markup=False)


def _clean(recipe: Recipe, store: PhotoStore, auto: bool = True) -> None:
    from recognizer.clean.cleaner import clean

    report = _watched(lambda watch: clean(recipe, store, auto, watch))
    issues = {f"{check}, worth a look": number for check, number in report["issues"].items()}
    _print_table(f"Cleaned {recipe.name}", {**issues, **report["counts"]})


def _train(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.train import train

    report = _watched(lambda watch: train(recipe, store, watch))
    _print_table(f"Trained {recipe.name}", {**report["counts"], "seconds": round(report["seconds"])})


def _evaluate(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.evaluate import evaluate

    report = evaluate(recipe, store)
    low, high = report["accuracy_interval"]
    rows = {
        "held-out photos": report["photos"],
        "accuracy": f"{report['accuracy']:.1%}",
        "95 % interval": f"{low:.1%} to {high:.1%}",
        "answered": f"{report['coverage']:.1%}",
        "calibration error": report["ece"],
    }
    _print_table(f"Evaluated {recipe.name}", rows)


def _export(recipe: Recipe, store: PhotoStore) -> None:
    from recognizer.export import export

    agreement = export(recipe, store)["agreement"]
    rows = {"largest difference pkl to ONNX": f"{agreement['largest_difference']:.1e}"}
    _print_table(f"Model in {store.work / 'model'}", rows)


def _build(recipe: Recipe, store: PhotoStore) -> None:
    for stage in (_collect, _clean, _train, _evaluate, _export):
        stage(recipe, store)


def _serve(model: Path, host: str, port: int) -> None:
    from recognizer.classify import Classifier
    from recognizer.interface import launch_options, make_interface

    _launch(make_interface(Classifier(model)), host, port, launch_options())


def _launch(page: Any, host: str, port: int, options: dict[str, Any]) -> None:
    try:
        page.launch(server_name=host, server_port=port, prevent_thread_lock=True, quiet=True, **options)
        out.print(f"Serving at {page.local_url} until Ctrl-C.", markup=False)
        page.block_thread()
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


def _print_table(title: str, rows: dict[str, Any]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, str(value))
    out.print(table)


def _indented(rows: dict[str, int]) -> dict[str, int]:
    return {f"  {name}": number for name, number in rows.items()}
