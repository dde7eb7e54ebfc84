"""`runs/<number>/`: what a round of training leaves.

settings.json    the recipe's [train]
photos.json      which photos it learned from
weights.pth      of the whole network
judged.npz       out-of-fold predictions
decisions.json   what the next round was told about labels, once there is one
curves.png       how the round went
metrics.json     the figures; written last, it says that the run is whole

A run that learned from a photo which was forgotten since is not used any more, nor are later rounds of its training:
its metrics.json is called metrics.forgotten.json then, and but for settings and curves it is empty (store/copies.py).
"""

import functools
import io
import logging
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor

from recognizer.calibration.calibrate import Calibration
from recognizer.errors import Damaged, RecognizerError
from recognizer.files import write_whole
from recognizer.report import read_json, write_json
from recognizer.store.rows import Decision
from recognizer.train.curves import Curves, draw_curves
from recognizer.train.mixing import Choice

ANEW = "train again, which makes it anew"
FORMAT = 4  # of what lies in a run's folder; a run of another format is trained anew


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions: what networks make of photos that they have not learned from.

    Args:
        photos: their sha256, n of them.
        labels: the number of each one's class, (n,).
        logits: uncalibrated, (n, classes).
        folds: the number of the fold that each photo is in, (n,).
        label_quality: how likely each label is right, as cleaning estimated it, (n,).
    """

    photos: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int_]
    logits: npt.NDArray[np.float64]
    folds: npt.NDArray[np.int_]
    label_quality: npt.NDArray[np.float64]

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """How likely each class is, uncalibrated, (n, classes)."""
        return np.asarray(softmax(self.logits, axis=1))

    def only(self, chosen: npt.NDArray[np.bool_]) -> "OutOfFold":
        """Return the predictions for some of the photos, (n,) telling which."""
        return OutOfFold(**{name: values[chosen] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Trained:
    """What a round of training gives, before it is written.

    Args:
        weights: state dict of the whole network, layers and head, on the processor.
        out_of_fold: predictions for photos that were not learned from.
        curves: how it went.
        choice: what is kept of the fine-tuning.
    """

    weights: dict[str, Tensor]
    out_of_fold: OutOfFold
    curves: Curves
    choice: Choice


@dataclass(frozen=True)
class Run:
    """A whole run.

    Args:
        folder: where it lies.
    """

    folder: Path

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures."""
        shape = {"round": int, "fingerprint": str, "calibration": dict}
        metrics: dict[str, Any] = read_json(self.folder / "metrics.json", shape, ANEW)
        return metrics

    @property
    def settings(self) -> dict[str, Any]:
        """What it was trained with."""
        settings: dict[str, Any] = read_json(self.folder / "settings.json", {}, ANEW)
        return settings

    @property
    def photos(self) -> list[str]:
        """The sha256 of the photos that it learned from."""
        photos: list[str] = read_json(self.folder / "photos.json", [str], ANEW)
        return photos

    @property
    def calibration(self) -> Calibration:
        """Temperature, threshold and limit.

        Raises:
            RecognizerError: the run is of a version that knew no limit.
        """
        stored = self.metrics["calibration"]
        if "limit" not in stored:
            raise RecognizerError(f"{self.folder} was trained by an older version; run recognizer train again.")
        return Calibration(**stored)

    @property
    def out_of_fold(self) -> OutOfFold:
        """The out-of-fold predictions."""
        with np.load(_whole(self.folder / "judged.npz")) as stored:
            return OutOfFold(**{name: stored[name] for name in stored.files})

    @property
    def weights(self) -> dict[str, Tensor]:
        """The network's state dict."""
        file = _whole(self.folder / "weights.pth")
        weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
        return weights

    def check(self) -> None:
        """See that what it left can be read.

        Raises:
            Damaged: some of it is missing or cannot.
        """
        for name in ("settings.json", "judged.npz", "weights.pth"):
            if not (self.folder / name).is_file():
                raise Damaged(f"{self.folder / name} is missing; {ANEW}.")
        _ = self.metrics, self.settings
        for name in ("judged.npz", "weights.pth"):
            _archive(self.folder / name).close()

    def write_decisions(self, decisions: Sequence[Decision]) -> None:
        """Note what the next round is told about labels."""
        write_json(self.folder / "decisions.json", [asdict(decision) for decision in decisions])


