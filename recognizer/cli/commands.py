"""The commands; what they take is in options.py, what they run in stages.py, and nothing else prints or exits.

Exit codes: 0 done, 1 it could not be done (one line says what, why and what to do), 2 wrong usage.
"""

from pathlib import Path
from typing import Annotated

import typer

from recognizer.cli import options, publishing, stages, summaries
from recognizer.cli.engines import choose_engines
from recognizer.cli.output import show
from recognizer.cli.sentences import Commands
from recognizer.cli.stages import model_folder, opened

SAMPLE = "textiles"
ADDRESS = "127.0.0.1"
PORT = 7860
RUNTIME = "onnx"
EXITS = "Exit codes: 0 done; 1 it could not be done, and a line on stderr says why; 2 wrong usage."

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    epilog=EXITS,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(version: options.Version = False) -> None:
    """Turn a list of words into a public, honest photo classifier.

    To try it: recognizer demo
    """


@app.command(epilog=EXITS)
def new(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Shown at the head of the pages.")] = "",
    words: Annotated[list[str] | None, typer.Argument(metavar="WORD...", help="One for each class.")] = None,
    topic: Annotated[str, typer.Option(help="What all of them are, such as bird.", show_default=False)] = "",
    engine: options.EngineNames = None,
    folder: options.OwnPhotos = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask Wikipedia what words mean.")] = False,
) -> None:
    """Write a recipe from a few words, or from a folder of photos; without either, it asks.

    Example: recognizer new "Birds of my garden" robin wren --topic bird
    """
    from recognizer.cli.new import new_recipe

    if folder and engine:
        raise typer.BadParameter("Give --engine or --folder, not both.")
    new_recipe(title, words or [], topic, engine or [], folder, offline)


@app.command(epilog=EXITS)
def collect(
    recipe: options.RecipeName,
    work: options.Work = None,
    engine: options.EngineNames = None,
    folder: options.OwnPhotos = None,
    again: options.Again = False,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Find photos through image search and store them.

    Example: recognizer collect ethnic-groups --engine openverse --engine commons
    """
    with opened(recipe, work) as (found, store):
        stages.run_collect(choose_engines(found, store.work, engine, folder), store, again)


@app.command(epilog=EXITS)
def clean(
    recipe: options.RecipeName,
    work: options.Work = None,
    auto: options.Auto = True,
    precision: options.Precision = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Find copies, poor pictures and wrong labels, and decide where that is sure.

    Example: recognizer clean ethnic-groups --precision 0.98
    """
    with opened(recipe, work) as (found, store):
        stages.run_clean(options.with_precision(found, precision), store, auto)


@app.command(epilog=EXITS)
def undo(
    recipe: options.RecipeName,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="The photo's sha256, or its first digits.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Undo all that the rules decided.")] = False,
    work: options.Work = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Undo what the rules decided about one photo or all; they will not decide the same again.

    Example: recognizer undo ethnic-groups 3f2a9c41d07b
    """
    if bool(photo) == everything:
        raise typer.BadParameter("Name one photo, or give --all.")
    with opened(recipe, work) as (found, store), store.locked():
        undone = len(store.decisions.undo_automatic(photo or None))
        report = {"stage": "undo", "recipe": found.name, "counts": {"undone": undone}}
        show([summaries.table("Undone", {"decisions of the rules": undone})], report)


@app.command(epilog=EXITS)
def review(
    recipe: options.RecipeName,
    work: options.Work = None,
    host: options.Host = ADDRESS,
    port: options.Port = PORT,
    name: options.Reviewer = None,
) -> None:
    """Open the page where a person decides about photos, those that most need it first.

    Example: recognizer review ethnic-groups
    """
    with opened(recipe, work) as (found, store):
        from recognizer.review.review import make_review, reviewer_name, serve_review
        from recognizer.serve.binding import bind

        page = make_review(found, store, reviewer_name(name), host)
        with bind(host, port) as bound:
            serve_review(page, bound, host, stages.say_where)


@app.command(epilog=EXITS)
def train(
    recipe: options.RecipeName,
    work: options.Work = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Fine-tune the network on the kept photos.

    Example: recognizer train ethnic-groups
    """
    with opened(recipe, work) as (found, store):
        stages.run_train(found, store)


