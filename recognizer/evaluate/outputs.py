"""The evaluate stage of a recipe with several outputs: figures on held-out photos, for each group of every output."""

import recognizer.networks.torchvision_cure  # noqa: F401

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader

from recognizer.errors import RecognizerError
from recognizer.evaluate.cautions import cautions
from recognizer.evaluate.distributions import distribution_of
from recognizer.evaluate.measured import measured, split_of
from recognizer.evaluate.outputs_metrics import Answered, measure_outputs
from recognizer.files import write_whole
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.split import FEW
from recognizer.splits.values import Floats, Target
from recognizer.store.photo_store import PhotoStore
from recognizer.train.outputs import TrainedOutputs, load_outputs
from recognizer.words.figures import say_figure, say_gap
from recognizer.words.tags import tags_in
from recognizer.words.words import FOLDER as WORDS
from recognizer.words.words import SOURCE, words_in

TEMPLATE = "outputs.html"
PAGE = "evaluate.html"
FEWEST = 2  # values of an output; one has no spread


def evaluate_outputs(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Measure the last network on the held-out photos.

    Args:
        recipe: the recipe; it has outputs.
        store: the photo store.
        watch: told about photos.

    Returns:
        The report, as written to `reports/evaluate.json` and `reports/evaluate.html`: what `measure_outputs` returns,
        `distributions`, name of a number to what `distribution_of` returns, `run`, the fingerprint of the training that
        was measured, `measured`, a digest of what it was measured on, `notes`, what is to be said of held-out photos
        that were left out, `few`, "output: class" of which hardly any photo is held out, to how many are, and
        `missing`, how many photos have no file any more.

    Raises:
        RecognizerError: nothing is trained, or too few photos with a value of an output are held out.
        WorkInUse: another run is at work in the work folder.
    """
    begun = time.monotonic()
    with store.locked():
        trained = load_outputs(recipe, store)
        split, notes = split_of(recipe, trained.split, trained.run)
        trained, photos = replace(trained, split=split), split.held_out
        of_what = {"measured": measured(recipe, store, split), "notes": notes}
        logits = trained.predict(photos, watch)
        answers = [_answered(recipe, trained, name, logits) for name in trained.calibrations]
        _check_enough(answers)
        figures = {**measure_outputs(answers), "distributions": _distributions(recipe, answers)}
        figures |= {"run": trained.run.metrics["fingerprint"], "missing": split.missing, **of_what}
        figures["few"] = _few(figures["outputs"])
        for caution in _cautions(recipe, figures):
            logging.getLogger(__name__).warning(caution)
        seconds, counts = time.monotonic() - begun, {"photos": len(photos)}
        report = write_report(store.work, "evaluate", recipe.name, seconds, counts, **figures)
        write_page(recipe, report, store.work / "reports" / PAGE)
        return report


def _answered(recipe: Recipe, trained: TrainedOutputs, name: str, logits: Floats) -> Answered:
    """Return what the network says of the held-out photos, and what is true, of one output."""
    calibration = trained.calibrations[name]
    output = next(one for one in recipe.outputs if one.name == name)
    target = Target(output, tuple(calibration.centres))
    photos, learning = trained.split.held_out, trained.split.learning
    is_number = bool(calibration.centres)
    known = Counter(target.numbers(learning, trained.values).tolist())
    del known[-1]
    guess = np.nanmedian(target.amounts(learning, trained.values)) if is_number else max(known, key=lambda n: known[n])
    return Answered(
        name,
        output.labels,
        calibration.of(logits),
        target.numbers(photos, trained.values),
        target.amounts(photos, trained.values) if is_number else np.full(len(photos), np.nan),
        calibration.threshold,
        calibration.interval,
        float(guess),
        output.unit,
        output.source,
        calibration.checked,
    )


def _check_enough(answers: Sequence[Answered]) -> None:
    for one in answers:
        if one.known.sum() < FEWEST:
            raise RecognizerError(
                f"{one.known.sum()} held-out photos with a value of {one.name} are too few to measure on; bring more "
                "photos, or raise held_out under [train] in the recipe, and train again."
            )


def _few(outputs: dict[str, Any]) -> dict[str, int]:
    """Return "output: class" to how many photos are held out, of classes with fewer than `FEW`."""
    per_class = {name: one.get("per_class", {}) for name, one in outputs.items()}
    counts = {f"{name}: {label}": one["photos"] for name, found in per_class.items() for label, one in found.items()}
    return {label: count for label, count in counts.items() if count < FEW}


def _cautions(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    return cautions(recipe, {**report, "unrated_labels": 0})  # cleaning checks no values of outputs


def _distributions(recipe: Recipe, answers: Sequence[Answered]) -> dict[str, Any]:
    """Return how each number is distributed."""
    told = {one.name: one for one in answers}
    numbers = [one for one in recipe.outputs if one.kind == "number"]
    return {one.name: distribution_of(told[one.name], one.range) for one in numbers}


def write_page(recipe: Recipe, report: dict[str, Any], file: Path) -> None:
    """Write the report as a page: words about photos and figures, and no photo.

    Args:
        recipe: the recipe.
        report: of the evaluation.
        file: the page.
    """
    loader = FileSystemLoader([Path(__file__).parent, WORDS])
    pages = Environment(loader=loader, autoescape=True, trim_blocks=True)
    pages.filters |= {"percent": _percent, "figure": say_figure, "gap": say_gap}
    tags = tags_in(words_in(SOURCE))
    shown = {"recipe": recipe, "report": report, "cautions": _cautions(recipe, report)}
    write_whole(file, pages.get_template(TEMPLATE).render(**shown, **tags).encode())


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"
