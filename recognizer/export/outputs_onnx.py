"""The network of several outputs as ONNX: pixels between 0 and 1 to an output of its own name each, and the logits.

Of classes, probabilities, (n, classes); of a number, its value, (n,). `evidence`, (n, logits, h, w), is what each place
adds to each logit, exactly, since the head averages over the places of a grid and adds (networks/evidence.py).
Normalisation and softmax are inside.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Mapping
from pathlib import Path

import torch
from fastai.learner import Learner
from torch import Tensor, nn

from recognizer.export.onnx_forms import Normalizing, export_onnx
from recognizer.train.outputs_head import OutputCalibration


class _Served(Normalizing):
    """The network with its normalisation before it, and each output's own end after it."""

    weight: Tensor
    bias: Tensor

    def __init__(self, learner: Learner, calibrations: Mapping[str, OutputCalibration], size: int) -> None:
        super().__init__(learner)
        self.layers, head = learner.model.eval().children()
        self.pool, _, last = head.children()
        assert isinstance(self.pool, nn.AvgPool2d) and isinstance(last, nn.Linear)
        with torch.inference_mode():
            _, channels, *_ = self.layers(torch.zeros(1, 3, size, size)).shape
        by_place = last.weight.detach().reshape(last.out_features, channels, -1)  # (logits, channels, places)
        self.register_buffer("weight", by_place.permute(2, 1, 0).clone())
        self.register_buffer("bias", last.bias.detach().clone())
        self._calibrations = list(calibrations.values())

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        cells = self.pool(self.layers(self.normalized(pixels)))
        added = cells.flatten(2).permute(2, 0, 1) @ self.weight + self.bias / len(self.weight)  # (places, n, logits)
        logits = added.sum(dim=0)
        evidence = added.permute(1, 2, 0).unflatten(2, cells.shape[2:])
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
