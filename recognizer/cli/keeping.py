"""The commands about photos that are stored: take decisions back, remove photos, name those who took them."""

from pathlib import Path
from typing import Annotated

import typer

from recognizer.cli import options, summaries
from recognizer.cli.app import EXITS, app
from recognizer.cli.output import show
from recognizer.cli.stages import opened
from recognizer.recipe import Recipe
from recognizer.store.rows import NAMED_BY

PHOTO = f"A photo: {NAMED_BY}"


@app.command(epilog=EXITS)
def undo(
    recipe: options.RecipeName,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help=f"{PHOTO}.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Undo all that the rules decided.")] = False,
    work: options.Work = None,
    as_json: options.Json = False,
    log: options.Log = None,
) -> None:
    """Undo what the rules decided about one photo or all; they will not decide the same again.

    With --all, photos are learned as their labels until the next clean, too.

    Example: recognizer undo ethnic-groups 3f2a9c41d07b
    """
    if bool(photo) == everything:
        raise typer.BadParameter("Name one photo, or give --all.")
    with opened(recipe, work) as (found, store), store.locked():
        undone = len(store.decisions.undo_automatic(photo or None, found.command("review")))
        if everything:
            store.label_quality.remove_likelier()
        report = {"stage": "undo", "recipe": found.name, "counts": {"undone": undone}}
        show([summaries.table("Undone", {"decisions of the rules": undone}), *_next(found, undone)], report)


def _next(recipe: Recipe, undone: int) -> list[str]:
    """Say what comes after an undo; nothing where nothing was undone."""
    if not undone:
        return []
    checked = f"Or, to have the labels of photos put back checked first: {recipe.command('clean')}"
    # Cleaning checks no labels that a data set gives.
    return [f"Next: {recipe.command('review')}", *([] if recipe.has_outputs else [checked])]


@app.command(epilog=EXITS)
def forget(
    recipe: options.RecipeName,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"{PHOTO}; its address, or its page's address.")],
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
