"""The network of several outputs as ONNX: pixels between 0 and 1 to an output of its own name each, and the logits.

Of classes, probabilities, (n, classes); of a number, its value, (n,). Normalisation and softmax are inside.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Mapping
from pathlib import Path

import torch
from fastai.learner import Learner
from torch import Tensor

from recognizer.export.onnx_forms import Normalizing, export_onnx
from recognizer.train.outputs_head import OutputCalibration


class _Served(Normalizing):
    """The network with its normalisation before it, and each output's own end after it."""

    def __init__(self, learner: Learner, calibrations: Mapping[str, OutputCalibration]) -> None:
        super().__init__(learner)
        self.network = learner.model
        self._calibrations = list(calibrations.values())

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        logits: Tensor = self.network(self.normalized(pixels))
        return (*(_end(logits[:, one.start : one.stop], one.centres) for one in self._calibrations), logits)


def _end(logits: Tensor, centres: list[float]) -> Tensor:
    """Return the probabilities of classes, or the mean of a number's centres."""
    probabilities = logits.softmax(dim=1)
    return (probabilities * torch.tensor(centres)).sum(dim=1) if centres else probabilities


def write_outputs_onnx(learner: Learner, calibrations: Mapping[str, OutputCalibration], size: int, file: Path) -> None:
    """Write a learner's network in floats.

    Args:
        learner: its model is put into evaluation mode.
        calibrations: name of an output to what its slice of the logits means, in order.
        size: side of the square that the network takes, in pixels.
        file: the file to write.
    """
    export_onnx(_Served(learner, calibrations), [*calibrations, "logits"], size, file)
