"""The network of several outputs as ONNX: pixels between 0 and 1 to an output of its own name each, and the logits.

Of classes, probabilities, (n, classes); of a number, its value, (n,). `evidence`, (n, logits, h, w), is what each place
adds to each logit (networks/evidence.py). Normalisation and softmax are inside.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Mapping
from pathlib import Path

import torch
from fastai.learner import Learner
from torch import Tensor

from recognizer.export.onnx_forms import Normalizing, export_onnx
from recognizer.networks.evidence import evidence_of
from recognizer.train.outputs_head import OutputCalibration


class _Served(Normalizing):
    """The network with its normalisation before it, and each output's own end after it."""

    def __init__(self, learner: Learner, calibrations: Mapping[str, OutputCalibration], size: int) -> None:
        super().__init__(learner)
        self.layers, _ = learner.model.children()
        self.evidence = evidence_of(learner.model, size)
        self._calibrations = list(calibrations.values())

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        evidence = self.evidence(self.layers(self.normalized(pixels)))
        logits = evidence.sum(dim=(2, 3))
        ends = (_end(logits[:, one.start : one.stop], one.centres) for one in self._calibrations)
        return (*ends, logits, evidence)


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
    export_onnx(_Served(learner, calibrations, size), [*calibrations, "logits", "evidence"], size, file)
