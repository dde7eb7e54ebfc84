"""A pretrained network as a chain of parts: its stages, the feature maps of the last ones side by side, and a cut.

    parts = as_chain(layers)                # nn.Sequential(*parts) does what the layers do
    stages = group_stages(parts)            # parts whose feature maps have one shape
    layers, widths = merge_last(parts, 2)   # gives the feature maps of the last two stages
    frozen, tuned = cut(layers, 0.33)       # tuned(frozen(pixels)) is layers(pixels)

The last stage is far on the way to ImageNet's classes, those before it know more of shapes and materials: a linear
layer on several tells other classes apart better than on the last alone (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from fastai.layers import MergeLayer, SequentialEx
from fastai.vision.learner import TimmBody
from torch import Tensor, nn

from recognizer.errors import RecognizerError

SIDE = 64  # pixels of the picture that a network is tried with, unless it is made for pictures of one size
Shape = tuple[int, int]  # channels and side of feature maps


class Merged(NamedTuple):
    """Layers that give the feature maps of several stages side by side.

    Args:
        layers: these.
        widths: how many channels are of each stage, as they lie; none of a network that is no chain.
    """

    layers: nn.Sequential
    widths: list[int]


class Cut(NamedTuple):
    """Copies of the two parts of a backbone: the layers that stay as they are, and those that are fine-tuned."""

    frozen: nn.Module
    tuned: nn.Module


def as_chain(layers: nn.Module, side: int = SIDE) -> list[nn.Module]:
    """Return the parts that a network applies one after the other.

    Args:
        layers: takes pictures, (n, 3, side, side), gives feature maps, (n, channels, h, w).
        side: pixels, of the picture that it is tried with.

    Returns:
        The parts; the network alone, if it does more than apply its parts in order.
    """
    parts = list(_flat(layers))
    with torch.inference_mode():
        expected = layers.eval()(_picture(side))
        try:
            found = list(_outputs(parts, side))
        except Exception:  # parts that are not applied in order can fail in any way
            return [layers]
    same = [number for number, maps in enumerate(found, 1) if _equal(maps, expected)]
    return parts[: same[-1]] if same else [layers]


def group_stages(parts: Sequence[nn.Module], side: int = SIDE) -> list[list[nn.Module]]:
    """Group a chain's parts by the shape of their maps; what comes before the first convolutions in a row is no stage.

    Args:
        parts: as `as_chain` gives them; a single one is no chain and has no stages.
        side: pixels, of the picture that they are tried with.
    """
    if len(parts) < 2:
        return []
    stages: list[list[nn.Module]] = []
    for part, (before, after) in zip(parts, pairwise(_shapes(parts, side)), strict=True):
        if before != after or not stages:
            stages.append([])
        stages[-1].append(part)
    blocks = [stage for stage in stages if any(_convolutions(part) > 1 for part in stage)]
    return blocks or [stage for stage in stages if any(map(_convolutions, stage))]


def merge_last(parts: Sequence[nn.Module], count: int, side: int = SIDE) -> Merged:
    """Return layers that give the feature maps of the last stages, from the last on, enlarged where they are smaller.

    Args:
        parts: as `as_chain` gives them; a single one stays as it is.
        count: of the stages; fewer where there are not so many.
        side: pixels, of the picture that the layers will take.
    """
    shapes = _shapes(parts, side) if len(parts) > 1 else []
    starts = [number for number in range(1, len(shapes) - 1) if shapes[number] != shapes[number + 1]][::-1]
    merged, small = list(parts), shapes[-1][1] if shapes else 0
    for start in starts[: count - 1]:
        enlarge, small = enlarging(small, shapes[start][1]), shapes[start][1]
        # MergeLayer puts what a stage takes, the maps of the one before, beside what it gives.
        merged = [*merged[:start], SequentialEx(*merged[start:], *enlarge, MergeLayer(dense=True))]
    return Merged(nn.Sequential(*merged), [shapes[place][0] for place in (-1, *starts[: count - 1])] if shapes else [])


def enlarging(side: int, wanted: int) -> list[nn.Module]:
    """Return what makes maps with a side as large as is wanted, if anything has to."""
    if side == wanted:
        return []
    # Some networks cut pixels off, so that the sides of their maps are no multiples of each other.
    return [nn.Upsample((wanted, wanted)) if wanted % side else nn.Upsample(scale_factor=wanted // side)]


def cut(layers: nn.Module, tuned: float, name: str) -> Cut:
    """Cut a backbone between two of its parts, where the share of layers behind is nearest to what is wanted.

    Args:
        layers: the backbone's.
        tuned: share of its parameters (tensors), counted from the end, that are to be fine-tuned.
        name: the backbone's name, for the error.

    Raises:
        RecognizerError: the backbone is no chain of layers that could be cut there.
    """
    parts = list(layers.named_children()) if isinstance(layers, nn.Sequential) else []
    if len(parts) < 2:
        raise RecognizerError(
            f"“{name}” cannot be cut into layers that are cached and layers that are tuned; "
            "set epochs = 0 under [train] in the recipe or, where it has no outputs, cached = false."
        )
    ends = [0]
    for _, part in parts[:-1]:
        ends.append(ends[-1] + len(list(part.parameters())))
    frozen = count_frozen(layers, tuned)
    first = min(range(len(ends)), key=lambda number: abs(ends[number] - frozen))
    return Cut(_copied(parts[:first]), _copied(parts[first:]))


def count_frozen(layers: nn.Module, tuned: float) -> int:
    """Return how many of a network's parameters (tensors), counted from the start, are not fine-tuned."""
    return round(len(list(layers.parameters())) * (1 - tuned))


