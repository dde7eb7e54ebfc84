"""The networks that become TFLite files: raw pixels in, what is told of the photo out; and one that bears eight bits.

Rounding weights moves the mean of what each layer gives, which shifts all that follows. `rounded` puts those means back
(bias correction: Nagel et al., 2019, https://arxiv.org/abs/1906.04721).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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


@torch.no_grad()
def rounded(network: nn.Module, pixels: Tensor) -> nn.Module:
    """Return a copy of a network whose weights have 255 values a channel, and whose layers give the same in the mean.

    Args:
        network: in evaluation mode.
        pixels: of some photos, as it takes them, all at once.
    """
    copied = copy.deepcopy(network)
    layers, means = _layers(copied), _means(network, pixels)
    for layer in layers:
        _lift(layer)
        layer.linear.weight.copy_(_round(layer.linear.weight))
    for layer, moved in zip(layers, _moved(copied, pixels, means), strict=True):
        layer.shift(-moved)
    return copied


class _Layer(NamedTuple):
    """A layer with weights, and the normalisation behind it, which has its bias."""

    linear: nn.Conv2d | nn.Linear
    norm: nn.BatchNorm2d | None

    def shift(self, by: Tensor) -> None:
        """Add to what it gives, (channels,)."""
        if self.norm is not None:
            self.norm.running_mean.sub_(by)  # type: ignore[union-attr]
        elif self.linear.bias is not None:
            self.linear.bias.add_(by)


def _layers(network: nn.Module) -> list[_Layer]:
    modules = list(network.modules())
    return [
        _Layer(one, _norm(one, following))
        for one, following in zip(modules, [*modules[1:], None], strict=True)
        if isinstance(one, nn.Conv2d | nn.Linear)
    ]


def _norm(layer: nn.Module, following: nn.Module | None) -> nn.BatchNorm2d | None:
    fits = isinstance(following, nn.BatchNorm2d) and isinstance(layer, nn.Conv2d)
    return following if fits and following.num_features == layer.out_channels else None  # type: ignore[union-attr, return-value]


def _means(network: nn.Module, pixels: Tensor) -> list[Tensor]:
    return _moved(network, pixels, [torch.zeros(())] * len(_layers(network)), put_back=False)


def _moved(network: nn.Module, pixels: Tensor, means: Sequence[Tensor], put_back: bool = True) -> list[Tensor]:
    """Return how far the mean of each channel of each layer is from where it was, once those before are put back."""
    found = [torch.zeros(())] * len(means)

    def watch(place: int) -> Callable[[nn.Module, Any, Tensor], Tensor | None]:
        def compare(layer: nn.Module, _: Any, given: Tensor) -> Tensor | None:
            channels = 1 if isinstance(layer, nn.Conv2d) else given.dim() - 1
            by = given.mean(dim=[one for one in range(given.dim()) if one != channels]) - means[place]
            found[place] = by
            return given - (by[:, None, None] if channels == 1 and given.dim() == 4 else by) if put_back else None

        return compare

    hooks = [one.linear.register_forward_hook(watch(place)) for place, one in enumerate(_layers(network))]
    network(pixels)
    for hook in hooks:
        hook.remove()
    return found


def _lift(layer: _Layer) -> None:
    """Give channels that are all but constant weights beside which their bias fits into 32 bits."""
    norm, weight = layer.norm, layer.linear.weight
    if norm is None:
        return
    assert norm.running_mean is not None and norm.running_var is not None
    before = norm.weight / (norm.running_var + norm.eps).sqrt()
    largest = weight.flatten(1).abs().amax(dim=1)
    constant = (largest * before.abs() < LEAST) & (largest > DEAD)
    after = torch.where(constant, LEAST / largest.clamp(min=DEAD), before)
    norm.bias.add_((after - before) * norm.running_mean)
    norm.weight.copy_(torch.where(constant, after * norm.weight / before, norm.weight))


def _round(weight: Tensor) -> Tensor:
    step = weight.flatten(1).abs().amax(dim=1).clamp(min=DEAD) / LEVELS
    step = step.reshape(-1, *[1] * (weight.dim() - 1))
    return (weight / step).round() * step
