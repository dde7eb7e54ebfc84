"""The command publish: its options, what makes no sense among them, and what it does, step by step.

run_publish("bags", None, Where(to=Path("site"), push="me/bags"), form="static", runtime="onnx")
"""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recognizer.cli import summaries
from recognizer.cli.output import show
from recognizer.cli.stages import model_folder
from recognizer.publish.forms import DEFAULT, FORMS, Form
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.pushed import names_of_kind
from recognizer.store.spaces import PUBLISHED

if TYPE_CHECKING:  # no --help needs the Hub's library
    from recognizer.publish.hub import Hub
    from recognizer.publish.repository import Pushed, Repository

FORM = DEFAULT
NEEDS = "\b\nForms:\n" + "\n".join(f"  {form.name}: {form.needs}." for form in FORMS.values())


def known_form(name: str) -> str:
    """Refuse a form that there is not."""
    if name not in FORMS:
        raise typer.BadParameter(f"{name} is no form; allowed are {', '.join(FORMS)}.")
    return name


def full_name(name: str | None) -> str | None:
    """Refuse what can be no name of a repository."""
    if name is None:
        return None
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise typer.BadParameter(f"{name} can be no name on the Hub; give OWNER/NAME, such as me/bags.") from error
    if name.count("/") != 1:
        raise typer.BadParameter(f"{name} has no owner; give OWNER/NAME, such as me/{name}.")
    return name


def space_or_address(text: str | None) -> str | None:
    """Refuse what the site could not ask: see docs/js/space-address.js."""
    if text is None or re.match(r"https://[^\s@]+$|http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?$", text):
        return text
    if "://" in text:
        raise typer.BadParameter(f"{text} would get photos unencrypted, or is no address; give one with https://.")
    return full_name(text)


To = Annotated[Path | None, typer.Option(help="The folder to write.", show_default=False)]
Push = Annotated[
    str | None,
    typer.Option(
        callback=full_name, metavar="OWNER/NAME", help="The Space to push to, which is made if it is missing."
    ),
]
FormName = Annotated[
    str, typer.Option(callback=known_form, metavar="|".join(FORMS), help="static: free; what each needs, below.")
]
Private = Annotated[bool, typer.Option("--private", help="Let only its owner see what is pushed.")]
WithModel = Annotated[
    str | None, typer.Option(callback=full_name, metavar="OWNER/NAME", help="Push the model folder, too, to a model.")
]
WithIndex = Annotated[
    str | None,
    typer.Option(
        callback=full_name, metavar="OWNER/NAME", help="Push where the photos come from, too, to a data set; no photos."
    ),
]


SpaceThatAnswers = Annotated[
    str | None,
    typer.Option(
        "--space",
        callback=space_or_address,
        metavar="OWNER/NAME|ADDRESS",
        help="For static and pages: the Space that answers on the site, in place of visitors' browsers.",
    ),
]


@dataclass(frozen=True)
class Where:
    """Where it is published: a folder, a Space, and beside it repositories of the model and of the index of photos.

    `space` is the one that answers on a site, where visitors' browsers do not.
    """

    to: Path | None = None
    push: str | None = None
    model: str | None = None
    index: str | None = None
    private: bool = False
    space: str | None = None


def check(where: Where, form: str, runtime: str) -> None:
    """Refuse what makes no sense."""
    if not (where.to or where.push or where.model or where.index):
        raise typer.BadParameter("Give --push OWNER/NAME, or --to with a folder to write, or both.")
    if where.push and not FORMS[form].sdk:
        raise typer.BadParameter(
            f"--form {form} is a folder and no Space; give it with --to docs, without --push, and commit that folder."
        )
    if where.space and FORMS[form].answers:
        raise typer.BadParameter(f"--space is for --form static and --form pages; --form {form} answers itself.")
    if where.private and not (where.push or where.model or where.index):
        raise typer.BadParameter(
            "--private is for what is pushed; leave it out, or give --push, --with-model or --with-index, too."
        )
    if runtime != "onnx" and form not in ("cpu", "docker"):
        raise typer.BadParameter(f"--runtime {runtime} is for --form cpu and --form docker.")


