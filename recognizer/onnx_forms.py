"""The network as ONNX, in floats and in whole numbers of eight bits.

Pixels between 0 and 1, (n, 3, size, size), to probabilities, (n, classes), and energy, (n,), which tells photos of no
class (openset.py); normalisation and softmax are inside.
"""

import recognizer.torchvision_cure  # noqa: F401

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from fastai.learner import Learner
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image
from torch import nn

Floats = npt.NDArray[np.floating]
MOST_PHOTOS = 96  # to measure ranges with; more change them little
IN_FLOATS = (0.0, 0.1, 0.25, 0.6)  # shares of the convolutions, from the first, that may stay in floats
MOST_ERROR = 0.1  # root mean square of a log-probability; above it, more than one answer in a hundred changes
QUANTISED = ("Conv", "Clip", "Relu", "Add", "MaxPool")


class Answers(NamedTuple):
    """What a form of the network says of n photos.

    Args:
        probabilities: (n, classes).
        energies: (n,), larger is less like any class.
    """

    probabilities: Floats
    energies: Floats


class _Served(nn.Module):
    """The network with its normalisation before it, softmax and energy after it."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        normalize = next(t for t in learner.dls.after_batch.fs if type(t).__name__ == "Normalize")
        self.register_buffer("mean", normalize.mean.cpu())
        self.register_buffer("std", normalize.std.cpu())
        self.network = learner.model

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits: torch.Tensor = self.network((pixels - self.mean) / self.std)
        return logits.softmax(dim=1), -logits.logsumexp(dim=1)


class _Pixels(CalibrationDataReader):  # type: ignore[misc]
    """Hands photos to onnxruntime, one after the other."""

    def __init__(self, photos: Sequence[Floats]) -> None:
        self._left = iter(photos)

    def get_next(self) -> dict[str, Floats] | None:
        pixels = next(self._left, None)
        return None if pixels is None else {"pixels": pixels}


def write_onnx(learner: Learner, size: int, file: Path) -> None:
    """Write a learner's network in floats.

    Args:
        learner: its model is put into evaluation mode.
        size: side of the square that the network sees, in pixels.
        file: the file to write.
    """
    served = _Served(learner).eval()
    batch = torch.export.Dim("photos", min=1, max=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        torch.onnx.export(
            served,
            (torch.rand(2, 3, size, size),),
            file,
            input_names=["pixels"],
            output_names=["probabilities", "energy"],
            dynamic_shapes=({0: batch},),
            external_data=False,
            verbose=False,
        )


def write_int8(source: Path, photos: Sequence[Path], size: int, file: Path) -> float:
    """Write a network in whole numbers of eight bits, with as few of its first layers in floats as its answers allow.

    Weights have a scale for each channel and seven bits: with eight, processors without VNNI overflow in silence
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). The first convolutions see the
    widest ranges with the fewest channels and cost the most accuracy for the fewest bytes; the last layer stays in
    floats.

    Args:
        source: what `write_onnx` wrote.
        photos: files of photos that the network has learned from, evenly of all classes.
        size: side of the square that the network sees, in pixels.
        file: the file to write.

    Returns:
        The share of the convolutions that are in floats.
    """
    seen = [onnx_pixels(photo, size) for photo in _evenly(photos, MOST_PHOTOS)]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        expected = run_onnx(prepared, seen).probabilities
        for share in IN_FLOATS:
            _quantise(prepared, share, seen, Path(folder) / "ranges.json", file)
            if _error(run_onnx(file, seen).probabilities, expected) <= MOST_ERROR:
                break
    return share


def run_onnx(file: Path, photos: Sequence[Floats]) -> Answers:
    """Return what a form says of photos as `onnx_pixels` gives them, one by one or several together."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    given = [session.run(["probabilities", "energy"], {"pixels": pixels}) for pixels in photos]
    return Answers(*(np.concatenate(parts) for parts in zip(*given, strict=True)))


def onnx_pixels(path: Path, size: int) -> Floats:
    """Return a photo as the networks take it: (1, 3, size, size), float32 between 0 and 1."""
    with Image.open(path) as image:
        square = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] / 255


def _quantise(source: Path, share: float, photos: Sequence[Floats], ranges: Path, file: Path) -> None:
    nodes = onnx.load(source).graph.node
    convolutions = [node.name for node in nodes if node.op_type == "Conv"]
    floats = set(convolutions[: round(share * len(convolutions))])
    quantize_static(
        source,
        file,
        _Pixels(photos),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_quantize=[n.name for n in nodes if n.op_type in QUANTISED and n.name not in floats],
        calibration_cache_path=ranges,
    )


def _error(given: Floats, expected: Floats) -> float:
    """Return the root mean square difference of log-probabilities, each photo's mean taken off."""
    logs = [np.log(np.clip(rows, 1e-9, 1)) for rows in (given, expected)]
    given_logits, expected_logits = [rows - rows.mean(axis=1, keepdims=True) for rows in logs]
    return float(np.sqrt(((given_logits - expected_logits) ** 2).mean()))


def _evenly(photos: Sequence[Path], most: int) -> Sequence[Path]:
    return photos[:: -(-len(photos) // most)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's advice to prepare the network, which is done here, off the terminal."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
