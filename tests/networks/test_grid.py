"""A head over a grid: a place and its mirror image share their weights."""

import numpy as np
import pytest
import torch
from torch import nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.extractors import head_extractor
from recognizer.networks.grid import gather, spread, stage_shares
from recognizer.networks.head import with_head
from recognizer.networks.lda import Layer
from recognizer.recipe import TrainSettings
from tests.networks.networks import random_backbone


@pytest.mark.parametrize("size", [64, 96, 224, 288])  # four, six, and seven places along each side, of 288 overlapping
def test_a_layer_of_halves_says_the_same_of_all_places(size: int) -> None:
    layers = nn.Sequential(nn.AvgPool2d(16), nn.Conv2d(3, 5, 1))
    backbone = Backbone(layers, [layers[1]], size)
    extractor = head_extractor(backbone, TrainSettings(size=size))
    pictures = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        halves = extractor.layers(pictures)[-1].numpy()
    rng = np.random.default_rng(0)
    layer = Layer(rng.normal(size=(4, halves.shape[1])).astype(np.float32), rng.normal(size=4).astype(np.float32))
    spread_out = spread(layer, backbone, size)
    assert gather(spread_out, backbone, size).weight == pytest.approx(layer.weight)
    network = with_head(backbone, spread_out, size)
    with torch.inference_mode():
        found, mirrored = network(pictures).numpy(), network(pictures.flip(3)).numpy()
    assert found == pytest.approx(halves @ layer.weight.T + layer.bias, abs=1e-4)
    assert mirrored == pytest.approx(found, abs=1e-4)


def test_layers_before_all_stages_count_like_one_more() -> None:
    backbone = random_backbone("torchvision.resnet18", merged=9, size=96)
    channels = backbone.shape(96)[0]
    shares = stage_shares(backbone, 96).reshape(channels, -1).sum(axis=1)
    assert shares.sum() == pytest.approx(1)
    assert shares[:512].sum() == pytest.approx(shares[512 : 512 + 256].sum())
    assert shares[:512].sum() < 0.3


@pytest.mark.parametrize(
    ("name", "merged", "widths"),
    [
        ("efficientnet_b0", 2, (1280, 320)),
        ("mobilenet_v3_large", 2, (960, 160)),
        ("vgg11", 3, (512, 512, 512)),
        ("alexnet", 3, (256, 256, 384)),
    ],
)
def test_stages_of_a_single_convolution_count_like_the_others(name: str, merged: int, widths: tuple[int, ...]) -> None:
    backbone = random_backbone(f"torchvision.{name}", merged=merged, size=96)
    assert backbone.widths == widths and sum(widths) == backbone.shape(96)[0]


def test_every_stage_counts_alike() -> None:
    backbone = random_backbone("torchvision.resnet18", merged=3, size=96)
    shares = stage_shares(backbone, 96).reshape(512 + 256 + 128, -1)  # the last stage first
    assert shares.shape[1] == 7 * 4
    assert [part.sum() for part in np.split(shares, [512, 768])] == pytest.approx([1 / 3] * 3)
