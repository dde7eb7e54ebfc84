"""What a closed-form head is fitted to: feature maps averaged over the cells of a grid, one half of them.

Each place of the grid tells something of its own. A place and its mirror image tell the same, so that they share their
weights. Half as many are to be learned, which does as well as running the network over the mirrored photo, too, and
costs nothing (docs/experiments.md).

    extract(photos, head_extractor(backbone, settings), work)["embedding"]      # of n photos, (n, views, halved)
    with_head(backbone, spread(layer, backbone, size), size)        # the network of a layer that is fitted to these
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.head import count_cells, make_head
from recognizer.networks.lda import Layer


def make_embedder(backbone: Backbone, size: int) -> nn.Sequential:
    """Return the layers that make embeddings, (n, channels * cells * halves), of a backbone's feature maps.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
    """
    pool, *_ = make_head(backbone, size, 1).children()
    return nn.Sequential(pool, _Halved())


def spread(layer: Layer, backbone: Backbone, size: int) -> Layer:
    """Return the layer that says of all places of the grid what one says of places together with their mirror images.

    Args:
        layer: of embeddings.
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
    """
    channels, _, cells = count_cells(backbone, size)
    halves = layer.weight.reshape(len(layer.weight), channels, cells, -1)
    mirrored = halves[..., : cells // 2]
    weight = np.concatenate([mirrored / 2, halves[..., cells // 2 : (cells + 1) // 2], mirrored[..., ::-1] / 2], axis=3)
    return Layer(weight.reshape(len(weight), -1), layer.bias)


def gather(layer: Layer, backbone: Backbone, size: int) -> Layer:
    """Return the layer of embeddings that was `spread`.

    Args:
        layer: of all places.
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
    """
    channels, _, cells = count_cells(backbone, size)
    places = layer.weight.reshape(len(layer.weight), channels, cells, cells)
    halves = np.concatenate([places[..., : cells // 2] * 2, places[..., cells // 2 : (cells + 1) // 2]], axis=3)
    return Layer(halves.reshape(len(halves), -1), layer.bias)


def stage_shares(backbone: Backbone, size: int) -> npt.NDArray[np.float64]:
    """Return how much each feature of an embedding counts, in all 1: every stage alike, however wide.

    The last stages are the widest and know most of ImageNet's classes; those before them tell as much of others.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
    """
    channels, _, cells = count_cells(backbone, size)
    widths = backbone.widths or (channels,)
    by_channel = np.concatenate([np.full(width, 1 / width) for width in widths])
    halved = cells * ((cells + 1) // 2)
    return by_channel.repeat(halved) / (len(widths) * halved)


def halved(maps: Tensor) -> Tensor:
    """Return one half of maps averaged with their mirror images: (n, channels, h, w) to (n, channels * h * halves)."""
    # Not by rounding down what is negative, which ONNX rounds up.
    return ((maps + maps.flip(3)) / 2)[..., : (maps.shape[3] + 1) // 2].flatten(1)


class _Halved(nn.Module):
    """`halved` as a layer."""

    def forward(self, maps: Tensor) -> Tensor:
        return halved(maps)
