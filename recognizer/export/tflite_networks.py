"""The network that becomes a TFLite file: raw pixels in, what is told of the photo out."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recognizer.networks.head import split_last


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

    @property
    def span(self) -> float:
        """How far its values can be from one another: a number's range, and 1 of probabilities."""
        return max(self.centres) - min(self.centres) if self.centres else 1.0


class Raw(nn.Module):
    """Pixels, (1, size, size, 3) from 0 to 255, to all outputs: (1, classes) of probabilities, or (1, 1) of a number.

    Args:
        network: as `split_last` takes it.
        mean: of the colours, between 0 and 1.
        std: of the colours.
        told: the outputs.
        ahead: added to the likeliest class of each output: a step of what this is rounded to later, so that it stays
            the likeliest.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, network: nn.Module, mean: Sequence[float], std: Sequence[float], told: Sequence[Told], ahead: float = 0.0
    ) -> None:
        super().__init__()
        self.embed, last = split_last(network)
        self.heads = nn.ModuleList(_rows(last, one) for one in told)
        self.ends = nn.ModuleList(_Expectation(one.centres) if one.centres else _Ahead(ahead) for one in told)
        self.register_buffer("mean", torch.tensor(mean) * 255)
        self.register_buffer("std", torch.tensor(std) * 255)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return every output."""
        colours = (pixels.float() - self.mean) / self.std
        embedding = self.embed(colours.permute(0, 3, 1, 2))
        return tuple(end(head(embedding).softmax(dim=1)) for head, end in zip(self.heads, self.ends, strict=True))


class _Expectation(nn.Module):
    """Makes a number of its parts' probabilities; not as a layer, whose weights would be rounded."""

    centres: Tensor

    def __init__(self, centres: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("centres", torch.tensor(list(centres)))

    def forward(self, probabilities: Tensor) -> Tensor:
        return (probabilities * self.centres).sum(dim=1, keepdim=True)


class _Ahead(nn.Module):
    """Puts the likeliest class ahead of the others."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, probabilities: Tensor) -> Tensor:
        if not self.by:
            return probabilities
        return probabilities + self.by * (probabilities >= probabilities.amax(dim=1, keepdim=True)).float()


def _rows(last: nn.Linear, told: Told) -> nn.Linear:
    """Return the part of a last layer that makes one output: in eight bits, each has steps of its own then."""
    part = nn.Linear(last.in_features, told.stop - told.start)
    with torch.no_grad():
        part.weight.copy_(last.weight[told.start : told.stop])
        part.bias.copy_(last.bias[told.start : told.stop])
    return part
