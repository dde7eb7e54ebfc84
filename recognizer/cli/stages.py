"""What a command runs: a stage with its progress and its summary on the terminal.

with opened("textiles", None) as (recipe, store):
    run_build(recipe, store)
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.cli import summaries
from recognizer.cli.changes import follow_changes
from recognizer.cli.collecting import collected
from recognizer.cli.output import show
from recognizer.cli.sentences import BY_CTRL_C
from recognizer.errors import ModelError, NothingYet
from recognizer.recipe import Recipe, load_recipe

PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
AFTER_TRAINING = ("evaluate", "export")

if TYPE_CHECKING:  # no --help needs numpy, sqlite or rich
    from recognizer.report import Watch
    from recognizer.store.photo_store import PhotoStore


def stage_of(recipe: Recipe, store: "PhotoStore", name: str) -> "Callable[..., dict[str, Any]]":
    """Return the function of a stage: that of recipes with several outputs, or that of recipes of classes.

    Raises:
        NothingYet: the stage before has left nothing; said before the stage's libraries take their seconds.
    """
    if not any(store.photos.usable(label) for label in recipe.labels):
        raise NothingYet(store.work, "photos", recipe.command("collect"))
    if name in AFTER_TRAINING and not any((store.work / "runs").glob("*")):
        raise NothingYet(store.work, "trained run", recipe.command("train"))
    module, function = ("outputs", f"{name}_outputs") if recipe.has_outputs else (name, name)
    found: Callable[..., dict[str, Any]] = getattr(import_module(f"recognizer.{name}.{module}"), function)
    return found


def run_collect(recipe: Recipe, store: "PhotoStore", again: bool = False) -> None:
    """Search and store photos, class by class; with `again`, engines that had no more hits are asked again."""
    from recognizer.cli.progress import ClassDisplay
    from recognizer.collect.collect import collect

    with ClassDisplay() as watch:
        report = collect(recipe, store, watch, again=again)
    show(collected(recipe, report), report)


def run_clean(recipe: Recipe, store: "PhotoStore", auto: bool = True) -> None:
    """Run the checks; with `auto`, rules decide where they are sure."""
    clean = stage_of(recipe, store, "clean")
    report = _watched(lambda watch: clean(recipe, store, auto, watch))
    show(summaries.cleaned(recipe, report), report)


def run_train(recipe: Recipe, store: "PhotoStore") -> None:
    """Train; of several processes, only rank 0 shows progress and summary."""
    from recognizer.train import processes

    train = stage_of(recipe, store, "train")
    if processes.is_rank_0():
        report = _watched(lambda watch: train(recipe, store, watch))
        show(summaries.trained(recipe, report), report)
    else:
        train(recipe, store)


def run_evaluate(recipe: Recipe, store: "PhotoStore") -> None:
    """Measure the last network on the held-out photos."""
    evaluate = stage_of(recipe, store, "evaluate")
    report = _watched(lambda watch: evaluate(recipe, store, watch))
    show(summaries.evaluated(recipe, report, store.work / "reports" / "evaluate.html"), report)


def run_export(recipe: Recipe, store: "PhotoStore", tflite: bool = False) -> None:
    """Write the model folder; with `tflite`, two more forms of the network in it."""
    export = stage_of(recipe, store, "export")
    report = _watched(lambda watch: export(recipe, store, tflite, watch))
    show(summaries.exported(recipe, report), report)


def run_build(recipe: Recipe, store: "PhotoStore") -> None:
    """Do all of it in order."""
    from recognizer.clean.features import check_networks
    from recognizer.collect.own import check_filled
    from recognizer.faces.copies import check_faces
    from recognizer.splits.values import check_classes

    begun = time.monotonic()
    check_faces(recipe.train)  # which training would only say after hours of collecting
    check_networks(recipe)
    stages = {"collect": run_collect, "clean": run_clean, "train": run_train}
    stages |= {"evaluate": run_evaluate, "export": run_export}
    for number, (name, stage) in enumerate(stages.items(), start=1):
        show([*([""] if number > 1 else []), f"{number} of {len(stages)}: {name}"])
        stage(recipe, store)
        if name == "collect" and recipe.has_outputs:
            check_classes(recipe, store)  # which training would only say after all photos were looked at
        elif name == "collect":
            check_filled(recipe, store)
    seconds, model = time.monotonic() - begun, store.work / "model"
    report = {"stage": "build", "recipe": recipe.name, "seconds": round(seconds, 2), "model": str(model)}
    show(summaries.built(recipe, model, seconds), report)


def serve_model(model: Path, host: str, port: int, runtime: str = "onnx") -> None:
    """Serve a model folder until Ctrl-C or SIGTERM; no upload is left then."""
    for name in [name for name in os.environ if name.lower() in PROXIES]:
        del os.environ[name]  # nobody is asked from here, and with a SOCKS proxy Gradio could not even be imported
    from recognizer.serve.server import serve

    try:
        serve(model, host, port, say_where, runtime)
    except KeyboardInterrupt:  # just as it is meant to end: nothing need be said
        sys.exit(BY_CTRL_C)


def say_where(address: str) -> None:
    """Tell where a page is served."""
    show([f"Serving at {address} until Ctrl-C."])


@contextmanager
def opened(recipe: str, work: Path | None, begins: bool = False) -> Iterator["tuple[Recipe, PhotoStore]"]:
    """Load a recipe and open its photo store.

    Args:
        recipe: its name, or the path of its file.
        work: the work folder, if it is not the recipe's own.
        begins: whether the command may be the first, which makes the work folder.

    Raises:
        RecognizerError: nothing was begun yet, or the recipe has a mistake.
    """
    from recognizer.store.photo_store import PhotoStore

    found = load_recipe(recipe).asked_for(recipe, work)
    os.fsencode("".join(found.labels))  # folders will be called so; else a sentence says what is wrong
    folder = work_folder(found, work)
    if not begins and not folder.is_dir():
        raise NothingYet(folder, "photos", found.command("collect"))
    show([*follow_changes(found, folder)])
    with PhotoStore(folder, found.labels) as store:
        yield found, store


def model_folder(recipe: str, work: Path | None) -> Path:
    """Return the model folder of a recipe.

    Raises:
        ModelError: nothing was exported yet.
    """
    found = load_recipe(recipe).asked_for(recipe, work)
    folder = work_folder(found, work) / "model"
    if not folder.is_dir():
        raise ModelError(f"There is no model in {folder} yet; run {found.command('build')} first.")
    return folder


def work_folder(recipe: Recipe, work: Path | None) -> Path:
    """Return the folder that was asked for, or the recipe's own."""
    return work or Path("data") / recipe.name


def _watched(work: "Callable[[Watch], dict[str, Any]]") -> dict[str, Any]:
    from recognizer.cli.progress import ProgressDisplay

    with ProgressDisplay() as watch:
        return work(watch)
