"""What is extracted from photos by frozen layers, and the key under which it is kept.

    clean_extractor(backbone, settings)     # overall and placed features, by which cleaning tells copies and labels
    judging_extractor(backbone, settings)   # the same of a network that only judges labels, and trains nothing
    head_extractor(backbone, settings)      # embeddings, which the last layer takes
    maps_extractor(frozen, backbone, settings)      # feature maps, which fine-tuning goes on from

Where a recipe's pictures have the size that cleaning uses, the first and the third are one.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
import hashlib
import json
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from recognizer.networks.backbone import Backbone
from recognizer.networks.grid import halved, make_embedder
from recognizer.networks.stages import windows
from recognizer.recipe import TrainSettings

VERSION = 2  # of this code; raise it with every change to what the layers below give
SIZE = 288  # pixels, the side of the square that cleaning uses; it tells more than the usual 224 (docs/experiments.md)
PLACED_STAGES = 3  # of the network, the last ones, are kept with their places
CELLS = 4  # along each side of a picture


@dataclass(frozen=True)
class Extractor:
    """Frozen layers, and what they give.

    Args:
        key: names everything that changes what they give, the photos aside.
        layers: take normalised pixels, (n, 3, size, size), and give a tensor for each output.
        outputs: the names of what they give.
        backbone: whose layers they are; it knows how pixels are normalised.
        size: pixels, the side of the square that they take.
    """

    key: str
    layers: nn.Module
    outputs: tuple[str, ...]
    backbone: Backbone
    size: int


def clean_extractor(backbone: Backbone, settings: TrainSettings) -> Extractor:
    """Return what cleaning extracts from pictures of `SIZE`, or of the only size that a backbone takes.

    Its outputs are `overall`, (channels,), the feature maps of all stages averaged over the picture, and `placed`,
    (channels * cells,), those of the last stages averaged over each cell of a grid, as in a spatial pyramid (Lazebnik
    et al., 2006); a cell and its mirror image count as one. Where training takes the very same pictures,
    there is `embedding` as well; see `head_extractor`.
    """
    return _pooled(backbone, settings, backbone.size, ("overall", "placed"))


def judging_extractor(backbone: Backbone, settings: TrainSettings) -> Extractor:
    """Return what cleaning extracts by a further network: `overall` and `placed`, as no training takes more of it."""
    outputs = ("overall", "placed")
    return make_extractor("pooled", _Pooled(backbone, None, outputs), outputs, backbone, settings, backbone.size)


def head_extractor(backbone: Backbone, settings: TrainSettings) -> Extractor:
    """Return what the last layer is fitted to: `embedding`, (channels * cells * halves,) (grid.py)."""
    return _pooled(backbone, settings, settings.size, ("embedding",))


def maps_extractor(frozen: nn.Module, backbone: Backbone, settings: TrainSettings) -> Extractor:
    """Return what fine-tuned layers take: `maps`, (channels, height, width).

    Args:
        frozen: the layers before those that are fine-tuned.
        backbone: whose layers they are.
        settings: of the recipe.
    """
    return make_extractor("maps", frozen, ("maps",), backbone, settings, settings.size)


def _pooled(backbone: Backbone, settings: TrainSettings, size: int, outputs: tuple[str, ...]) -> Extractor:
    if settings.size == SIZE:
        outputs = ("overall", "placed", "embedding")
    embedder = make_embedder(backbone, size) if "embedding" in outputs else None
    kind = "pooled" if "overall" in outputs else "embedding"
    return make_extractor(kind, _Pooled(backbone, embedder, outputs), outputs, backbone, settings, size)


class _Pooled(nn.Module):
    """Layers whose feature maps are pooled in several ways."""

    def __init__(self, backbone: Backbone, embedder: nn.Module | None, outputs: tuple[str, ...]) -> None:
        super().__init__()
        # A copy, so that no other network which is made of these layers keeps what they give.
        self.layers, stages = copy.deepcopy((backbone.layers, backbone.stages))
        self.embedder, self.outputs = embedder, outputs
        self._stages: list[Tensor] = []
        for stage in stages if "overall" in outputs else ():
            stage.register_forward_hook(lambda *call: self._stages.append(call[2]))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        self._stages.clear()
        maps = self.layers(pixels)
        return tuple(self._pool(output, maps) for output in self.outputs)

    def _pool(self, output: str, maps: Tensor) -> Tensor:
        if output == "overall":
            return torch.cat([stage.mean(dim=(2, 3)) for stage in self._stages], dim=1)
        if output == "placed":
            return torch.cat([_cells(stage) for stage in self._stages[-PLACED_STAGES:]], dim=1)
        assert self.embedder is not None
        embedding: Tensor = self.embedder(maps)
        return embedding


def _cells(maps: Tensor) -> Tensor:
    """Average feature maps over cells, each together with its mirror image, and lay these side by side."""
    return halved(avg_pool2d(maps, *windows(maps.shape[3], CELLS)))


def make_extractor(
    kind: str, layers: nn.Module, outputs: tuple[str, ...], backbone: Backbone, settings: TrainSettings, size: int
) -> Extractor:
    """Return an extractor, with the key under which what it gives is kept.

    Args:
        kind: names what it is made of the layers.
        layers: give a tensor for each output.
        outputs: their names.
        backbone: whose layers they are.
        settings: of the recipe.
        size: pixels, the side of the square that the layers take.
    """
    weights = hashlib.sha256()
    for name, tensor in layers.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.cpu().numpy().tobytes())
    parts = [VERSION, outputs, size, settings.stages, backbone.mean, backbone.std, weights.hexdigest()]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    return Extractor(f"{settings.backbone}-{kind}-{size}-{digest}", layers, outputs, backbone, size)
