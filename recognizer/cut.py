"""A backbone cut in two: the trunk, whose layers stay as they are, and the tail, which is fine-tuned.

trunk, tail = cut(body, tuned=0.33)
tail(trunk(pixels))                     # the same as body(pixels)
join(tail, body)                        # puts the tail's weights back
"""

import recognizer.torchvision_cure  # noqa: F401

import copy
from typing import NamedTuple

import torch
from fastai.vision.learner import TimmBody
from torch import nn

from recognizer.errors import RecognizerError


class Halves(NamedTuple):
    """A backbone in two, each a copy in which the other's layers are left out."""

    trunk: nn.Module
    tail: nn.Module


def cut(body: nn.Module, tuned: float, name: str) -> Halves:
    """Cut a backbone between two of its parts, where the share of layers behind is nearest to what is wanted.

    Args:
        body: the backbone.
        tuned: share of its layers, counted from the end, that are to be tuned.
        name: the backbone's name, for the error.

    Raises:
        RecognizerError: the backbone is no chain of layers that could be cut there.
    """
    places = _chain(body)
    frozen = count_frozen(body, tuned)
    first = min(range(len(places)), key=lambda number: abs(_layers(body, places[:number]) - frozen))
    halves = Halves(_without(body, places[first:]), _without(body, places[:first]))
    _check(body, halves, name)
    return halves


def count_frozen(body: nn.Module, tuned: float) -> int:
    """Return how many of a body's parameters, counted from the start, are not tuned."""
    return round(len(list(body.parameters())) * (1 - tuned))


def join(tail: nn.Module, body: nn.Module) -> None:
    """Give a body the weights of its tail."""
    body.load_state_dict({**body.state_dict(), **tail.state_dict()})


def _chain(module: nn.Module, prefix: str = "") -> list[str]:
    """Name the parts that a body applies one after the other."""
    if not isinstance(module, nn.Sequential | TimmBody) and prefix not in ("", "model."):
        return [prefix.rstrip(".")]
    return [place for name, child in module.named_children() for place in _chain(child, f"{prefix}{name}.")]


def _layers(body: nn.Module, places: list[str]) -> int:
    return sum(len(list(body.get_submodule(place).parameters())) for place in places)


def _without(body: nn.Module, places: list[str]) -> nn.Module:
    half = copy.deepcopy(body)
    for place in places:
        half.set_submodule(place, nn.Identity())
    return half


def _check(body: nn.Module, halves: Halves, name: str) -> None:
    """Run both ways once, since a network may do more than apply its parts in order."""
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    training = body.training
    modules = [module.eval() for module in (body, *halves)]
    with torch.inference_mode():
        try:
            same = torch.allclose(modules[2](modules[1](pixels)), modules[0](pixels), atol=1e-4)
        except (AssertionError, RuntimeError):  # shapes that do not fit
            same = False
    body.train(training)
    if not same:
        raise RecognizerError(
            f"“{name}” cannot be cut into layers that are cached and layers that are tuned; "
            "set cached = false under [train] in the recipe."
        )
