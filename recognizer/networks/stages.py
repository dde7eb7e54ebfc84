"""A pretrained network as a chain of parts, grouped into stages; and the maps of its last stages side by side.

    parts = as_chain(body)                  # nn.Sequential(*parts) does what the body does
    stages = group_stages(parts)            # parts whose maps have one shape
    body = merge_last(parts, 2)             # gives the maps of the last two stages

The last stage is far on the way to ImageNet's classes, those before it know more of shapes and materials: a linear
layer on several tells other classes apart better than on the last alone (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from fastai.layers import MergeLayer, SequentialEx
from fastai.vision.learner import TimmBody
from torch import Tensor, nn

SIDE = 64  # pixels of the picture that a network is tried with
Shape = tuple[int, int]  # channels and side of maps


def as_chain(body: nn.Module) -> list[nn.Module]:
    """Return the parts that a body applies one after the other.

    Args:
        body: takes a batch of pictures, gives maps.

    Returns:
        The parts; the body alone, if it does more than apply its parts in order.
    """
    parts = list(_flat(body))
    with torch.inference_mode():
        try:
            expected = body.eval()(_picture())
            if expected.dim() != 4:  # tokens instead of maps
                return [body]
            seen = list(_outputs(parts))
        except (AssertionError, RuntimeError):  # a transformer for pictures of one size
            return [body]
    same = [number for number, maps in enumerate(seen, 1) if _equal(maps, expected)]
    return parts[: same[-1]] if same else [body]


def group_stages(parts: Sequence[nn.Module]) -> list[list[nn.Module]]:
    """Group a chain's parts by the shape of their maps; what comes before the first convolutions in a row is no stage.

    Args:
        parts: as `as_chain` gives them; a single one is no chain and has no stages.
    """
    if len(parts) < 2:
        return []
    stages: list[list[nn.Module]] = []
    for part, (before, after) in zip(parts, pairwise(_shapes(parts)), strict=True):
        if before != after or not stages:
            stages.append([])
        stages[-1].append(part)
    return [stage for stage in stages if any(_convolutions(part) > 1 for part in stage)]


def merge_last(parts: Sequence[nn.Module], count: int) -> nn.Sequential:
    """Return a body whose maps are those of the last stages, from the last on, enlarged where they are smaller.

    Args:
        parts: as `as_chain` gives them; a single one stays as it is.
        count: of the stages; fewer where there are not so many.
    """
    shapes = _shapes(parts) if len(parts) > 1 else []
    starts = [number for number in range(1, len(parts)) if shapes[number] != shapes[number + 1]]
    merged, side = list(parts), shapes[-1][1] if shapes else 0
    for start in starts[::-1][: count - 1]:
        smaller, side = shapes[start][1] // side, shapes[start][1]
        enlarge = [nn.Upsample(scale_factor=smaller)] if smaller > 1 else []
        # MergeLayer puts what a stage takes, the maps of the one before, beside what it gives.
        merged = [*merged[:start], SequentialEx(*merged[start:], *enlarge, MergeLayer(dense=True))]
    return nn.Sequential(*merged)


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    """Give the parts of a chain of chains."""
    if isinstance(module, TimmBody):
        module = nn.Sequential(*module.model.children())
    if not isinstance(module, nn.Sequential):
        yield module
        return
    for child in module:
        yield from _flat(child)


def _picture() -> Tensor:
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def _outputs(parts: Sequence[nn.Module]) -> Iterator[Tensor]:
    """Give what each part makes, until a part follows that makes no maps any more."""
    maps = _picture()
    for part in parts:
        maps = part.eval()(maps)
        if maps.dim() != 4:
            return
        yield maps


def _equal(maps: Tensor, expected: Tensor) -> bool:
    return maps.shape == expected.shape and torch.allclose(maps, expected, atol=1e-4)


@torch.inference_mode()
def _shapes(parts: Sequence[nn.Module]) -> list[Shape]:
    """Return the shape of the maps before the first part and after each."""
    return [(maps.shape[1], maps.shape[3]) for maps in (_picture(), *_outputs(parts))]


def _convolutions(part: nn.Module) -> int:
    return sum(isinstance(module, nn.Conv2d) for module in part.modules())
