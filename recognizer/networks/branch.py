"""A branch beside the last layers of a pretrained network: a copy of them that is fine-tuned, while they stay as is.

    branch = make_branch(backbone, width, settings)
    maps = branch.frozen(pixels)            # what the branch goes on from
    logits = nn.Sequential(branch.layers, branch_head(backbone, branch, settings))(maps)
    whole = join(backbone, branch, head, settings)   # says what the head and the branch say together

A network that learned step by step errs elsewhere than a layer in closed form on pretrained features does; the mean of
the two is right more often than either (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.layers import Cat
from torch import nn

from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.head import count_cells, make_head, with_head
from recognizer.networks.lda import Layer
from recognizer.networks.stages import cut, enlarging
from recognizer.recipe import TrainSettings

LEAST = 1e-6  # weight
DROPPED = 0.3  # share of the channels that the last layer does not get, while it learns


class Branch(NamedTuple):
    """The layers before a branch, and its own.

    Args:
        frozen: take pictures, give what the branch takes.
        layers: of the branch; they give feature maps.
        last: makes logits of them, at each place.
        enlarging: makes these as large as the backbone's maps.
    """

    frozen: nn.Module
    layers: nn.Sequential
    last: nn.Conv2d
    enlarging: nn.Sequential


def make_branch(backbone: Backbone, width: int, settings: TrainSettings, pretrained: bool = True) -> Branch:
    """Return the branch of a recipe's backbone, with its pretrained weights and a random last layer.

    The branch has the layers that only widen the last maps for ImageNet's classes, too, where a network has such:
    they are worth tuning, though not worth keeping as they are.

    Args:
        backbone: the backbone that it will be beside; on the processor.
        width: how many logits.
        settings: of the recipe; they say where the branch begins.
        pretrained: whether weights are wanted at all.

    Raises:
        RecognizerError: the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    frozen, _ = cut(backbone.layers, settings.tuned, settings.backbone)
    alone = load_for_training(settings.model_copy(update={"stages": 1}), pretrained)
    layers = nn.Sequential(*_after(list(alone.layers.children()), _count([frozen])), alone.widening)
    channels, side = _shape(nn.Sequential(frozen, layers), settings.size)
    enlarge = enlarging(side, backbone.shape(settings.size)[1])
    return Branch(frozen, layers, nn.Conv2d(channels, width, 1), nn.Sequential(*enlarge))


def branch_head(backbone: Backbone, branch: Branch, settings: TrainSettings) -> nn.Sequential:
    """Return the layers that make logits, (n, width), of a branch's maps: the mean over the cells.

    Args:
        backbone: that the branch is of.
        branch: its last layer becomes a part of the head.
        settings: of the recipe.
    """
    pool, *_ = make_head(backbone, settings.size, 1).children()
    mean = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(nn.Dropout2d(DROPPED), branch.last, branch.enlarging, pool, *mean)


def beside(backbone: Backbone, branch: Branch, settings: TrainSettings) -> Backbone:
    """Return a backbone that gives its maps and, beside them, what a branch says at each place.

    Args:
        backbone: the backbone.
        branch: as `make_branch` made it for that.
        settings: of the recipe.
    """
    frozen, kept = cut(backbone.layers, settings.tuned, settings.backbone)
    said = nn.Sequential(*copy.deepcopy(branch.layers), copy.deepcopy(branch.last), *branch.enlarging)
    return replace(backbone, layers=nn.Sequential(*frozen.children(), Cat([kept, said])))


def join(backbone: Backbone, branch: Branch, head: Layer, settings: TrainSettings) -> nn.Sequential:
    """Return the network whose logits are those of a backbone's head and of its branch, added.

    Args:
        backbone: the backbone.
        branch: as `make_branch` made it for that.
        head: of the backbone's maps averaged over each cell, (width, channels * places).
        settings: of the recipe.
    """
    # What averages the branch's logits weighs no more than the head's weights: eight bits would lose these beside it.
    largest = np.maximum(np.abs(head.weight).max(axis=1), LEAST)
    averaging = np.diag(largest).repeat(count_cells(backbone, settings.size)[2] ** 2, axis=1)
    last = copy.deepcopy(branch.last)
    scale_logits(last, 1 / averaging.sum(axis=1))
    wider = beside(backbone, branch._replace(last=last), settings)
    weight = np.concatenate([head.weight, averaging], axis=1).astype(np.float32)
    return with_head(wider, Layer(weight, head.bias), settings.size)


@torch.no_grad()
def scale_logits(
    last: nn.Conv2d, scales: npt.NDArray[np.floating], shift: npt.NDArray[np.floating] | float = 0.0
) -> None:
    """Add a shift to the logits of a branch's last layer, (width,), and multiply each by its scale, (width,)."""
    factors = torch.from_numpy(scales).float()
    last.weight.mul_(factors[:, None, None, None])
    assert last.bias is not None
    last.bias.add_(torch.as_tensor(shift, dtype=torch.float32)).mul_(factors)


def _after(parts: Sequence[nn.Module], count: int) -> Sequence[nn.Module]:
    """Return the parts that follow those which have so many parameters (tensors) together."""
    return next(parts[number:] for number in range(len(parts) + 1) if _count(parts[:number]) == count)


def _count(parts: Sequence[nn.Module]) -> int:
    return sum(len(list(part.parameters())) for part in parts)


@torch.inference_mode()
def _shape(layers: nn.Module, size: int) -> tuple[int, int]:
    maps = layers.eval()(torch.zeros(1, 3, size, size))
    return maps.shape[1], maps.shape[3]
