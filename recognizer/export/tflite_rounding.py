"""A network whose weights have 255 values a channel, and which says what it said before.

Two things are made good, layer after layer, on what the rounded layers before it give: what rounding a weight changes,
by the weights that are rounded after it (GPTQ: Frantar et al., 2022, https://arxiv.org/abs/2210.17323), and the mean of
each channel (bias correction: Nagel et al., 2019, https://arxiv.org/abs/1906.04721).
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 127  # on either side of zero, of a weight
LEAST = (
    1e-4  # of the weights of a channel: below, its bias would not fit into 32 bits beside them, and is all that counts
)
DEAD = 1e-12
PLACES = 8000  # of pictures, that tell what the input of a layer is like
DAMPING = 0.01  # of what places have in common, so that few of them do not decide all


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
    hooks = [layer.linear.register_forward_pre_hook(round_by_input) for layer in layers]
    for layer, moved in zip(layers, _moved(copied, pixels, means), strict=True):
        layer.shift(-moved)
    for hook in hooks:
        hook.remove()
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


def round_by_input(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
    """Round the weights of a layer as its input arrives; a hook.

    Args:
        layer: a convolution or a linear layer; others are not hooked.
        given: its input, of several photos.
    """
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    weight = layer.weight
    columns = _columns(layer, given[0]) if isinstance(layer, nn.Conv2d) else None
    if columns is None:
        rows = weight.flatten(1)[None]
        by_group = (rows / _steps(rows)).round() * _steps(rows)
    else:
        by_group = _compensated(weight.reshape(len(columns), -1, columns.shape[1]), columns)
    weight.copy_(by_group.reshape(weight.shape))


def _columns(layer: nn.Conv2d, given: Tensor) -> Tensor | None:
    """Return what the weights of a convolution are multiplied with at some places, (groups, weights, places).

    None where its groups are neither one nor one a channel, or it is dilated or pads by a word.
    """
    if layer.groups not in (1, layer.in_channels) or layer.dilation != (1, 1) or isinstance(layer.padding, str):
        return None
    size = (layer.kernel_size[0], layer.kernel_size[1])
    # Others than torch's own, such as timm's Conv2dSame, add by themselves what a picture lacks around its middle.
    around = layer.padding if type(layer) is nn.Conv2d else (size[0] // 2, size[1] // 2)
    parts = functional.unfold(given, size, padding=around, stride=(layer.stride[0], layer.stride[1]))
    photos, weights, places = parts.shape
    by_group = parts.reshape(photos, layer.groups, weights // layer.groups, places)
    columns: Tensor = by_group.permute(1, 2, 0, 3).flatten(2)
    chosen = torch.randperm(columns.shape[2], generator=torch.Generator().manual_seed(0))[:PLACES]
    return columns[:, :, chosen].float()


def _compensated(weights: Tensor, columns: Tensor) -> Tensor:
    """Return rounded weights, (groups, channels, weights): those that follow make good what each rounding changes.

    The largest of each channel stays, so that whoever rounds again finds the same steps.
    """
    steps, left, found = _steps(weights), weights.clone(), torch.zeros_like(weights)
    together = (columns @ columns.transpose(1, 2)).double()
    damping = DAMPING * together.diagonal(dim1=1, dim2=2).mean(dim=1).clamp(min=DEAD)
    together += damping[:, None, None] * torch.eye(together.shape[1], dtype=torch.double)
    upper = torch.linalg.cholesky(torch.linalg.inv(together), upper=True).float()
    for place in range(weights.shape[2]):
        step = steps[:, :, 0]
        found[:, :, place] = (left[:, :, place] / step).round().clamp(-LEVELS, LEVELS) * step
        error = (left[:, :, place] - found[:, :, place]) / upper[:, place, place, None]
        left[:, :, place:] -= error[:, :, None] * upper[:, place, None, place:]
    largest = weights.abs().argmax(dim=2, keepdim=True)
    return found.scatter(2, largest, weights.gather(2, largest))


def _steps(weights: Tensor) -> Tensor:
    """Return the size of a step of each channel of weights, (groups, channels, weights)."""
    return weights.abs().amax(dim=2, keepdim=True).clamp(min=DEAD) / LEVELS
