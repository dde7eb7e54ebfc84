"""The network as ONNX.

Pixels between 0 and 1, (n, 3, size, size), to probabilities, (n, classes), energy, (n,), which tells photos out of
distribution (calibration/abstain.py), evidence, (n, classes, h, w), which adds up to the logits (networks/evidence.py),
and embedding, (n, channels), of length 1; normalisation and softmax are inside.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import torch
from fastai.learner import Learner
from google.protobuf.message import Message
from torch import nn
from torch.nn import functional

from recognizer.images.pixels import square_pixels
from recognizer.networks.evidence import evidence_of
from recognizer.networks.onnx_session import open_session

Floats = npt.NDArray[np.floating]
NOTES = ("metadata_props", "doc_string")  # of ONNX messages: where torch writes down its stack traces


class Answers(NamedTuple):
    """What a form of the network says of n photos.

    Args:
        probabilities: (n, classes).
        energies: (n,), larger is less like any class.
    """

    probabilities: Floats
    energies: Floats


class Normalizing(nn.Module):
    """What a learner does to pixels between 0 and 1 before its network takes them."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        normalize = next(t for t in learner.dls.after_batch.fs if type(t).__name__ == "Normalize")
        self.register_buffer("mean", normalize.mean.cpu())
        self.register_buffer("std", normalize.std.cpu())

    def normalized(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return pixels, (n, 3, size, size), as the network takes them."""
        return (pixels - self.mean) / self.std


class _Served(Normalizing):
    """The network with its normalisation before it; softmax, energy and evidence after it."""

    def __init__(self, learner: Learner, size: int) -> None:
        super().__init__(learner)
        self.layers, _ = learner.model.children()
        self.evidence = evidence_of(learner.model, size)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        maps = self.layers(self.normalized(pixels))
        evidence: torch.Tensor = self.evidence(maps)
        logits = evidence.sum(dim=(2, 3))
        embedding = functional.normalize(maps.mean(dim=(2, 3)))
        return logits.softmax(dim=1), -logits.logsumexp(dim=1), evidence, embedding


def write_onnx(learner: Learner, size: int, file: Path) -> None:
    """Write a learner's network in floats.

    Args:
        learner: its model is put into evaluation mode.
        size: side of the square that the network sees, in pixels.
        file: the file to write.
    """
    export_onnx(_Served(learner, size), ["probabilities", "energy", "evidence", "embedding"], size, file)


def export_onnx(served: nn.Module, outputs: Sequence[str], size: int, file: Path) -> None:
    """Write what is served as ONNX; its input is called `pixels`, and takes 1 to 256 photos.

    Args:
        served: takes pixels, (n, 3, size, size); is put into evaluation mode.
        outputs: the names of what it gives.
        size: side of the square, in pixels.
        file: the file to write.
    """
    batch = torch.export.Dim("photos", min=1, max=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        torch.onnx.export(
            served.eval(),
            (torch.rand(2, 3, size, size),),
            file,
            input_names=["pixels"],
            output_names=list(outputs),
            dynamic_shapes=({0: batch},),
            external_data=False,
            verbose=False,
        )
    network = onnx.load(file)
    _remove_notes(network)
    onnx.save(network, file)


def _remove_notes(part: Message) -> None:
    """Take the notes out of a network and all its parts: they name files of the machine that it was made on.

    Args:
        part: the network, or a part of it; is changed.
    """
    for name in NOTES:
        if name in part.DESCRIPTOR.fields_by_name:
            part.ClearField(name)
    for field, value in part.ListFields():
        if field.message_type:
            for inner in [value] if isinstance(value, Message) else value:
                _remove_notes(inner)


def run_onnx(files: Sequence[Path], photos: Iterable[Floats]) -> list[Answers]:
    """Return what each of several forms of the network says of photos.

    Args:
        files: the forms.
        photos: at least one, as `onnx_pixels` gives them, one by one or several together; they are taken one after the
            other, so that they need not be in memory at once.
    """
    sessions = [open_session(file) for file in files]
    found: list[list[list[Floats]]] = [[] for _ in files]
    for pixels in photos:
        for session, rows in zip(sessions, found, strict=True):
            rows.append(session.run(["probabilities", "energy"], {"pixels": pixels}))
    return [Answers(*(np.concatenate(parts) for parts in zip(*rows, strict=True))) for rows in found]


def onnx_pixels(path: Path, size: int) -> Floats:
    """Return a photo as the forms take it: (1, 3, size, size), float32 between 0 and 1."""
    return square_pixels(path, size)[None].astype(np.float32) / 255