def freeze_early(layers: nn.Module, tuned: float) -> None:
    """Keep the layers that are not fine-tuned as they are."""
    for parameter in list(layers.parameters())[: count_frozen(layers, tuned)]:
        parameter.requires_grad_(False)


def windows(side: int, cells: int) -> tuple[int, int]:
    """Return size and stride of windows that cut feature maps into cells along each side, overlapping where they must.

    Unlike adaptive pooling, such windows are the same everywhere and can be exported to ONNX from any size.

    Args:
        side: of the maps.
        cells: wanted along each side; smaller maps are left as they are.
    """
    stride = max(1, side // cells)
    return max(1, side - (cells - 1) * stride), stride


def _copied(parts: Sequence[tuple[str, nn.Module]]) -> nn.Sequential:
    """Copy parts under their names, so that their weights find back."""
    return copy.deepcopy(nn.Sequential(OrderedDict(parts)))


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    """Give the parts of a chain of chains."""
    if isinstance(module, TimmBody):
        module = nn.Sequential(*module.model.children())
    if not isinstance(module, nn.Sequential):
        yield module
        return
    for child in module:
        yield from _flat(child)


def _picture(side: int) -> Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))


def _outputs(parts: Sequence[nn.Module], side: int) -> Iterator[Tensor]:
    """Give what each part makes, until a part follows that makes no maps any more."""
    maps = _picture(side)
    for part in parts:
        maps = part.eval()(maps)
        if maps.dim() != 4 or maps.shape[2] != maps.shape[3]:  # some keep their channels last
            return
        yield maps


def _equal(maps: Tensor, expected: Tensor) -> bool:
    return maps.shape == expected.shape and torch.allclose(maps, expected, atol=1e-4)


@torch.inference_mode()
def _shapes(parts: Sequence[nn.Module], side: int) -> list[Shape]:
    """Return the shape of the maps before the first part and after each."""
    return [(maps.shape[1], maps.shape[3]) for maps in (_picture(side), *_outputs(parts, side))]


def _convolutions(part: nn.Module) -> int:
    return sum(isinstance(module, nn.Conv2d) for module in part.modules())
