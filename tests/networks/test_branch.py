"""A branch beside a backbone's last layers makes one network with it."""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import pytest
import torch
from torch import nn

from recognizer.networks.backbone import load_for_training
from recognizer.networks.branch import branch_head, join, make_branch, scale_logits
from recognizer.networks.head import count_cells, split_last, with_head
from recognizer.networks.lda import Layer
from recognizer.recipe import TrainSettings

WIDTH = 5  # logits


def random_layer(channels: int) -> Layer:
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(WIDTH, channels)), rng.normal(size=WIDTH)
    return Layer(weight.astype(np.float32), bias.astype(np.float32))


@pytest.mark.parametrize(
    "settings",
    [
        TrainSettings(backbone="tf_efficientnet_lite0", size=96, stages=4, tuned=0.5),
        TrainSettings(backbone="tf_efficientnet_lite0", size=288, stages=3, tuned=0.3),
        TrainSettings(backbone="resnet18", size=64, stages=1, tuned=0.33),
    ],
    ids=["maps enlarged", "places that overlap", "no maps beside"],
)
def test_backbone_and_branch_as_one_network_say_what_they_say_together(settings: TrainSettings) -> None:
    backbone = load_for_training(settings, pretrained=False)
    branch = make_branch(backbone, WIDTH, settings, pretrained=False)
    channels, _, cells = count_cells(backbone, settings.size)
    layer = random_layer(channels * cells**2)
    alone = with_head(backbone, layer, settings.size)
    tuned = nn.Sequential(branch.layers, branch_head(backbone, branch, settings))
    whole = join(backbone, branch, layer, settings)
    pictures = torch.rand(2, 3, settings.size, settings.size)
    with torch.inference_mode():
        expected = alone.eval()(pictures) + tuned.eval()(branch.frozen.eval()(pictures))
        assert whole.eval()(pictures).numpy() == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-3)
    weights = split_last(whole)[1].weight.detach()
    assert float(weights.abs().max()) == np.abs(layer.weight).max(), "eight bits tell the heads' weights, too"
    assert branch.last.in_channels == (512 if settings.backbone == "resnet18" else 1280)


def test_a_shift_is_added_to_logits_before_they_are_scaled() -> None:
    last, maps = torch.nn.Conv2d(4, 2, 1), torch.randn(3, 4, 5, 5)
    with torch.no_grad():
        before = last(maps)
        scale_logits(last, np.array([2.0, 0.5]), np.array([1.0, -3.0]))
        after = last(maps)
    shift, scales = torch.tensor([1.0, -3.0]), torch.tensor([2.0, 0.5])
    assert torch.allclose(after, (before + shift[:, None, None]) * scales[:, None, None], atol=1e-5)