def all_runs(work: Path) -> list[Run]:
    """List the whole runs of a work folder, oldest first; folders that this program has not named are none.

    A damaged one counts no more, and neither do those before it, which nobody means any more.
    """
    runs: list[Run] = []
    for run in (Run(folder) for folder in _numbered(work) if (folder / "metrics.json").is_file()):
        try:
            run.check()
            runs.append(run)
        except Damaged as error:
            _tell(str(error))
            runs.clear()
    return runs


@functools.cache
def _tell(sentence: str) -> None:
    """Say something once."""
    logging.getLogger(__name__).warning(sentence)


def _whole(file: Path) -> Path:
    """Return a file that holds others, once each byte in it is seen to be as it was written."""
    with _archive(file) as archive:
        if archive.testzip():
            raise Damaged(f"{file} is damaged; delete the folder {file.parent}, and {ANEW}.")
    return file


def _archive(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise Damaged(f"{file} is damaged ({error}); {ANEW}.") from error


def _numbered(work: Path) -> list[Path]:
    folders = [folder for folder in work.glob("runs/*") if folder.name.isascii() and folder.name.isdigit()]
    return sorted(folders, key=lambda folder: int(folder.name))


def _next_folder(work: Path) -> Path:
    """Return the folder after all that were ever whole; one that a stop left half done is used again."""
    whole = [int(folder.name) for folder in _numbered(work) if any(folder.glob("metrics*.json"))]
    return work / "runs" / str(max(whole, default=0) + 1)


def last_rounds(work: Path) -> list[Run]:
    """List the runs of the last training, one a round, the first round first."""
    rounds: list[Run] = []
    for run in reversed(all_runs(work)):
        if not rounds or run.metrics["round"] == rounds[0].metrics["round"] - 1:
            rounds.insert(0, run)
    return rounds


def write_run(
    work: Path, settings: dict[str, Any], learned: Sequence[str], trained: Trained, metrics: dict[str, Any]
) -> Run:
    """Write the next run's folder, metrics last.

    Args:
        work: the work folder.
        settings: the recipe's [train].
        learned: the sha256 of the photos that it learned from, validation photos included.
        trained: what the round gave.
        metrics: the figures.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    run = begin_run(work, learned, trained.weights, vars(trained.out_of_fold))
    (run.folder / "curves.png").unlink(missing_ok=True)  # of a run that a stop left here
    if settings["epochs"]:
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
    copy = begin_run(work, run.photos, run.weights, vars(run.out_of_fold))
    (copy.folder / "curves.png").unlink(missing_ok=True)
    if (run.folder / "curves.png").is_file():
        write_whole(copy.folder / "curves.png", (run.folder / "curves.png").read_bytes())
    return finish_run(copy, settings, metrics)


def begin_run(
    work: Path, learned: Sequence[str], weights: Mapping[str, Tensor], predictions: Mapping[str, npt.NDArray[Any]]
) -> Run:
    """Write what the next run's network learned from, is, and predicted; until it is finished, the folder is no run.

    Args:
        work: the work folder.
        learned: the sha256 of the photos that it learned from.
        weights: state dict of the whole network, on the processor.
        predictions: out of fold, by name.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    run = Run(_next_folder(work))
    stored, predicted = io.BytesIO(), io.BytesIO()
    torch.save(weights, stored)
    np.savez(predicted, **predictions)  # type: ignore[arg-type]  # none is called allow_pickle
    write_json(run.folder / "photos.json", list(learned))  # first, so that `forget` knows it however this ends
    write_whole(run.folder / "weights.pth", stored.getvalue())
    write_whole(run.folder / "judged.npz", predicted.getvalue())
    return run


def finish_run(run: Run, settings: dict[str, Any], metrics: dict[str, Any]) -> Run:
    """Write a begun run's settings and then its metrics, with which it is whole."""
    write_json(run.folder / "settings.json", settings)
    write_json(run.folder / "metrics.json", metrics)
    return run
