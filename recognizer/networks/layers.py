"""A published network without its classifier, so that it always gives feature maps.

    given = maps_of_torchvision(model, 224)     # or maps_of_timm
    given.network(pixels)                       # (n, channels, h, w)

Networks of convolutions have such maps. Every other network (tokens, or layers that are not applied in order) gives
what its own classifier would have taken of a photo: its own pool, or its class token. That is then a map of one place.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from fastai.vision.learner import TimmBody, has_pool_type
from timm.models import EfficientNet
from torch import nn

SIDE = 224  # pixels of the square that published networks mostly take
torch.backends.mha.set_fastpath_enabled(False)  # its attention cannot be exported to ONNX
AUXILIARY = ("aux1", "aux2", "AuxLogits")  # classifiers that only helped to train GoogLeNet and Inception


class Layers(NamedTuple):
    """What a published network gives.

    Args:
        network: takes pictures, (n, 3, size, size), gives feature maps, (n, channels, h, w).
        size: pixels, the side of the square that was asked for, or the one that it takes where it takes no other; 0
            where it gives nothing of pictures at all.
        widening: what only widens the last maps for ImageNet's many classes, where a network has such layers.
    """

    network: nn.Module
    size: int
    widening: nn.Module = nn.Identity()


def maps_of_timm(model: Any, size: int) -> Layers:
    """Take the classifier off a network of timm, and set it to a size where it can be set.

    Args:
        model: the whole published network, with its weights.
        size: pixels, the side of the square that it is to take.
    """
    own = int(model.default_cfg["input_size"][-1])
    model.reset_classifier(0)
    widening: nn.Module = nn.Identity()
    if isinstance(model, EfficientNet):
        # A layer on the maps as they are tells other classes better without (docs/experiments.md).
        widening = nn.Sequential(model.conv_head, model.bn2)
        model.conv_head, model.bn2 = nn.Identity(), nn.Identity()
    if size != own and hasattr(model, "set_input_size"):
        model.set_input_size(img_size=(size, size))
    return _first_that_runs([TimmBody(model), _embedding(model)], [size, own])._replace(widening=widening)


def maps_of_torchvision(model: nn.Module, size: int) -> Layers:
    """Take the classifier off a network of torchvision.

    Args:
        model: the whole published network, with its weights.
        size: pixels, the side of the square that it is to take.
    """
    for name in AUXILIARY:
        if hasattr(model, name):
            setattr(model, name, None)
    children = list(model.children())
    pool = max((place for place, child in enumerate(children) if has_pool_type(child)), default=0)
    body = nn.Sequential(*children[:pool])
    # A pool at the beginning, or within the only part, is not the last one.
    is_most = _count(body) > _count(model) / 2
    _drop_classifier(model)
    return _first_that_runs([body, _embedding(model)] if is_most else [_embedding(model)], [size, SIDE])


def _drop_classifier(model: nn.Module) -> None:
    *_, last = (name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Conv2d))
    model.set_submodule(last, nn.Identity())


def _embedding(model: nn.Module) -> nn.Sequential:
    return nn.Sequential(model, nn.Unflatten(1, (-1, 1, 1)))


def _count(layers: nn.Module) -> int:
    return len(list(layers.parameters()))


def _first_that_runs(networks: Sequence[nn.Module], sizes: Sequence[int]) -> Layers:
    found = (Layers(network, size) for size in sizes for network in networks if gives_maps(network, size))
    return next(found, Layers(networks[-1], 0))


@torch.inference_mode()
def gives_maps(network: nn.Module, size: int) -> bool:
    """Tell whether a network makes feature maps of pictures of a size; those of a square are squares.

    Args:
        network: takes pictures.
        size: pixels, the side of the square.
    """
    try:
        maps = network.eval()(torch.zeros(1, 3, size, size))
    except Exception:  # networks say in many ways that they take no such pictures
        return False
    return isinstance(maps, torch.Tensor) and maps.dim() == 4 and maps.shape[2] == maps.shape[3]
