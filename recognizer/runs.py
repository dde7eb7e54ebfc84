"""`runs/<number>/`: what a round of training leaves.

settings.json    the recipe's [train]
weights.pth      of the whole network
judged.npz       what networks made of photos that they had not learned from
distance.json    how far a photo is from the classes (openset.py)
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
from torch import Tensor

from recognizer.calibrate import Calibration
from recognizer.openset import Distance
from recognizer.report import write_json


@dataclass(frozen=True)
class Judged:
    """What networks make of photos that they have not learned from.

    Args:
        photos: their sha256, n of them.
        labels: the number of each one's class, (n,).
        probabilities: uncalibrated, (n, classes).
        scores: distance from the classes, (n,).
        folds: the number of the fold that each photo is in, (n,).
    """

    photos: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int_]
    probabilities: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    folds: npt.NDArray[np.int_]

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
    def calibration(self) -> Calibration:
        """Temperature and threshold."""
        return Calibration(**self.metrics["calibration"])

    @property
    def distance(self) -> Distance:
        """How far a photo is from the classes."""
        return Distance.from_json(json.loads((self.folder / "distance.json").read_text(encoding="utf-8")))

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
    work: Path,
    settings: dict[str, Any],
    weights: dict[str, Tensor],
    judged: Judged,
    distance: Distance,
    metrics: dict[str, Any],
) -> Run:
    """Write the next run's folder, metrics last."""
    folder = work / "runs" / str(len(all_runs(work)) + 1)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(weights, folder / "weights.pth")
    np.savez(folder / "judged.npz", **vars(judged))
    write_json(folder / "settings.json", settings)
    write_json(folder / "distance.json", distance.to_json())
    write_json(folder / "metrics.json", metrics)
    return Run(folder)
