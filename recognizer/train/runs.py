"""`runs/<number>/`: what a round of training leaves.

settings.json    the recipe's [train]
weights.pth      of the whole network
judged.npz       what networks made of photos that they had not learned from
curves.png       how the round went
metrics.json     the figures; written last, it says that the run is whole
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor

from recognizer.calibration.calibrate import Calibration
from recognizer.errors import RecognizerError
from recognizer.report import write_json

FORMAT = 3  # of what lies in a run's folder; a run of another format is trained anew


@dataclass(frozen=True)
class Judged:
    """What networks make of photos that they have not learned from.

    Args:
        photos: their sha256, n of them.
        labels: the number of each one's class, (n,).
        logits: uncalibrated, (n, classes).
        folds: the number of the fold that each photo is in, (n,).
        label_quality: how likely each label is right, as cleaning saw it before, (n,).
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

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Judged":
        """Return what was made of some of the photos, (n,) telling which."""
        return Judged(**{name: values[chosen] for name, values in vars(self).items()})


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
        metrics: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return metrics

    @property
    def settings(self) -> dict[str, Any]:
        """What it was trained with."""
        settings: dict[str, Any] = json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))
        return settings

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
    def judged(self) -> Judged:
        """What networks made of photos that they had not learned from."""
        with np.load(self.folder / "judged.npz") as stored:
            return Judged(**{name: stored[name] for name in stored.files})

    @property
    def weights(self) -> dict[str, Tensor]:
        """The network's state dict."""
        weights: dict[str, Tensor] = torch.load(self.folder / "weights.pth", map_location="cpu", weights_only=True)
        return weights


def all_runs(work: Path) -> list[Run]:
    """List the whole runs of a work folder, oldest first."""
    folders = (file.parent for file in work.glob("runs/*/metrics.json"))
    return [Run(folder) for folder in sorted(folders, key=lambda folder: int(folder.name))]


def write_run(
    work: Path, settings: dict[str, Any], weights: dict[str, Tensor], judged: Judged, metrics: dict[str, Any]
) -> Run:
    """Write the next run's folder, metrics last."""
    folder = work / "runs" / str(len(all_runs(work)) + 1)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(weights, folder / "weights.pth")
    np.savez(folder / "judged.npz", **vars(judged))
    write_json(folder / "settings.json", settings)
    write_json(folder / "metrics.json", metrics)
    return Run(folder)
