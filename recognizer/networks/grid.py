"""The head of a network with several outputs: feature maps averaged over a fine grid, then one linear layer.

Where the things in all photos lie alike, as in aligned faces, each place of the grid tells something of its own.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from torch import nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.extractors import Extractor, make_extractor
from recognizer.networks.head import split_last
from recognizer.networks.stages import windows
from recognizer.recipe import TrainSettings

CELLS = 7  # along each side of a picture: of 224 pixels, two places of a map that halves it four times


def make_grid_head(backbone: Backbone, size: int, width: int) -> nn.Sequential:
    """Return the layers that make logits, (n, width), of a backbone's feature maps.

    Args:
        backbone: the backbone.
        size: pixels, the side of the square that it takes.
        width: how many logits.
    """
    channels, side = backbone.shape(size)
    cells = min(CELLS, side)
    return nn.Sequential(nn.AvgPool2d(*windows(side, cells)), nn.Flatten(), nn.Linear(channels * cells**2, width))


def grid_extractor(backbone: Backbone, settings: TrainSettings) -> Extractor:
    """Return what the linear layer takes: `embedding`, (channels,)."""
    embedder, _ = split_last(nn.Sequential(backbone.layers, make_grid_head(backbone, settings.size, 1)))
    return make_extractor(f"grid{CELLS}", embedder, ("embedding",), backbone, settings, settings.size)
