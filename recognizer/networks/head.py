"""The head of a network: feature maps averaged over the cells of a grid, then one linear layer, made in closed form."""

import recognizer.networks.torchvision_cure  # noqa: F401

import torch
from torch import nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.lda import Layer
from recognizer.networks.stages import windows

CELLS = 7  # along each side of a picture: where things are tells classes apart (docs/experiments.md)


def make_head(backbone: Backbone, size: int, width: int) -> nn.Sequential:
    """Return the layers that make logits, (n, width), of a backbone's feature maps.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
        width: how many logits.
    """
    channels, side, cells = count_cells(backbone, size)
    pool = nn.AvgPool2d(*windows(side, cells))
    return nn.Sequential(pool, nn.Flatten(), nn.Linear(channels * cells**2, width))


def count_cells(backbone: Backbone, size: int) -> tuple[int, int, int]:
    """Return the channels of a backbone's maps, their side, and of how many cells along it a head takes them.

    Args:
        backbone: the backbone; maps that are smaller than the grid are left as they are.
        size: pixels, the side of the square that it takes.
    """
    channels, side = backbone.shape(size)
    return channels, side, min(CELLS, side)


def split_last(network: nn.Module) -> tuple[nn.Sequential, nn.Linear]:
    """Return what gives embeddings, (n, channels), and the last layer; both are the network's own, ready to predict.

    Args:
        network: layers of a backbone, then a head as `make_head` returns it, or the end of one.
    """
    layers, head = network.eval().children()
    *pool, last = head.children()
    assert isinstance(last, nn.Linear)
    return nn.Sequential(layers, *pool).eval(), last


def with_head(backbone: Backbone, layer: Layer, size: int) -> nn.Sequential:
    """Return the network of a backbone's layers and a closed-form head.

    Args:
        backbone: the backbone.
        layer: of its maps averaged over each cell.
        size: pixels, the side of the square that it takes.
    """
    network = nn.Sequential(backbone.layers, make_head(backbone, size, len(layer.bias)))
    put_head(network, layer)
    return network


def put_head(network: nn.Module, layer: Layer) -> None:
    """Put a closed-form head into a network, as `split_last` takes it."""
    _, last = split_last(network)
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(layer.weight))
        last.bias.copy_(torch.from_numpy(layer.bias))


def fold_temperature(network: nn.Module, temperature: float) -> None:
    """Divide the last layer by a temperature, so that every form of the network gives calibrated probabilities."""
    _, last = split_last(network)
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.div_(temperature)
