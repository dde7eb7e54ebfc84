"""The train stage: the kept photos become a fine-tuned network.

    train(recipe, store)                         # data/<recipe>/runs/<number>/, one folder a round
    trained = load_trained(recipe, store)        # the network that training settled on, calibrated

A round whose settings and photos are those of a finished one, be it of an earlier training, is not trained again; one
that was stopped starts anew.
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
from recognizer.errors import RecognizerError
from recognizer.faces.copies import check_faces
from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.branch import beside, make_branch
from recognizer.networks.forward import Outputs, predict
from recognizer.networks.head import fold_temperature
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.split import Split, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Photo
from recognizer.train import processes
from recognizer.train.cached import train_cached
from recognizer.train.figures import figures_of, judged
from recognizer.train.fingerprints import effective, fingerprints_of, weights_digest
from recognizer.train.helped import helps, notes
from recognizer.train.learner import make_network
from recognizer.train.likeliest import as_likeliest, learned_from, under_own_label
from recognizer.train.loading import check_format, put_weights
from recognizer.train.mixing import BEFORE
from recognizer.train.relabel import NetworkDecision, apply_decisions, decide_by_network
from recognizer.train.runs import FORMAT, Run, all_runs, find_round, no_run, note_used, used_run
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


@dataclass(frozen=True)
class _Round:
    """What is known of a round before it is trained.

    Args:
        number: from 1.
        split: the photos, with the labels that it learns.
        decisions: what the rounds before made of labels.
        before: the run of the round before.
    """

    number: int
    split: Split
    decisions: list[Decision]
    before: Run | None


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
        said = [*notes, *_unrated(recipe, split), *_doubted(recipe, split)]
        more = {**run.metrics, "missing": split.missing, "notes": said}
        seconds = time.monotonic() - begun
        write = partial(write_report, store.work, "train", recipe.name, seconds, counts, **more)
        return processes.on_rank_0(write) or {}


def _train_rounds(recipe: Recipe, store: PhotoStore, watch: Watch) -> tuple[Run, Split, list[str]]:
    """Train the rounds that are not finished; return the one that is used, its photos, and what is to be said."""
    kept = split = split_kept(recipe, store)
    before: Run | None = None
    decided: dict[str, NetworkDecision] = {}
    for number in range(1, recipe.train.rounds + 1):
        learned = split
        if before:
            decided |= {one.decision.photo: one for one in decide_by_network(recipe, store, before.out_of_fold)}
            learned = apply_decisions(kept, decided.values())
            if learned == split:
                said = f"Round {number} would change no label, so that none follows."
                return before, split, [*notes(recipe, before), said]
        _check_enough(recipe, learned)
        decisions = [one.decision for one in decided.values()]
        run = _run_of(recipe, _Round(number, learned, decisions, before), store.work, watch)
        if not run.metrics.get("kept", True):
            assert before is not None
            return before, split, [*notes(recipe, before), f"Round {number} did not help, and is not kept."]
        before, split = run, learned
    assert before is not None
    return before, split, notes(recipe, before)


def _unrated(recipe: Recipe, split: Split) -> list[str]:
    """Say how many labels that were learned were never checked; nothing where all were."""
    photos = split.learning
    unrated = sum(not photo.label_rated for photo in photos)
    if not unrated:
        return []
    alike = "likely right as the others of their class" if unrated < len(photos) else "right"
    return [
        f"The labels of {unrated} of {len(photos)} photos to learn from were never checked, and counted as {alike}; "
        f"{recipe.command('clean')} checks labels, where a class has enough photos."
    ]


def _doubted(recipe: Recipe, split: Split) -> list[str]:
    """Say how many photos are learned as another class than their label; nothing where none is."""
    photos = learned_from(recipe, split)
    doubted = len(photos) - len(under_own_label(recipe, split))
    if not doubted:
        return []
    return [
        f"{doubted} of {len(photos)} photos to learn from look more like another class than like their label, and were "
        f"learned as that, as far as it is likely; {recipe.command('review')} shows most of them."
    ]


def _run_of(recipe: Recipe, this: _Round, work: Path, watch: Watch) -> Run:
    """Return the finished run of a round; where there is none, train it, or make one of the same network's answers."""
    fingerprints = _fingerprints(recipe, this.split)
    found = find_round(work, this.number, fingerprints, this.before)
    if found and found.metrics["fingerprint"] == fingerprints["fingerprint"]:
        return found
    if found:
        metrics = {**found.metrics, **fingerprints, **judged(recipe, found.out_of_fold)}
        processes.on_rank_0(partial(copy_run, work, found, recipe.train.model_dump(), metrics))
    else:
        _train_round(recipe, this, fingerprints, work, watch)
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
        RecognizerError: nothing has been trained yet, or forget has removed what was.
    """
    run = used_run(store.work)
    if run is None:
        raise no_run(store.work, "trained run", recipe.command("train"))
    return run


def _check_fits(recipe: Recipe, run: Run) -> None:
    """Refuse a run whose outputs, or whose way to them, are not the recipe's any more."""
    other = ""
    if not _is_trained_as_wanted(recipe, run):
        other = "settings"
    elif run.metrics.get("classes", recipe.labels) != recipe.labels:
        other = "classes, or in another order,"
    if other:
        raise RecognizerError(
            f"{run.folder} was trained with other {other} than the recipe has now; run {recipe.command('train')} again."
        )


