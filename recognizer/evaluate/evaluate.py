"""The evaluate stage: what the trained network does on the held-out part, which nothing before it has seen.

The labels of held-out photos are those of the search that found them, unless a person corrected them; no rule does.
Where searches return wrong photos the accuracy here is therefore lower than the truth, never higher.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.calibration.abstain import energy
from recognizer.calibration.calibrate import Numbers, Probabilities
from recognizer.errors import RecognizerError
from recognizer.evaluate import figures
from recognizer.evaluate.leak import claim_of_random_split
from recognizer.evaluate.metrics import coverage_curve, measure
from recognizer.evaluate.page import write_html
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.learner import observe
from recognizer.train.train import last_run, load_trained
from recognizer.train.trained import label_numbers, trusts


def evaluate(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Measure the last trained network on the held-out photos.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about photos.

    Returns:
        The report, as written to `reports/evaluate.json` and, with pictures, to `reports/evaluate.html`: `accuracy` and
        `accuracy_interval` (Wilson, 95 %), `photos`, `top3`, `ece` (15 bins), `ece_by_chance` (what `ece` would be
        on average if the probabilities were exactly right), `coverage` (share of the photos that get an answer),
        `selective_accuracy` (of those answers), `per_class`, each class with its own accuracy, interval and number of
        photos, `likely_wrong_labels` (how many of the photos' labels are likely wrong, as far as `clean` and `review`
        know: the sum of each one's probability), `out_of_fold` (the same for photos judged by networks that had not
        learned from them), `random_split`, what a random split would have claimed, or None where `train.cached` is off,
        and `run`, the fingerprint of the training that was measured.

    Raises:
        RecognizerError: nothing is trained, or no photo is held out.
    """
    begun = time.monotonic()
    learner, calibration = load_trained(recipe, store)
    photos = split_kept(recipe, store).held_out
    if not photos:
        raise RecognizerError("No photo is held out; collect more photos, or raise train.held_out in the recipe.")
    labels = label_numbers(recipe, photos)
    seen = observe(learner, photos)
    far = energy(seen.logits) > calibration.limit
    found = measure(labels, seen.probabilities, recipe.labels, calibration.threshold, far)
    found |= _beside(recipe, store, photos, watch)
    reports = store.work / "reports"
    _draw(recipe, photos, labels, seen.probabilities, found["coverage"], reports)
    report = write_report(
        store.work, "evaluate", recipe.name, time.monotonic() - begun, {"photos": len(photos)}, **found
    )
    write_html(recipe, report, calibration, reports)
    return report


def _beside(recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], watch: Watch) -> dict[str, Any]:
    """Return what the figures of the held-out photos have to be seen next to."""
    run = last_run(recipe, store)
    return {
        "run": run.metrics["fingerprint"],
        "likely_wrong_labels": round(float((1 - trusts(photos)).sum()), 1),
        "out_of_fold": run.metrics["judged"],
        "random_split": claim_of_random_split(recipe, store, watch) if recipe.train.in_two else None,
    }


def _draw(
    recipe: Recipe, photos: Sequence[Photo], labels: Numbers, probabilities: Probabilities, chosen: float, folder: Path
) -> None:
    figures.draw_confusion(labels, probabilities, recipe.labels, folder / "confusion.png")
    figures.draw_reliability(labels, probabilities, folder / "reliability.png")
    figures.draw_coverage(*coverage_curve(labels, probabilities), chosen, folder / "coverage.png")
    mistakes = _mistakes(recipe, photos, labels, probabilities)
    figures.draw_mistakes(mistakes[: figures.SHEET], folder / "mistakes.png")


def _mistakes(
    recipe: Recipe, photos: Sequence[Photo], labels: Numbers, probabilities: Probabilities
) -> list[tuple[Path, str]]:
    """List the wrong answers, surest first, each with its words."""
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    order = wrong[np.argsort(-probabilities.max(axis=1)[wrong], kind="stable")]
    return [
        (photos[n].path, f"{photos[n].label}: {recipe.labels[answers[n]]} {probabilities[n].max():.0%}") for n in order
    ]
