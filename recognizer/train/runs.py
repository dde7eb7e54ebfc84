"""`runs/<number>/`: what a round of training leaves.

settings.json    the recipe's [train]
photos.json      which photos it learned from
weights.pth      of the whole network
judged.npz       out-of-fold predictions
decisions.json   of a round that follows another: what it was told about labels
used.json        of the last run: which run is used, where training has settled on an earlier one since
curves.png       how the round went
distributions.png    of several outputs: numbers that are told, next to the true ones
metrics.json     the figures; written last, it says that the run is whole

A run that learned from a photo which was forgotten since is not used any more, nor are later rounds of its training:
its metrics.json is called metrics.forgotten.json then, and but for settings and curves it is empty (store/copies.py).
"""

import functools
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor

from recognizer.calibration.calibrate import Calibration
from recognizer.errors import Damaged, NothingYet, RecognizerError
from recognizer.recipe import TrainSettings
from recognizer.report import read_json, write_json
from recognizer.store.copies import DECISIONS, is_last_run_emptied, run_folders
from recognizer.store.rows import Decision

ANEW = "train again, which makes it anew"
USED = "used.json"
FORMAT = 5  # of what lies in a run's folder; a run of another format is trained anew


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
        """What it was trained with; what came later has the value that it has by itself."""
        settings: dict[str, Any] = read_json(self.folder / "settings.json", {}, ANEW)
        return TrainSettings().model_dump() | settings

    @property
    def photos(self) -> list[str]:
        """The sha256 of the photos that it learned from."""
        photos: list[str] = read_json(self.folder / "photos.json", [str], ANEW)
        return photos

    @property
    def decisions(self) -> list[Decision]:
        """What it was told about labels."""
        file = self.folder / DECISIONS
        return [Decision(**one) for one in read_json(file, [{"photo": str}], ANEW)] if file.is_file() else []

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
        """The out-of-fold predictions, of a recipe of classes."""
        return OutOfFold(**self.predictions)

    @property
    def predictions(self) -> dict[str, npt.NDArray[Any]]:
        """What was predicted of photos that were not learned from, by name."""
        with np.load(_whole(self.folder / "judged.npz")) as stored:
            return {name: stored[name] for name in stored.files}

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

    def follows(self, before: "Run | None") -> bool:
        """Tell whether it is the next round after a run, or the first after none; those of before do not say it."""
        return bool(self.metrics.get("before", "") == (before.metrics.get("network") if before else ""))


def all_runs(work: Path) -> list[Run]:
    """List the whole runs of a work folder, oldest first; folders that this program has not named are none.

    A damaged one counts no more, and neither do those before it, so that what was made of it is not used either.
    """
    runs: list[Run] = []
    for run in (Run(folder) for folder in run_folders(work) if (folder / "metrics.json").is_file()):
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


def last_rounds(work: Path) -> list[Run]:
    """List the runs of the last training, one a round, the first round first."""
    rounds: list[Run] = []
    for run in reversed(all_runs(work)):
        if not rounds or run.metrics["round"] == rounds[0].metrics["round"] - 1:
            rounds.insert(0, run)
    return rounds


def find_round(work: Path, number: int, fingerprints: dict[str, str], before: Run | None) -> Run | None:
    """Return the run of a round whose network was made of the same photos in the same way; None where there is none.

    Args:
        work: the work folder.
        number: of the round, from 1.
        fingerprints: that it is to have. One that answers as is wanted, too, comes before others, and then a newer one.
        before: the run of the round before, which said whether to keep it.
    """
    found = [
        run
        for run in reversed(all_runs(work))
        if run.metrics.get("network") == fingerprints["network"]
        and run.metrics["round"] == number
        and run.follows(before)
    ]
    return max(found, key=lambda run: run.metrics["fingerprint"] == fingerprints["fingerprint"], default=None)


def used_run(work: Path) -> Run | None:
    """Return the run whose network is used; None where there is none.

    It is the last round that is kept of the last training, unless this has settled on an earlier one since.
    """
    runs = all_runs(work)
    kept = [run for run in (*runs, *last_rounds(work)) if run.metrics.get("kept", True)]
    noted = _noted(runs[-1]) if runs else ""
    return next((run for run in runs if run.folder.name == noted), kept[-1] if kept else None)


def _noted(run: Run) -> str:
    """Return the name of the run that a last run says is used; "" where it says nothing."""
    try:
        named: dict[str, str] = read_json(run.folder / USED, {"run": str}, ANEW)
        return named["run"]
    except FileNotFoundError:
        return ""
    except Damaged as error:
        _tell(str(error))
        return ""


def no_run(work: Path, what: str, command: str) -> RecognizerError:
    """Return the error which says that there is no run to go on with, and where `forget` has emptied it, that.

    Args:
        work: the work folder.
        what: what it lacks, such as "trained run".
        command: what trains.
    """
    if is_last_run_emptied(work):
        return RecognizerError(
            f"The {what} in {work} was removed by forget, since it had learned from a photo that was forgotten; "
            f"run {command} again."
        )
    return NothingYet(work, what, command)


def note_used(work: Path, run: Run) -> None:
    """Note which run is used, where that is not known without.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    file = all_runs(work)[-1].folder / USED
    if file.exists() or used_run(work) != run:
        write_json(file, {"run": run.folder.name})
