"""A backbone cut in two: the trunk, whose layers stay as they are, and the tail, which is fine-tuned.

trunk, tail = cut(body, tuned=0.33)
tail(trunk(pixels))                     # the same as body(pixels)
join(tail, body)                        # puts the tail's weights back
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from recognizer.errors import RecognizerError

Parts = Sequence[tuple[str, nn.Module]]


class Halves(NamedTuple):
    """Copies of the two halves of a backbone."""

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
    parts = list(body.named_children()) if isinstance(body, nn.Sequential) else []
    if len(parts) < 2:
        raise RecognizerError(
            f"“{name}” cannot be cut into layers that are cached and layers that are tuned; "
            "set cached = false under [train] in the recipe."
        )
    frozen = count_frozen(body, tuned)
    first = min(range(len(parts)), key=lambda number: abs(_layers(parts[:number]) - frozen))
    return Halves(_copy(parts[:first]), _copy(parts[first:]))


def count_frozen(body: nn.Module, tuned: float) -> int:
    """Return how many of a body's parameters, counted from the start, are not tuned."""
    return round(len(list(body.parameters())) * (1 - tuned))


def join(tail: nn.Module, body: nn.Module) -> None:
    """Give a body the weights of its tail."""
    body.load_state_dict({**body.state_dict(), **tail.state_dict()})


def _layers(parts: Parts) -> int:
    return sum(len(list(part.parameters())) for _, part in parts)


def _copy(parts: Parts) -> nn.Sequential:
    """Copy parts under their names, so that their weights find back."""
    return copy.deepcopy(nn.Sequential(OrderedDict(parts)))
