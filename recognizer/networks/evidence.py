"""What each place of a picture adds to the logit of each class: exact, since the head only averages cells and adds.

A logit is the sum of a class's evidence over all places. For heads that average over the whole map this is class
activation mapping (Zhou et al., 2016, https://arxiv.org/abs/1512.04150); here each cell has weights of its own.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import torch
from torch import nn
from torch.nn import functional


class Evidence(nn.Module):
    """Feature maps, (n, channels, h, w), to evidence, (n, classes, h, w), of a head as `make_head` returns it.

    Args:
        head: average pooling, flattening and a linear layer; its temperature may be folded in.
        side: height and width of the maps.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    shares: torch.Tensor

    def __init__(self, head: nn.Module, side: int) -> None:
        super().__init__()
        pool, _, last = head.children()
        assert isinstance(pool, nn.AvgPool2d) and isinstance(last, nn.Linear)
        shares = _cell_shares(pool, side)
        self.cells = len(shares)
        by_cell = last.weight.detach().reshape(last.out_features, -1, self.cells).transpose(1, 2)
        self.register_buffer("weight", by_cell.flatten(0, 1)[..., None, None].clone())
        self.register_buffer("bias", last.bias.detach()[:, None, None] / side**2)
        self.register_buffer("shares", shares)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the evidence of each class at each place."""
        photos, _, height, width = maps.shape
        by_cell = functional.conv2d(maps, self.weight).reshape(photos, -1, self.cells, height, width)
        evidence: torch.Tensor = (by_cell * self.shares).sum(dim=2) + self.bias
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


def _cell_shares(pool: nn.AvgPool2d, side: int) -> torch.Tensor:
    """Return how much each place counts in the mean of each cell, (cells, side, side)."""
    one_each = torch.eye(side**2).reshape(side**2, 1, side, side)
    cells: torch.Tensor = pool(one_each).flatten(1)
    return cells.T.reshape(-1, side, side)