def run_publish(typed: str, work: Path | None, where: Where, form: str, runtime: str) -> None:
    """Write the folder; then push the repositories that were named, wait until the Space runs, and say where.

    Args:
        typed: the recipe, as the user typed it.
        work: the work folder, where one was named.
        where: where it is published.
        form: one of `FORMS`.
        runtime: what runs the network in a Space of the forms cpu and docker.
    """
    check(where, form, runtime)
    recipe, model = load_recipe(typed).asked_for(typed, work), model_folder(typed, work)
    if where.index:
        from recognizer.publish.index import check_listed

        check_listed(recipe)
    if where.to or where.push or where.model:
        show(_of_earlier_training(recipe, model))
    hub = _hub() if where.push or where.model or where.index else None  # before anything is done without a token
    if hub:
        _push_beside(hub, recipe, model, where)
    if where.to or where.push:
        _publish(hub, recipe, model, where, form, runtime)


def _of_earlier_training(recipe: Recipe, model: Path) -> summaries.Summary:
    """Say that a model is not of the newest training, and what to run where that one is meant; nothing where it is."""
    from recognizer.publish.newest import is_of_newest

    if is_of_newest(model):
        return []
    commands = ", then ".join(recipe.command(stage) for stage in ("evaluate", "export"))
    return [
        f"The model in {model} is of an earlier training than the newest one, and is published as it is; to publish "
        f"the newest, run {commands}, and publish again."
    ]


def _hub() -> "Hub":
    from recognizer.publish.hub import Hub

    return Hub(lambda sentence: show([sentence]))


def _push_beside(hub: "Hub", recipe: Recipe, model: Path, where: Where) -> None:
    """Push the model and the index, before the Space that links to them."""
    from recognizer.publish import pushing
    from recognizer.publish.repository import Repository

    if where.model:
        repository = Repository(where.model, "model", private=where.private)
        _say(repository, pushing.push(hub, model.parent, repository, pushing.model_files(model)))
    if where.index:
        repository = Repository(where.index, "dataset", private=where.private)
        _say(repository, pushing.push_index(hub, recipe, model.parent, repository))


def _publish(hub: "Hub | None", recipe: Recipe, model: Path, where: Where, form: str, runtime: str) -> None:
    """Write the folder, and push it where that is asked for."""
    from recognizer.publish.folder import publish
    from recognizer.publish.order import Order

    show([f"{form}: {FORMS[form].needs}."] if not where.space else [f"{form}: free; a site that asks {where.space}."])
    models, datasets = (names_of_kind(model.parent, kind) for kind in ("model", "dataset"))
    order = Order(FORMS[form], runtime, models, datasets, _address(where), where.space or "")
    to = where.to or model.parent / PUBLISHED / str(where.push).replace("/", "--")
    files = publish(recipe, model, to, order)
    report = json.loads((model.parent / "reports" / "publish.json").read_bytes())
    table = summaries.table(f"{'Space' if order.form.sdk else 'Site'} in {to}", {"files": len(files)})
    show([table, *([] if where.push else [_next(recipe, to, order.form)])], report)
    if hub and where.push:
        _push_space(hub, model.parent, to, where, order.form)


def _next(recipe: Recipe, to: Path, form: Form) -> str:
    """Say how a folder that is not pushed can be looked at."""
    if form.name == "docker":
        return f"Next: docker compose up --build in {to}, and open http://127.0.0.1:7860"
    if form.answers:
        return f"Next: {recipe.command('serve')} shows the same page on this machine."
    served = shlex.join(["python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(to), "8000"])
    return f"Next: {served}, and open http://127.0.0.1:8000"


def _address(where: Where) -> str:
    """Return where a site is seen once it is pushed, by the rule that the Hub has for that."""
    return f"https://{re.sub('[^a-z0-9]+', '-', where.push.lower())}.static.hf.space/" if where.push else ""


def _push_space(hub: "Hub", work: Path, to: Path, where: Where, form: Form) -> None:
    from recognizer.cli.progress import ProgressDisplay
    from recognizer.publish import pushing
    from recognizer.publish.repository import Repository

    repository = Repository(str(where.push), "space", form.sdk, form.hardware, where.private)
    pushed = pushing.push(hub, work, repository, pushing.space_files(to), form.name)
    _say(repository, pushed)
    with ProgressDisplay() as watch:
        hub.wait(repository, pushed, watch)
    show([f"It runs at {repository.url}"])


def _say(repository: "Repository", pushed: "Pushed") -> None:
    rows = {"files sent": pushed.sent, "MB": round(pushed.size / 1e6, 1), "files removed": pushed.removed}
    show(
        [summaries.table(f"Pushed to {repository.url}", rows)], {"stage": "push", "to": repository.url, "counts": rows}
    )
