"""The train stage of a recipe with several outputs: photos with values become one network with a head an output.

    train_outputs(recipe, store)                # data/<recipe>/runs/<number>/
    trained = load_outputs(recipe, store)       # the last run's network, calibrated
    trained.predict(photos)                     # logits, (n, total); trained.calibrations says what they mean

The backbone runs once over each photo; then all heads are fitted in closed form (outputs_head.py). Where the recipe
wants epochs, a branch beside the last layers is fine-tuned (outputs_tuning.py), which is kept if it helps.
A run whose settings, photos and values are those of the last one is not trained again; where only the accuracy that is
wanted of answers differs, the last network answers from another probability on.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from recognizer.calibration.calibrate import ece
from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.branch import beside, make_branch
from recognizer.networks.forward import predict
from recognizer.networks.head import make_head
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.split import Split
from recognizer.splits.values import MISSING, MOST, Floats, split_valued
from recognizer.store.photo_store import PhotoStore
from recognizer.store.readings import Values
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.curves import draw_curves
from recognizer.train.figures import describe_tuning
from recognizer.train.fingerprints import fingerprints_of
from recognizer.train.helped import notes
from recognizer.train.loading import check_format, put_weights
from recognizer.train.mixing import stored
from recognizer.train.outputs_distributions import draw_distributions
from recognizer.train.outputs_head import OutputCalibration, Truth, calibrate_outputs
from recognizer.train.outputs_learning import Learned, find_truths, learn
from recognizer.train.runs import Run, all_runs, no_run
from recognizer.train.writing import begin_run, copy_run, finish_run

FORMAT = 4  # of such a run; one of another format is trained anew


@dataclass(frozen=True)
class TrainedOutputs:
    """The last run's network, as the stages after training use it.

    Args:
        run: the run.
        split: the photos with values, held-out ones among them.
        values: of photos, by sha256.
        backbone: knows how pixels are normalised.
        network: layers and head; the temperatures are in its last layer.
        calibrations: name of an output to what its slice of the logits means, in the recipe's order.
        size: pixels, the side of the square that it takes.
    """

    run: Run
    split: Split
    values: dict[str, Values]
    backbone: Backbone
    network: nn.Sequential
    calibrations: dict[str, OutputCalibration]
    size: int

    @property
    def layout(self) -> dict[str, slice]:
        """Which of the logits are each output's."""
        return {name: slice(one.start, one.stop) for name, one in self.calibrations.items()}

    @property
    def centres(self) -> dict[str, list[float]]:
        """The values that a number's probabilities are of; empty for classes."""
        return {name: one.centres for name, one in self.calibrations.items()}

    def predict(self, photos: Sequence[Photo], watch: Watch = unwatched) -> Floats:
        """Return the logits of at least one photo, (n, total)."""
        return predict(self.network, self.backbone, photos, self.size, watch).logits


