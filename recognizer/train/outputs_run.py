"""`runs/<number>/` of a recipe with several outputs: the files of runs.py, predictions of all outputs among them."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recognizer.files import write_whole
from recognizer.report import write_json
from recognizer.train.runs import Run, _next_folder, all_runs


def last_outputs_run(work: Path) -> Run | None:
    """Return the last whole run, or None where there is none, or the last one is of a recipe of classes."""
    runs = all_runs(work)
    return runs[-1] if runs and "outputs" in runs[-1].metrics else None


def write_outputs_run(
    work: Path,
    settings: dict[str, Any],
    learned: Sequence[str],
    weights: Mapping[str, Tensor],
    predictions: Mapping[str, npt.NDArray[Any]],
    metrics: dict[str, Any],
) -> Run:
    """Write the next run's folder, metrics last.

    Args:
        work: the work folder.
        settings: the recipe's [train].
        learned: the sha256 of the photos that it learned from.
        weights: state dict of the whole network.
        predictions: out of fold: `photos`, `logits` and `folds`.
        metrics: the figures.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    run = Run(_next_folder(work))
    stored, judged = io.BytesIO(), io.BytesIO()
    torch.save({name: tensor.detach().cpu() for name, tensor in weights.items()}, stored)
    np.savez(judged, **predictions)  # type: ignore[arg-type]  # none is called allow_pickle
    write_json(run.folder / "photos.json", list(learned))  # first, so that `forget` knows it however this ends
    write_whole(run.folder / "weights.pth", stored.getvalue())
    write_whole(run.folder / "judged.npz", judged.getvalue())
    write_json(run.folder / "settings.json", settings)
    write_json(run.folder / "metrics.json", metrics)
    return run
