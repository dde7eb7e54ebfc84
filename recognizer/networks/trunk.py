"""Runs the layers that stay as they are: on a GPU through torch, on a CPU through ONNX Runtime.

On two cores ONNX Runtime takes about a third of torch's time for EfficientNet-Lite0 (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import io
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import nn

from recognizer.networks.augmentation import Pixels
from recognizer.networks.backbone import Backbone

Maps = npt.NDArray[np.float16]
Run = Callable[[Pixels], Maps]


class _Normalised(nn.Module):
    """A trunk with its normalisation before it."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, trunk: nn.Module, backbone: Backbone) -> None:
        super().__init__()
        self.trunk = trunk
        self.register_buffer("mean", torch.tensor(backbone.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.std).view(3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.trunk((pixels.float() / 255 - self.mean) / self.std)
        return maps


def runner(trunk: nn.Module, backbone: Backbone, size: int) -> Run:
    """Return a function from pixels, (n, 3, size, size), to the trunk's maps, (n, channels, height, width).

    Args:
        trunk: the layers.
        backbone: whose trunk it is; it knows how pixels are normalised.
        size: pixels, the side of what the trunk sees.
    """
    whole = _Normalised(trunk, backbone).eval()
    return _on_gpu(whole) if torch.cuda.is_available() else _on_cpu(whole, size)


def _on_gpu(whole: nn.Module) -> Run:
    whole = whole.cuda()

    @torch.inference_mode()
    def run(pixels: Pixels) -> Maps:
        maps: Maps = whole(torch.from_numpy(pixels).cuda()).half().cpu().numpy()
        return maps

    return run


def _on_cpu(whole: nn.Module, size: int) -> Run:
    file = io.BytesIO()
    pixels = torch.zeros(2, 3, size, size, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the other exporter takes ten times as long
        # Sizes of maps become fixed, which is meant.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        axes = {"pixels": {0: "photos"}}
        torch.onnx.export(whole, (pixels,), file, dynamo=False, input_names=["pixels"], dynamic_axes=axes)  # type: ignore[arg-type]
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])

    def run(pixels: Pixels) -> Maps:
        maps: npt.NDArray[np.float32] = session.run(None, {"pixels": pixels})[0]
        return maps.astype(np.float16)

    return run
