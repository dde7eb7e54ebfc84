"""The commands that use a model: serve it, ask it, put it on the web."""

from pathlib import Path
from typing import Annotated

import typer

from recognizer.cli import options, publishing, stages
from recognizer.cli.app import ADDRESS, EXITS, PORT, app
from recognizer.cli.stages import model_folder, opened

SAMPLE = "textiles"
RUNTIME = "onnx"


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
    with opened(SAMPLE, work, begins=True) as (found, store):
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
    space: publishing.SpaceThatAnswers = None,
    work: options.Work = None,
    runtime: options.RuntimeName = RUNTIME,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Put a model on the web: push a Space to Hugging Face, or write a folder.

    Example: recognizer publish ethnic-groups --push me/groups
    """
    where = publishing.Where(to, push, with_model, with_index, private, space)
    publishing.run_publish(recipe, work, where, form, runtime)