def train_outputs(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Train a network that gives all outputs.

    Args:
        recipe: the recipe; it has outputs.
        store: the photo store, with values.
        watch: told about photos.

    Returns:
        The report, as written to `reports/train.json`.

    Raises:
        RecognizerError: there are too few photos with values, a class has none, or several processes were started.
        WeightsUnavailable: the pretrained weights cannot be had.
        WorkInUse: another run is at work in the work folder.
    """
    begun = time.monotonic()
    processes.start(recipe)
    with store.locked():
        values = store.readings.all()
        split = split_valued(recipe, store, values)
        fingerprints = _fingerprints(recipe, split, values)
        run = _last_run(store.work)
        if run is None or run.metrics.get("network") != fingerprints["network"]:
            run = _train(recipe, split, values, store, fingerprints, watch)
        elif run.metrics["fingerprint"] != fingerprints["fingerprint"]:
            run = _answering_as_wanted(recipe, split, values, run, fingerprints, store.work)
        counts = {name: len(getattr(split, name)) for name in ("training", "validation", "held_out", "aside")}
        more = {**run.metrics, "missing": split.missing, "notes": [*notes(recipe, run), *_set_aside(split)]}
        return write_report(store.work, "train", recipe.name, time.monotonic() - begun, counts, **more)


def _set_aside(split: Split) -> list[str]:
    """Say that as many photos are learned from as may be; nothing where there are fewer."""
    if len(split.learning) < MOST:
        return []
    return [f"{MOST} photos are learned from, drawn by their fingerprints: heads weigh each photo against all others."]


def _last_run(work: Path) -> Run | None:
    """Return the last whole run, or None where there is none, or the last one is of a recipe of classes."""
    runs = all_runs(work)
    return runs[-1] if runs and "outputs" in runs[-1].metrics else None


def _train(
    recipe: Recipe,
    split: Split,
    values: Mapping[str, Values],
    store: PhotoStore,
    fingerprints: dict[str, str],
    watch: Watch,
) -> Run:
    begun = time.monotonic()
    learned, tuned = learn(recipe, split, find_truths(recipe, split.learning, values), store.work, watch)
    metrics = {
        "round": 1,
        "format": FORMAT,
        **fingerprints,
        "outputs": [one.model_dump() for one in recipe.outputs],
        "calibration": {name: asdict(one) for name, one in learned.calibrations.items()},
        "judged": {truth.target.output.name: _judge(truth, learned) for truth in learned.truths},
        "round_seconds": round(time.monotonic() - begun, 2),
        **({"curves": vars(tuned.curves), "tuning": describe_tuning(tuned.choice)} if tuned else {}),
        **({"untuned": learned.untuned} if learned.untuned else {}),
    }
    names = np.array([photo.sha256 for photo in learned.photos])
    predictions = {"photos": names, "logits": learned.logits, "folds": learned.folds}
    run = begin_run(store.work, [photo.sha256 for photo in split.learning], stored(learned.network), predictions)
    draw_distributions(learned.truths, learned.calibrations, learned.logits, run.folder / "distributions.png")
    if tuned:
        draw_curves(tuned.curves, run.folder / "curves.png")
    return finish_run(run, recipe.train.model_dump(), metrics)


def _answering_as_wanted(
    recipe: Recipe,
    split: Split,
    values: Mapping[str, Values],
    run: Run,
    fingerprints: dict[str, str],
    work: Path,
) -> Run:
    """Return a run with the network of another, whose answers are as accurate as the recipe wants now."""
    judged, calibration = run.predictions, run.metrics["calibration"]
    place = {photo.sha256: number for number, photo in enumerate(split.learning)}
    chosen = np.array([place[name] for name in judged["photos"].tolist()])
    truths = [truth.of(chosen) for truth in find_truths(recipe, split.learning, values)]
    shrinkages = [one["shrinkage"] for one in calibration.values()]
    told = calibrate_outputs(truths, judged["logits"], shrinkages, recipe.train.answered_accuracy)
    metrics = {**run.metrics, **fingerprints, "calibration": {name: asdict(one) for name, one in told.items()}}
    return copy_run(work, run, recipe.train.model_dump(), metrics)


def _judge(truth: Truth, learned: Learned) -> dict[str, Any]:
    """Return figures of an output's predictions for photos that were not learned from."""
    known = truth.numbers != MISSING
    found = learned.calibrations[truth.target.output.name].of(learned.logits)[known]
    if truth.target.centres:
        errors = found - truth.amounts[known]
        figures = {"mean_absolute_error": np.abs(errors).mean(), "bias": errors.mean()}
    else:
        right = found.argmax(axis=1) == truth.numbers[known]
        figures = {"accuracy": right.mean(), "ece": ece(found, truth.numbers[known])}
    return {"photos": int(known.sum()), **{name: round(float(value), 4) for name, value in figures.items()}}


def _fingerprints(recipe: Recipe, split: Split, values: Mapping[str, Values]) -> dict[str, str]:
    """Return what tells the network apart from others, and what tells its answers apart, too."""
    outputs = [one.model_dump() for one in recipe.outputs]
    photos = sorted((photo.sha256, sorted(values[photo.sha256].items())) for photo in split.learning)
    apart = {"answered_accuracy", *(() if recipe.train.balanced else ("balanced",))}  # runs from before it was there
    return fingerprints_of([FORMAT, recipe.train.model_dump(exclude=apart), outputs, photos], recipe.train)


def load_outputs(recipe: Recipe, store: PhotoStore) -> TrainedOutputs:
    """Return the network of the last run, with what the stages after training need beside it.

    Raises:
        RecognizerError: nothing has been trained yet, forget has removed what was, or it was trained with other
            settings or outputs, or by another version.
    """
    run = _last_run(store.work)
    again = recipe.command("train")
    if run is None:
        raise no_run(store.work, "trained run of several outputs", again)
    metrics = run.metrics
    if run.settings != recipe.train.model_dump() or metrics["outputs"] != [one.model_dump() for one in recipe.outputs]:
        raise RecognizerError(f"{run.folder} was trained with other settings or outputs; run {again} again.")
    check_format(recipe, run, FORMAT)
    calibrations = {name: OutputCalibration(**one) for name, one in metrics["calibration"].items()}
    backbone = load_for_training(recipe.train, pretrained=False)
    total = max(one.stop for one in calibrations.values())
    if metrics.get("tuning", {}).get("amount"):
        backbone = beside(backbone, make_branch(backbone, total, recipe.train, pretrained=False), recipe.train)
    network = nn.Sequential(backbone.layers, make_head(backbone, recipe.train.size, total))
    put_weights(recipe, run, network)
    values = store.readings.all()
    split = split_valued(recipe, store, values)
    return TrainedOutputs(run, split, values, backbone, network, calibrations, recipe.train.size)
