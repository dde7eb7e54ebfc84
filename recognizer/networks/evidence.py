"""What each place of a picture adds to each logit: exact, since the head only averages over cells and adds.

A logit is the sum of its evidence over all places. For heads that average over the whole map this is class activation
mapping (Zhou et al., 2016, https://arxiv.org/abs/1512.04150); here each place has the weights of the cells that it lies
in. They are computed of the cells' where they are needed: a file that held them would be some times as large.
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
        pool, _, last = head.children()
        assert isinstance(pool, nn.AvgPool2d) and isinstance(last, nn.Linear)
        self.side, shares = side, _cell_shares(pool, side)
        by_cell = last.weight.detach().reshape(last.out_features, -1, len(shares))
        self.register_buffer("weight", by_cell.permute(2, 1, 0).flatten(1).clone())  # (cells, channels * width)
        self.register_buffer("bias", last.bias.detach() / side**2)
        self.register_buffer("shares", shares.T.clone())  # (places, cells)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the evidence for each logit at each place."""
        by_place = (self.shares @ self.weight).reshape(self.side**2, -1, len(self.bias))  # (…, channels, width)
        added = maps.flatten(2).permute(2, 0, 1) @ by_place + self.bias  # (places, n, width)
        evidence: Tensor = added.permute(1, 2, 0).reshape(-1, len(self.bias), self.side, self.side)
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
