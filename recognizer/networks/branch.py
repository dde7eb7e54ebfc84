"""A branch beside the last layers of a pretrained network: a copy of them that is fine-tuned, while they stay as is.

    branch = make_branch(backbone, settings)
    branch.layers(branch.frozen(pixels))        # maps of the last stage, as large as the backbone's
    wider = beside(backbone, branch, layer, settings)   # the backbone's maps, and beside them the branch's logits

A network that learned step by step errs elsewhere than a layer in closed form on pretrained features does; the mean of
the two is right more often than either, and than weights between the two networks' (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from fastai.layers import Cat
from torch import nn

from recognizer.networks.backbone import Backbone, load_for_training
from recognizer.networks.lda import Layer
from recognizer.networks.stages import cut, enlarging
from recognizer.recipe import TrainSettings


class Branch(NamedTuple):
    """The layers before a branch, and its own.

    Args:
        frozen: take pictures, give what the branch takes.
        layers: of the branch; they give maps, (n, channels, h, w), as large as the backbone's.
        channels: of these maps.
    """

    frozen: nn.Module
    layers: nn.Sequential
    channels: int


def make_branch(backbone: Backbone, settings: TrainSettings, pretrained: bool = True) -> Branch:
    """Return the branch of a recipe's backbone, with its pretrained weights.

    The branch has the layers that only widen the last maps for ImageNet's classes, too, where a network has such:
    they are worth tuning, though not worth keeping as they are.

    Args:
        backbone: the backbone that it will be beside.
        settings: of the recipe; they say where the branch begins.
        pretrained: whether weights are wanted at all.

    Raises:
        RecognizerError: the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    frozen, _ = cut(backbone.layers, settings.tuned, settings.backbone)
    alone = load_for_training(settings.model_copy(update={"stages": 1}), pretrained)
    parts = [*_after(list(alone.layers.children()), _count([frozen])), alone.widening]
    layers, side = nn.Sequential(*copy.deepcopy(parts)), backbone.shape(settings.size)[1]
    channels, smaller = _shape(nn.Sequential(frozen, layers), settings.size)
    return Branch(frozen, nn.Sequential(*layers, *enlarging(smaller, side)), channels)


def beside(backbone: Backbone, branch: Branch, layer: Layer, settings: TrainSettings) -> Backbone:
    """Return a backbone that gives its maps and, beside them, what a branch says at each place.

    Args:
        backbone: the backbone.
        branch: as `make_branch` made it for that.
        layer: the last one of the branch, on its maps averaged over places, (width, channels); averaging afterwards
            gives the same.
        settings: of the recipe.
    """
    frozen, kept = cut(backbone.layers, settings.tuned, settings.backbone)
    last = nn.Conv2d(branch.channels, len(layer.bias), 1)
    last.load_state_dict({"weight": torch.tensor(layer.weight)[..., None, None], "bias": torch.tensor(layer.bias)})
    layers = nn.Sequential(*copy.deepcopy(branch.layers), last)
    return replace(backbone, layers=nn.Sequential(*frozen.children(), Cat([kept, layers])))


def add_branch(layer: Layer, places: int) -> Layer:
    """Return the layer that adds what a branch says, averaged over places, to what a layer says of a backbone's maps.

    Args:
        layer: of the maps at each place, (width, channels * places).
        places: of the grid.
    """
    width = len(layer.bias)
    averaging = np.eye(width, dtype=np.float32).repeat(places, axis=1) / places
    return Layer(np.concatenate([layer.weight, averaging], axis=1), layer.bias)


def _after(parts: Sequence[nn.Module], count: int) -> Sequence[nn.Module]:
    """Return the parts that follow those which have so many parameters (tensors) together."""
    return next(parts[number:] for number in range(len(parts) + 1) if _count(parts[:number]) == count)


def _count(parts: Sequence[nn.Module]) -> int:
    return sum(len(list(part.parameters())) for part in parts)


@torch.inference_mode()
def _shape(layers: nn.Module, size: int) -> tuple[int, int]:
    maps = layers.eval()(torch.zeros(1, 3, size, size))
    return maps.shape[1], maps.shape[3]