def _is_trained_as_wanted(recipe: Recipe, run: Run) -> bool:
    then, now, weights = effective(run.settings), effective(recipe.train.model_dump()), weights_digest(recipe.train)
    if weights and run.metrics.get("weights") == weights:
        then["weights"] = now["weights"]  # the same, wherever they lie
    return {**then, "rounds": now["rounds"]} == now


def _train_round(recipe: Recipe, this: _Round, fingerprints: dict[str, str], work: Path, watch: Watch) -> None:
    begun, before = time.monotonic(), this.before
    trained = (train_cached if recipe.train.in_two else train_whole)(recipe, this.split, work, this.number, watch)
    metrics = {
        "round": this.number,
        "format": FORMAT,
        "before": before.metrics.get("network") if before else "",
        "weights": weights_digest(recipe.train),
        **fingerprints,
        **figures_of(recipe, trained),
        "branch": recipe.train.in_two and trained.choice.step != BEFORE,
        "kept": before is None or helps(before.out_of_fold, trained.out_of_fold),
        "round_seconds": round(time.monotonic() - begun, 2),
    }
    learned = [photo.sha256 for photo in this.split.learning]
    settings = recipe.train.model_dump()
    processes.on_rank_0(lambda: write_run(work, settings, learned, trained, metrics, this.decisions))


def _fingerprints(recipe: Recipe, split: Split) -> dict[str, str]:
    """Return what tells a round from others: `network`, all that its network follows from, and `fingerprint`, all that
    its answers do."""
    apart = {"rounds", "answered_accuracy", "stop_by", "balanced"}
    settings = {key: value for key, value in effective(recipe.train.model_dump()).items() if key not in apart}
    if weights_digest(recipe.train):
        settings["weights"] = ""  # its digest follows, wherever it lies
    learned = {photo.sha256: photo for photo in as_likeliest(learned_from(recipe, split), recipe.labels)}
    photos = sorted(_followed(photo, learned.get(photo.sha256, photo)) for photo in split.learning)
    branch = ["branch"] if recipe.train.in_two and recipe.train.epochs else []  # earlier versions had none
    return fingerprints_of([FORMAT, settings, recipe.labels, photos, *branch], recipe.train)


def _followed(listed: Photo, learned: Photo) -> tuple[str | float, ...]:
    """Return what training follows from of a photo: its label and, where it is learned as another class, that one."""
    labelled = listed.sha256, listed.label, round(listed.label_quality, 3)
    return labelled if learned == listed else (*labelled, learned.label, round(learned.label_quality, 3))


def _check_enough(recipe: Recipe, split: Split) -> None:
    present = {photo.label for photo in learned_from(recipe, split)}
    empty = [label for label in recipe.labels if label not in present]
    if empty:
        raise RecognizerError(
            f"There is no photo to train “{empty[0]}” with; collect more ({recipe.command('collect')}), "
            f"or look at what was dropped ({recipe.command('review')})."
        )
    most = max(Counter(photo.label for photo in split.learning).values())
    if most < 2 or not (split.validation or recipe.train.in_two):  # folds part the photos of at least one class
        raise RecognizerError(f"There are too few photos to train with; collect more ({recipe.command('collect')}).")
