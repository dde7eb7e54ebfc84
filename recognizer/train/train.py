"""The train stage: the kept photos become a fine-tuned network.

    train(recipe, store)                         # data/<recipe>/runs/<number>/, one folder a round
    trained = load_trained(recipe, store)        # the network that training settled on, calibrated

A round whose settings and photos are those of a finished one is not trained again; one that was stopped starts anew.
Between two rounds the labels are checked again with what the last round's networks predict (relabel.py). Each round
begins with the pretrained weights: a network that has learned wrong labels knows them by heart, and one that goes on
from it predicts nothing out of fold. A round that no label changes for is not trained, and one that does not help is
not kept: the network is then that of the round before. Both end the training, and the report says so. Which round's
network is used is noted (runs.py), so that later rounds of an earlier training are not.
Several processes can train together (processes.py); then rank 0 does all the writing.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from recognizer.calibration.calibrate import Calibration
from recognizer.errors import NothingYet, RecognizerError
from recognizer.faces.copies import check_faces
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.branch import beside, make_branch
from recognizer.networks.forward import Outputs, predict
from recognizer.networks.head import fold_temperature
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.split import Split, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.cached import train_cached
from recognizer.train.figures import figures_of, judged
from recognizer.train.fingerprints import fingerprints_of
from recognizer.train.helped import helps, notes
from recognizer.train.learner import make_network
from recognizer.train.loading import check_format, put_weights
from recognizer.train.mixing import BEFORE
from recognizer.train.relabel import NetworkDecision, apply_decisions, decide_by_network
from recognizer.train.runs import FORMAT, Run, all_runs, last_rounds, note_used, used_run
from recognizer.train.whole import train_whole
from recognizer.train.writing import copy_run, write_run


@dataclass(frozen=True)
class TrainedNetwork:
    """The network of the run that is used, as the stages after training use it.

    Args:
        run: the run.
        split: the kept photos, held-out ones among them.
        backbone: knows how pixels are normalised.
        network: layers and head, the temperature folded into its last layer.
        calibration: what its probabilities mean.
        size: pixels, the side of the square that it takes.
    """

    run: Run
    split: Split
    backbone: Backbone
    network: nn.Sequential
    calibration: Calibration
    size: int

    def predict(self, photos: Sequence[Photo], watch: Watch = unwatched) -> Outputs:
        """Return what the network makes of at least one photo, calibrated.

        Args:
            photos: n of them.
            watch: told about photos done.
        """
        return predict(self.network, self.backbone, photos, self.size, watch)


def train(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, Any]:
    """Fine-tune the recipe's backbone on the kept photos, in as many rounds as the recipe says.

    Args:
        recipe: the recipe.
        store: the photo store.
        watch: told about photos learned from.

    Returns:
        The report, as written to `reports/train.json`; of several processes, only rank 0 has it.

    Raises:
        RecognizerError: a class has too few photos to train with, or several processes cannot train this.
        WeightsUnavailable: the pretrained weights, or those that find faces, cannot be had.
        WorkInUse: another run is at work in the work folder.
    """
    begun = time.monotonic()
    check_faces(recipe.train)
    processes.start(recipe)
    with store.locked() if processes.is_rank_0() else nullcontext():
        run, split, notes = _train_rounds(recipe, store, watch)
        processes.on_rank_0(partial(note_used, store.work, run))
        counts = {name: len(getattr(split, name)) for name in ("training", "validation", "held_out", "aside")}
        more = {**run.metrics, "missing": split.missing, "notes": notes}
        seconds = time.monotonic() - begun
        write = partial(write_report, store.work, "train", recipe.name, seconds, counts, **more)
        return processes.on_rank_0(write) or {}


def _train_rounds(recipe: Recipe, store: PhotoStore, watch: Watch) -> tuple[Run, Split, list[str]]:
    """Train the rounds that are not finished; return the one that is used, its photos, and what is to be said."""
    kept = split = split_kept(recipe, store)
    finished = last_rounds(store.work)
    before: Run | None = None
    decided: dict[str, NetworkDecision] = {}
    for number in range(1, recipe.train.rounds + 1):
        learned = split
        if before:
            decided |= {one.decision.photo: one for one in decide_by_network(recipe, store, before.out_of_fold)}
            processes.on_rank_0(partial(before.write_decisions, [one.decision for one in decided.values()]))
            learned = apply_decisions(kept, decided.values())
            if learned == split:
                said = f"Round {number} would change no label, so that none follows."
                return before, split, [*notes(recipe, before), said]
        _check_enough(recipe, learned)
        fingerprints = _fingerprints(recipe, learned)
        run = _finished(finished, number, fingerprints)
        if run:
            run = _answering_as_wanted(recipe, run, fingerprints, store.work)
        else:
            finished = []
            run = _train_round(recipe, learned, fingerprints, store.work, number, watch, before)
        if not run.metrics.get("kept", True):
            assert before is not None
            return before, split, [*notes(recipe, before), f"Round {number} did not help, and is not kept."]
        before, split = run, learned
    assert before is not None
    return before, split, notes(recipe, before)


def _finished(runs: Sequence[Run], number: int, fingerprints: dict[str, str]) -> Run | None:
    """Return the run of a round, if its network was made of the same photos in the same way."""
    fits = len(runs) >= number and runs[number - 1].metrics.get("network") == fingerprints["network"]
    return runs[number - 1] if fits else None


def _answering_as_wanted(recipe: Recipe, run: Run, fingerprints: dict[str, str], work: Path) -> Run:
    """Return a run, or the next one, with the same network, where the recipe wants more or fewer answers right."""
    if run.metrics["fingerprint"] == fingerprints["fingerprint"]:
        return run
    metrics = {**run.metrics, **fingerprints, **judged(recipe, run.out_of_fold)}
    processes.on_rank_0(lambda: copy_run(work, run, recipe.train.model_dump(), metrics))
    return all_runs(work)[-1]


def load_trained(recipe: Recipe, store: PhotoStore) -> TrainedNetwork:
    """Return the network of the run that is used, with what the stages after training need beside it.

    Raises:
        RecognizerError: nothing has been trained yet, or with other settings or classes, or by another version.
    """
    run = last_run(recipe, store)
    calibration = run.calibration
    _check_fits(recipe, run)
    check_format(recipe, run, FORMAT)
    backbone = load_for_training(recipe.train, pretrained=False)
    if run.metrics.get("branch"):
        branch = make_branch(backbone, len(recipe.labels), recipe.train, pretrained=False)
        backbone = beside(backbone, branch, recipe.train)
    network = make_network(recipe, backbone)
    put_weights(recipe, run, network)
    fold_temperature(network, calibration.temperature)
    return TrainedNetwork(run, split_kept(recipe, store), backbone, network, calibration, recipe.train.size)


def last_run(recipe: Recipe, store: PhotoStore) -> Run:
    """Return the run that is used: the round that the last training settled on.

    Raises:
        NothingYet: nothing has been trained yet.
    """
    run = used_run(store.work)
    if run is None:
        raise NothingYet(store.work, "trained run", recipe.command("train"))
    return run


def _check_fits(recipe: Recipe, run: Run) -> None:
    """Refuse a run whose outputs, or whose way to them, are not the recipe's any more."""
    other = ""
    if {**run.settings, "rounds": recipe.train.rounds} != recipe.train.model_dump():
        other = "settings"
    elif run.metrics.get("classes", recipe.labels) != recipe.labels:
        other = "classes, or in another order,"
    if other:
        raise RecognizerError(
            f"{run.folder} was trained with other {other} than the recipe has now; run {recipe.command('train')} again."
        )


