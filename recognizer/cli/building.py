"""The commands that make a model, in the order of their stages, and the one that runs them all."""

from typing import Annotated

import typer

from recognizer.cli import options, stages
from recognizer.cli.app import ADDRESS, EXITS, PORT, app
from recognizer.cli.engines import choose_engines
from recognizer.cli.stages import model_folder, opened


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
    with opened(recipe, work, begins=True) as (found, store):
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
    """Train the network on the kept photos.

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
    with opened(recipe, work, begins=True) as (found, store):
        stages.run_build(choose_engines(found, store.work, engine, folder), store)
    if then_serve:
        stages.serve_model(model_folder(recipe, work), ADDRESS, PORT)
