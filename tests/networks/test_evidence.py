"""The evidence of a class, added up over all places, is its logit."""

import pytest
import torch
from torch import nn

from recognizer.networks.evidence import Evidence
from recognizer.networks.stages import windows


@pytest.mark.parametrize(("side", "cells"), [(9, 3), (7, 3), (2, 2), (1, 1), (14, 7), (9, 7), (12, 7), (18, 7)])
def test_evidence_adds_up_to_the_logits(side: int, cells: int) -> None:
    torch.manual_seed(0)
    head = nn.Sequential(nn.AvgPool2d(*windows(side, cells)), nn.Flatten(), nn.Linear(5 * cells**2, 4))
    maps = torch.randn(3, 5, side, side)
    evidence = Evidence(head, side)(maps)
    assert evidence.shape == (3, 4, side, side)
    assert evidence.sum(dim=(2, 3)).numpy() == pytest.approx(head(maps).detach().numpy(), abs=1e-5)


def test_evidence_lies_where_the_picture_has_what_counts() -> None:
    last = nn.Linear(4, 1)
    nn.init.ones_(last.weight)
    nn.init.zeros_(last.bias)
    head = nn.Sequential(nn.AvgPool2d(2, 2), nn.Flatten(), last)
    maps = torch.zeros(1, 1, 4, 4)
    maps[0, 0, 0, 3] = 8
    evidence = Evidence(head, 4)(maps)[0, 0]
    assert evidence[0, 3] == 2 and evidence.sum() == 2