def _train_round(
    recipe: Recipe,
    split: Split,
    fingerprints: dict[str, str],
    work: Path,
    number: int,
    watch: Watch,
    before: Run | None,
) -> Run:
    begun = time.monotonic()
    trained = (train_cached if recipe.train.in_two else train_whole)(recipe, split, work, number, watch)
    metrics = {
        "round": number,
        "format": FORMAT,
        **fingerprints,
        **figures_of(recipe, trained),
        "branch": recipe.train.in_two and trained.choice.step != BEFORE,
        "kept": before is None or helps(before.out_of_fold, trained.out_of_fold),
        "round_seconds": round(time.monotonic() - begun, 2),
    }
    learned = [photo.sha256 for photo in split.learning]
    processes.on_rank_0(lambda: write_run(work, recipe.train.model_dump(), learned, trained, metrics))
    return all_runs(work)[-1]


def _fingerprints(recipe: Recipe, split: Split) -> dict[str, str]:
    """Return what tells a round from others: `network`, all that its network follows from, and `fingerprint`, all that
    its answers do."""
    settings = recipe.train.model_dump(exclude={"rounds", "answered_accuracy", "stop_by", "balanced"})
    photos = sorted((photo.sha256, photo.label, round(photo.label_quality, 3)) for photo in split.learning)
    branch = ["branch"] if recipe.train.in_two and recipe.train.epochs else []  # earlier versions had none
    return fingerprints_of([FORMAT, settings, recipe.labels, photos, *branch], recipe.train)


def _check_enough(recipe: Recipe, split: Split) -> None:
    # On cached layers, the validation photos are learned from as well.
    present = {photo.label for photo in (split.learning if recipe.train.in_two else split.training)}
    empty = [label for label in recipe.labels if label not in present]
    if empty:
        raise RecognizerError(
            f"There is no photo to train “{empty[0]}” with; collect more ({recipe.command('collect')}), "
            f"or look at what was dropped ({recipe.command('review')})."
        )
    most = max(Counter(photo.label for photo in split.learning).values())
    if most < 2 or not (split.validation or recipe.train.in_two):  # folds part the photos of at least one class
        raise RecognizerError(f"There are too few photos to train with; collect more ({recipe.command('collect')}).")
