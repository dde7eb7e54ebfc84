"""The network of several outputs as ONNX: pixels between 0 and 1 to an output of its own name each, and the logits.

Of classes, probabilities, (n, classes); of a number, its value, (n,). Normalisation and softmax are inside.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from fastai.learner import Learner
from torch import Tensor, nn

from recognizer.train.outputs_head import OutputCalibration


class _Served(nn.Module):
    """The network with its normalisation before it, and each output's own end after it."""

    mean: Tensor
    std: Tensor

    def __init__(self, learner: Learner, calibrations: Mapping[str, OutputCalibration]) -> None:
        super().__init__()
        normalize = next(t for t in learner.dls.after_batch.fs if type(t).__name__ == "Normalize")
        self.register_buffer("mean", normalize.mean.cpu())
        self.register_buffer("std", normalize.std.cpu())
        self.network = learner.model
        self._calibrations = list(calibrations.values())

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        logits: Tensor = self.network((pixels - self.mean) / self.std)
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
    served = _Served(learner, calibrations).eval()
    batch = torch.export.Dim("photos", min=1, max=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        torch.onnx.export(
            served,
            (torch.rand(2, 3, size, size),),
            file,
            input_names=["pixels"],
            output_names=[*calibrations, "logits"],
            dynamic_shapes=({0: batch},),
            external_data=False,
            verbose=False,
        )
