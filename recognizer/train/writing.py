"""Writes runs: each into the next folder, whole or not at all (runs.py).

write_run(work, settings, learned, trained, metrics, decisions)     # of a round
copy_run(work, run, settings, metrics)                              # the same network, which answers otherwise
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recognizer.files import write_whole
from recognizer.report import write_json
from recognizer.store.copies import DECISIONS, run_folders
from recognizer.store.rows import Decision
from recognizer.train.curves import Curves, draw_curves
from recognizer.train.mixing import Choice
from recognizer.train.runs import OutOfFold, Run


@dataclass(frozen=True)
class Trained:
    """What a round of training gives, before it is written.

    Args:
        weights: state dict of the whole network, layers and head, on the processor.
        out_of_fold: predictions for photos that were not learned from.
        curves: how it went.
        choice: what is kept of the fine-tuning.
        untuned: why nothing was fine-tuned though the recipe wants it; "" otherwise.
    """

    weights: dict[str, Tensor]
    out_of_fold: OutOfFold
    curves: Curves
    choice: Choice
    untuned: str = ""


def write_run(
    work: Path,
    settings: dict[str, Any],
    learned: Sequence[str],
    trained: Trained,
    metrics: dict[str, Any],
    decisions: Sequence[Decision] = (),
) -> Run:
    """Write the next run's folder, metrics last.

    Args:
        work: the work folder.
        settings: the recipe's [train].
        learned: the sha256 of the photos that it learned from, validation photos included.
        trained: what the round gave.
        metrics: the figures.
        decisions: what it was told about labels.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    run = begin_run(work, learned, trained.weights, vars(trained.out_of_fold), decisions)
    if trained.curves.training_loss[0]:
        draw_curves(trained.curves, run.folder / "curves.png")
    return finish_run(run, settings, metrics)


def copy_run(work: Path, run: Run, settings: dict[str, Any], metrics: dict[str, Any]) -> Run:
    """Write the next run's folder with the network of another, whose answers are to be other ones.

    Args:
        work: the work folder.
        run: the other run.
        settings: the recipe's [train].
        metrics: the figures.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    copy = begin_run(work, run.photos, run.weights, run.predictions, run.decisions)
    for picture in run.folder.glob("*.png"):
        write_whole(copy.folder / picture.name, picture.read_bytes())
    return finish_run(copy, settings, metrics)


def begin_run(
    work: Path,
    learned: Sequence[str],
    weights: Mapping[str, Tensor],
    predictions: Mapping[str, npt.NDArray[Any]],
    decisions: Sequence[Decision] = (),
) -> Run:
    """Write what the next run's network learned from, is, and predicted; until it is finished, the folder is no run.

    Args:
        work: the work folder.
        learned: the sha256 of the photos that it learned from.
        weights: state dict of the whole network, on the processor.
        predictions: out of fold, by name.
        decisions: what it was told about labels.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    run = Run(_next_folder(work))
    for picture in run.folder.glob("*.png"):  # of a run that a stop left here
        picture.unlink()
    stored, predicted = io.BytesIO(), io.BytesIO()
    torch.save(weights, stored)
    np.savez(predicted, **predictions)  # type: ignore[arg-type]  # none is called allow_pickle
    # First, so that `forget` knows it however this ends.
    write_json(run.folder / "photos.json", list(learned))
    (run.folder / DECISIONS).unlink(missing_ok=True)
    if decisions:
        write_json(run.folder / DECISIONS, [asdict(decision) for decision in decisions])
    write_whole(run.folder / "weights.pth", stored.getvalue())
    write_whole(run.folder / "judged.npz", predicted.getvalue())
    return run


def finish_run(run: Run, settings: dict[str, Any], metrics: dict[str, Any]) -> Run:
    """Write a begun run's settings and then its metrics, with which it is whole."""
    write_json(run.folder / "settings.json", settings)
    write_json(run.folder / "metrics.json", metrics)
    return run


def _next_folder(work: Path) -> Path:
    """Return the folder after all that were ever whole; one that a stop left half done is used again."""
    whole = [int(folder.name) for folder in run_folders(work) if any(folder.glob("metrics*.json"))]
    return work / "runs" / str(max(whole, default=0) + 1)
