"""The network that becomes a TFLite file: raw pixels in, what is told of the photo out."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recognizer.networks.head import split_last

LEVELS = 127  # on either side of zero, of a weight
LEAST = (
    1e-4  # of the weights of a channel: below, its bias would not fit into 32 bits beside them, and is all that counts
)
DEAD = 1e-12


class Told(NamedTuple):
    """Which logits make one output.

    Args:
        start: the first.
        stop: behind the last.
        centres: of a number, what each logit's probability is multiplied with; none of classes.
    """

    start: int
    stop: int
    centres: Sequence[float] = ()


class Raw(nn.Module):
    """Pixels, (1, size, size, 3) from 0 to 255, to all outputs: (1, classes) of probabilities, or (1, 1) of a number.

    Args:
        network: as `split_last` takes it.
        mean: of the colours, between 0 and 1.
        std: of the colours.
        told: the outputs.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float], told: Sequence[Told]) -> None:
        super().__init__()
        self.embed, last = split_last(network)
        self.heads = nn.ModuleList(_rows(last, one) for one in told)
        self.numbers = nn.ModuleList(_expectation(one) for one in told)
        self.register_buffer("mean", torch.tensor(mean) * 255)
        self.register_buffer("std", torch.tensor(std) * 255)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return every output."""
        colours = (pixels.float() - self.mean) / self.std
        embedding = self.embed(colours.permute(0, 3, 1, 2))
        heads = zip(self.heads, self.numbers, strict=True)
        return tuple(number(head(embedding).softmax(dim=1)) for head, number in heads)


def _rows(last: nn.Linear, told: Told) -> nn.Linear:
    """Return the part of a last layer that makes one output: in eight bits, each has steps of its own then."""
    part = nn.Linear(last.in_features, told.stop - told.start)
    with torch.no_grad():
        part.weight.copy_(last.weight[told.start : told.stop])
        part.bias.copy_(last.bias[told.start : told.stop])
    return part


def _expectation(told: Told) -> nn.Module:
    if not told.centres:
        return nn.Identity()
    number = nn.Linear(len(told.centres), 1, bias=False)
    with torch.no_grad():
        number.weight.copy_(torch.tensor(told.centres)[None])
    return number
