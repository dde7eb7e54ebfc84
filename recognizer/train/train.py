"""The train stage: the kept photos become a fine-tuned network.

    train(recipe, store)                         # data/<recipe>/runs/<number>/, one folder a round
    learner = load_trained(recipe, store)        # the last run's network, calibrated

A round whose settings and photos are those of a finished one is not trained again; one that was stopped starts anew.
Between two rounds the labels are checked again with what the last round's networks say (rounds.py).
Several processes can train together (processes.py); then the first does all the writing.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.schedule import Learner

from recognizer.calibration.calibrate import (
    Calibration,
    apply_temperature,
    calibrate,
    calibration_error,
    error_by_chance,
)
from recognizer.errors import RecognizerError
from recognizer.evaluate.figures import draw_curves
from recognizer.networks.backbone import load_backbone
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch, unwatched, write_json, write_report
from recognizer.splits.split import Parts, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.learner import make_learner, observe
from recognizer.train.relabel import recheck_labels
from recognizer.train.runs import FORMAT, Run, all_runs, write_run
from recognizer.train.tail import halves
from recognizer.train.trained import Trained, train_cached, train_whole

NEXT = "next.json"  # in a run's folder: what the next round is trained with


def train(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Fine-tune the recipe's backbone on the kept photos, in as many rounds as the recipe says.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about photos learned from.

    Returns:
        The report, as written to `reports/train.json`; of several processes, only the first has it.

    Raises:
        RecognizerError: a class has too few photos to train with, or several processes cannot train this.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    begun = time.monotonic()
    processes.join(recipe)
    parts = split_kept(recipe, store)
    done = _finished_rounds(recipe, parts, store.work)
    for number in range(2, done + 1):
        # Cleaning anew has taken back what was decided between the rounds.
        judged = _chain(store.work)[number - 2].judged
        processes.alone(partial(recheck_labels, recipe, store, judged))
    for number in range(done + 1, recipe.train.rounds + 1):
        if number > 1:
            parts = _recheck(recipe, store)
        _check_enough(recipe, parts)
        _train_round(recipe, parts, store.work, number, watch)
    counts = {name: len(getattr(parts, name)) for name in ("training", "validation", "held_out", "aside")}
    last = all_runs(store.work)[-1].metrics
    seconds = time.monotonic() - begun
    return processes.alone(lambda: write_report(store.work, "train", recipe.name, seconds, counts, **last)) or {}


def load_trained(recipe: Recipe, store: PhotoStore) -> tuple[Learner, Calibration]:
    """Return the learner of the last run, its temperature folded into its last layer, and its calibration.

    Raises:
        RecognizerError: nothing has been trained yet, or with other settings.
    """
    run = last_run(recipe, store)
    settings, calibration = recipe.train, run.calibration
    if {**run.settings, "rounds": settings.rounds} != settings.model_dump():
        raise RecognizerError(
            f"{run.folder} was trained with other settings than the recipe has now; "
            f"run recognizer train {recipe.name} again."
        )
    backbone = load_backbone(settings.backbone, settings.weights, pretrained=False, merged=settings.stages)
    learner = make_learner(recipe, split_kept(recipe, store), backbone)
    learner.model.load_state_dict(run.weights)
    _fold_temperature(learner, calibration.temperature)
    return learner, calibration


def last_run(recipe: Recipe, store: PhotoStore) -> Run:
    """Return the last run.

    Raises:
        RecognizerError: nothing has been trained yet.
    """
    runs = all_runs(store.work)
    if not runs:
        raise RecognizerError(f"{store.work} has no trained run yet; run recognizer train {recipe.name} first.")
    return runs[-1]


def predict(learner: Learner, photos: Sequence[Photo]) -> np.ndarray:
    """Return the probabilities of photos, (photos, classes)."""
    return observe(learner, photos).probabilities


def _train_round(recipe: Recipe, parts: Parts, work: Path, number: int, watch: Watch) -> None:
    begun = time.monotonic()
    settings = recipe.train
    if settings.in_two:
        trained = train_cached(recipe, parts, work, number, watch)
    else:
        before = all_runs(work)[-1] if number > 1 else None
        trained = train_whole(recipe, parts, number, watch, before)
    judged = trained.judged
    calibration = calibrate(judged.logits, judged.labels, settings.answered_accuracy, judged.label_quality)
    metrics = {
        "round": number,
        "fingerprint": _fingerprint(recipe, parts),
        "round_seconds": round(time.monotonic() - begun, 2),
        "loss": np.mean(trained.curves.training_loss, axis=0).round(4).tolist(),
        "curves": vars(trained.curves),
        "judged": _figures(trained, calibration),
        "calibration": vars(calibration),
    }
    processes.alone(lambda: _write(work, settings, trained, metrics))


def _write(work: Path, settings: TrainSettings, trained: Trained, metrics: dict[str, Any]) -> None:
    run = write_run(work, settings.model_dump(), trained.weights, trained.judged, metrics)
    if settings.epochs:
        draw_curves(**vars(trained.curves), file=run.folder / "curves.png")


def _figures(trained: Trained, calibration: Calibration) -> dict[str, float]:
    """Say how well photos were judged by networks that had not learned from them.

    Doubtful labels count less in the calibration error, as they did in calibrating; accuracy is of the labels as they
    are, right or wrong.
    """
    judged = trained.judged
    probabilities = apply_temperature(judged.logits, calibration.temperature)
    right = probabilities.argmax(axis=1) == judged.labels
    answered = probabilities.max(axis=1) >= calibration.threshold
    return {
        "photos": len(right),
        "folds": len(set(judged.folds.tolist())),
        "accuracy": round(float(right.mean()), 4),
        "ece": round(calibration_error(probabilities, judged.labels, judged.label_quality), 4),
        "ece_by_chance": round(error_by_chance(probabilities, judged.label_quality), 4),
        "coverage": round(float(answered.mean()), 4),
    }


def _recheck(recipe: Recipe, store: PhotoStore) -> Parts:
    """Check labels by the last run, and leave a note by which a stopped round is known."""
    run = all_runs(store.work)[-1]
    processes.alone(lambda: recheck_labels(recipe, store, run.judged))
    parts = split_kept(recipe, store)
    processes.alone(lambda: write_json(run.folder / NEXT, {"fingerprint": _fingerprint(recipe, parts)}))
    return parts


def _finished_rounds(recipe: Recipe, parts: Parts, work: Path) -> int:
    """Count the rounds that are done with just these settings and photos."""
    runs = _chain(work)
    known = {run.metrics["fingerprint"] for run in runs}
    known |= {json.loads(note.read_text(encoding="utf-8"))["fingerprint"] for note in _notes(runs)}
    return len(runs) if _fingerprint(recipe, parts) in known else 0


def _chain(work: Path) -> list[Run]:
    """List the runs of the last training, one a round."""
    runs = all_runs(work)
    return runs[-runs[-1].metrics["round"] :] if runs else []


def _notes(runs: Sequence[Run]) -> list[Path]:
    return [run.folder / NEXT for run in runs if (run.folder / NEXT).is_file()]


def _fingerprint(recipe: Recipe, parts: Parts) -> str:
    settings = recipe.train.model_dump(exclude={"rounds"})
    photos = sorted((photo.sha256, photo.label, round(photo.label_quality, 3)) for photo in parts.learning)
    return hashlib.sha256(json.dumps([FORMAT, settings, recipe.labels, photos]).encode()).hexdigest()


def _fold_temperature(learner: Learner, temperature: float) -> None:
    """Divide the last layer by the temperature, so that every form of the network gives calibrated probabilities."""
    _, last = halves(learner.model)
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.div_(temperature)


def _check_enough(recipe: Recipe, parts: Parts) -> None:
    empty = _missing(recipe.labels, parts.training)
    if empty:
        raise RecognizerError(
            f"There is no photo to train “{empty[0]}” with; collect more (recognizer collect {recipe.name}), "
            "or look at what was dropped (recognizer review)."
        )
    if not parts.validation:
        raise RecognizerError(
            f"There are too few photos to train with; collect more (recognizer collect {recipe.name})."
        )


def _missing(labels: Iterable[str], photos: Iterable[Photo]) -> list[str]:
    present = {photo.label for photo in photos}
    return [label for label in labels if label not in present]
