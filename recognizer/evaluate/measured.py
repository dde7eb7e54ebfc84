"""What an evaluation is of: held-out photos, less those that the network knows; and whether it still is of just these.

    split, notes = split_of(recipe, trained.split, trained.run)     # what is measured on, and what of the rest is said
    report = read_evaluation(recipe, store, trained.run, split)     # only while nothing of that has changed

Between training and this, cleaning may find that photos belong together, and people may decide about them.
"""

import hashlib
import json
from typing import Any

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe
from recognizer.report import read_json
from recognizer.splits.blind import blind_population
from recognizer.splits.split import Split, as_learned
from recognizer.store.photo_store import PhotoStore
from recognizer.train.runs import Run


def split_of(recipe: Recipe, split: Split, run: Run) -> tuple[Split, list[str]]:
    """Return the photos as the network of a run has them, and a sentence about those that are left out for it.

    Args:
        recipe: the recipe.
        split: of the photos as they are now.
        run: the run.

    Raises:
        RecognizerError: none of the photos is left to measure on, or that were learned from.
    """
    found, train = as_learned(split, run.photos), recipe.command("train")
    left = len(split.held_out) - len(found.held_out)
    if not split.held_out:
        raise RecognizerError("No photo is held out; collect more photos, or raise train.held_out in the recipe.")
    if not found.held_out or len(found.learning) < 2:
        raise RecognizerError(f"The photos are others than when {run.folder} was trained; run {train} again.")
    many, them = ("1 held-out photo is", "it") if left == 1 else (f"{left} held-out photos are", "them")
    note = (
        f"{many} left out: the network has learned from copies of {them}, or from photos of the same page. Run "
        f"{train}, which sets such photos aside, and {recipe.command('evaluate')} again."
    )
    return found, [note] if left else []


def measured(recipe: Recipe, store: PhotoStore, split: Split) -> str:
    """Return a digest of all that figures are made of beside the network: held-out photos, what is known of them, and
    what people saw blindly.

    Args:
        recipe: the recipe.
        store: the photo store.
        split: the photos.
    """
    values = store.readings.all()
    photos = [
        [photo.sha256, photo.label, round(photo.label_quality, 3), sorted(values.get(photo.sha256, {}).items())]
        for photo in split.held_out
    ]
    answers = store.blind_answers.all()
    blind = [
        [photo.sha256, photo.found_as, vars(answers[photo.sha256]) if photo.sha256 in answers else None]
        for photo in blind_population(recipe, store)
    ]
    return hashlib.sha256(json.dumps([sorted(photos), sorted(blind, key=lambda one: one[0])]).encode()).hexdigest()


def read_evaluation(recipe: Recipe, store: PhotoStore, run: Run, split: Split) -> dict[str, Any]:
    """Return the report of the last evaluation.

    Args:
        recipe: the recipe.
        store: the photo store.
        run: the run that it has to be of.
        split: the photos that it has to be of.

    Raises:
        RecognizerError: there is none, or it is of something else.
    """
    file, evaluate = store.work / "reports" / "evaluate.json", recipe.command("evaluate")
    if not file.is_file():
        raise RecognizerError(
            f"{store.work} has no evaluation yet, and a model without figures is not exported; run {evaluate} first."
        )
    report: dict[str, Any] = read_json(file, {}, f"run {evaluate} again")
    if report.get("run") != run.metrics["fingerprint"]:
        raise RecognizerError(f"The evaluation in {store.work} is not of the last training; run {evaluate} again.")
    if "measured" not in report:
        raise RecognizerError(f"{file} is by an earlier version, and does not say what it is of; run {evaluate} again.")
    if report["measured"] != measured(recipe, store, split):
        raise RecognizerError(
            f"The held-out photos, their labels or what people saw in them are others than in the evaluation in "
            f"{store.work}; run {evaluate} again."
        )
    return report