@app.command(epilog=EXITS)
def evaluate(
    recipe: options.RecipeName,
    work: options.Work = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Measure the network on the held-out photos.

    Example: recognizer evaluate ethnic-groups
    """
    with opened(recipe, work) as (found, store):
        stages.run_evaluate(found, store)


@app.command(epilog=EXITS)
def export(
    recipe: options.RecipeName,
    work: options.Work = None,
    tflite: options.Tflite = False,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Write the model folder: the network in four forms, model.json, the model card and the credits.

    Example: recognizer export ethnic-groups
    """
    with opened(recipe, work) as (found, store):
        stages.run_export(found, store, tflite)


@app.command(epilog=EXITS)
def build(
    recipe: options.RecipeName,
    work: options.Work = None,
    engine: options.EngineNames = None,
    folder: options.OwnPhotos = None,
    then_serve: Annotated[bool, typer.Option("--serve", help="Serve the model once it is built.")] = False,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Do all of it in order: collect, clean, train, evaluate, export.

    Example: recognizer build bags --folder photos --serve
    """
    with opened(recipe, work) as (found, store):
        stages.run_build(choose_engines(found, store.work, engine, folder), store)
    if then_serve:
        stages.serve_model(model_folder(recipe, work), ADDRESS, PORT)


@app.command(epilog=EXITS)
def forget(
    recipe: options.RecipeName,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A photo's sha256, its address, or its page's address.")],
    work: options.Work = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Remove photos for good, with their near copies, and keep them from coming back.

    Example: recognizer forget ethnic-groups https://example.org/photo.jpg
    """
    with opened(recipe, work) as (found, store):
        from recognizer.store.forget import forget

        report = forget(found, store, what)
        show(summaries.forgotten(found, report), report)


@app.command(epilog=EXITS)
def credits(
    recipe: options.RecipeName,
    work: options.Work = None,
    to: Annotated[Path | None, typer.Option(help="The file; ATTRIBUTION.md in the work folder by default.")] = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Write title, author, licence and page of every kept photo.

    Example: recognizer credits ethnic-groups --to ATTRIBUTION.md
    """
    with opened(recipe, work) as (found, store):
        from recognizer.store.credits import FILE, write_credits

        report = write_credits(found, store, to)
        rows = {"photos": report["counts"]["photos"], "of no known licence": report["counts"]["without_licence"]}
        show([summaries.table(f"Credits in {to or store.work / FILE}", rows)], report)


@app.command(epilog=EXITS)
def serve(
    recipe: options.RecipeName,
    work: options.Work = None,
    host: options.Host = ADDRESS,
    port: options.Port = PORT,
    runtime: options.RuntimeName = RUNTIME,
) -> None:
    """Serve the exported model on a page with an API.

    Example: recognizer serve ethnic-groups
    """
    stages.serve_model(model_folder(recipe, work), host, port, runtime)


@app.command(epilog=EXITS)
def demo(work: options.Work = None, host: options.Host = ADDRESS, port: options.Port = PORT) -> None:
    """Build the sample recipe, unless that is done, and serve it.

    Example: recognizer demo
    """
    with opened(SAMPLE, work) as (found, store):
        if not (store.work / "model" / "model.json").is_file():
            stages.run_build(found, store)
        stages.serve_model(store.work / "model", host, port)


@app.command(epilog=EXITS)
def classify(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Picture files.")],
    model: options.Model,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    runtime: options.RuntimeName = RUNTIME,
) -> None:
    """Say what photos each photo looks most like, or what every output of a model says of it.

    Example: recognizer classify photo.jpg --model data/textiles/model
    """
    from recognizer.cli.classifying import classify_all
    from recognizer.serve.opening import open_model

    if not classify_all(open_model(model, runtime), photos, as_json):
        raise typer.Exit(1)


@app.command(epilog=f"{publishing.NEEDS}\n\n{EXITS}")
def publish(
    recipe: options.RecipeName = "ethnic-groups",
    to: publishing.To = None,
    push: publishing.Push = None,
    form: publishing.FormName = publishing.FORM,
    with_model: publishing.WithModel = None,
    with_index: publishing.WithIndex = None,
    private: publishing.Private = False,
    work: options.Work = None,
    runtime: options.RuntimeName = RUNTIME,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Put a model on the web: push a Space to Hugging Face, or write a folder.

    Example: recognizer publish ethnic-groups --push me/groups
    """
    where = publishing.Where(to, push, with_model, with_index, private)
    publishing.run_publish(recipe, work, where, form, runtime)
