"""The head of a network: feature maps averaged over cells, then one linear layer, which starts in closed form."""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.lda import Layer, fit_linear
from recognizer.networks.stages import windows

CELLS = 3  # along each side of a picture: where things are tells classes apart (docs/experiments.md)


def make_head(backbone: Backbone, size: int, width: int, cells: int = CELLS) -> nn.Sequential:
    """Return the layers that make logits, (n, width), of a backbone's feature maps.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
        width: how many logits.
        cells: along each side of a picture; smaller maps are left as they are.
    """
    channels, side = backbone.shape(size)
    pool = nn.AvgPool2d(*windows(side, min(cells, side)))
    return nn.Sequential(pool, nn.Flatten(), nn.Linear(channels * count_places(backbone, size, cells), width))


def count_places(backbone: Backbone, size: int, cells: int = CELLS) -> int:
    """Return how many cells there are whose features a head of a backbone takes.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
        cells: along each side of a picture; smaller maps are left as they are.
    """
    _, side = backbone.shape(size)
    return min(cells, side) ** 2


def split_last(network: nn.Module) -> tuple[nn.Sequential, nn.Linear]:
    """Return what gives embeddings, (n, channels), and the last layer; both are the network's own, ready to predict.

    Args:
        network: layers of a backbone, then a head as `make_head` returns it, or the end of one.
    """
    layers, head = network.eval().children()
    *pool, last = head.children()
    assert isinstance(last, nn.Linear)
    return nn.Sequential(layers, *pool).eval(), last


def fit_head(
    network: nn.Module,
    embeddings: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int_],
    label_quality: npt.NDArray[np.float64],
) -> None:
    """Put the closed-form head (LDA) of embeddings into a network, which costs seconds.

    A random head would first spoil the features that it is put on (Kumar et al., 2022, arXiv 2202.10054).

    Args:
        network: as `split_last` takes it.
        embeddings: of all augmented views, (n, views, channels).
        labels: the number of each photo's class, (n,).
        label_quality: how likely each label is right, (n,).
    """
    put_head(network, fit_linear(embeddings, labels, label_quality))


def with_head(backbone: Backbone, layer: Layer, size: int, cells: int = CELLS) -> nn.Sequential:
    """Return the network of a backbone's layers and a closed-form head.

    Args:
        backbone: the backbone.
        layer: of its maps averaged over each cell.
        size: pixels, the side of the square that it takes.
        cells: along each side of a picture; smaller maps are left as they are.
    """
    network = nn.Sequential(backbone.layers, make_head(backbone, size, len(layer.bias), cells))
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
