"""What each place of a picture adds to each logit: they add up to it, since the head only averages over cells and adds.

For heads that average over the whole map this is class activation mapping (Zhou et al., 2016,
https://arxiv.org/abs/1512.04150); here each cell has weights of its own, and what it adds is spread over it evenly.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import torch
from torch import Tensor, nn


class Evidence(nn.Module):
    """Feature maps, (n, channels, side, side), to evidence, (n, width, side, side), of a head.

    Args:
        head: average pooling, flattening and a linear layer, as `make_head` returns it; a temperature may be folded in.
        side: of the maps.
    """

    weight: Tensor
    bias: Tensor
    shares: Tensor

    def __init__(self, head: nn.Module, side: int) -> None:
        super().__init__()
        self.pool, _, last = head.children()
        assert isinstance(self.pool, nn.AvgPool2d) and isinstance(last, nn.Linear)
        self.side, shares = side, _cell_shares(self.pool, side)
        by_cell = last.weight.detach().reshape(last.out_features, -1, len(shares))
        self.register_buffer("weight", by_cell.permute(2, 1, 0).clone())  # (cells, channels, width)
        self.register_buffer("bias", last.bias.detach() / len(shares))
        self.register_buffer("shares", shares)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the evidence for each logit at each place."""
        cells = self.pool(maps).flatten(2).permute(2, 0, 1)
        added = (cells @ self.weight + self.bias).permute(1, 2, 0)  # (n, width, cells)
        evidence: Tensor = (added @ self.shares).unflatten(2, (self.side, self.side))
        return evidence


def evidence_of(network: nn.Module, size: int) -> Evidence:
    """Return the evidence of a network, of layers and then a head as `make_head` returns it; puts it into evaluation.

    Args:
        network: the network.
        size: pixels, the side of the square that it takes.
    """
    layers, head = network.eval().children()
    with torch.inference_mode():
        maps = layers(torch.zeros(1, 3, size, size))
    return Evidence(head, maps.shape[-1])


def _cell_shares(pool: nn.AvgPool2d, side: int) -> Tensor:
    """Return how much each place counts in the mean of each cell, (cells, places)."""
    cells: Tensor = pool(torch.eye(side**2).reshape(side**2, 1, side, side))
    return cells.flatten(1).T.clone()
