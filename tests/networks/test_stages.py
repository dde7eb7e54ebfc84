"""A network taken apart, laid out anew or cut in two still gives what it gave."""

import recognizer.networks.torchvision_cure  # noqa: F401

from itertools import pairwise

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.functional import interpolate

from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone
from recognizer.networks.layers import maps_of_timm, maps_of_torchvision
from recognizer.networks.stages import as_chain, count_frozen, cut, group_stages, merge_last
from tests.networks.networks import SIZE, random_backbone, random_network

NETWORKS = ["torchvision.resnet18", "resnet18", "tf_efficientnet_lite0", "convnext_atto", "mobilenetv3_small_050"]


def transformer() -> nn.Module:
    return maps_of_timm(timm.create_model("vit_tiny_patch16_224", depth=1), SIZE).network


@torch.inference_mode()
def maps_of(network: nn.Module, size: int = 96) -> Tensor:
    maps: Tensor = network.eval()(torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1)))
    return maps


@pytest.mark.parametrize("name", NETWORKS)
def test_the_chain_does_what_the_network_does(name: str) -> None:
    network = random_network(name)
    parts = as_chain(network)
    assert len(parts) > 3
    assert torch.allclose(maps_of(nn.Sequential(*parts)), maps_of(network), atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_stages_lie_side_by_side(name: str, count: int) -> None:
    parts = as_chain(random_network(name))
    merged = maps_of(merge_last(parts, count).layers)
    found = [maps_of(nn.Sequential(*parts[:end])) for end in range(1, len(parts) + 1)]
    ends = [here for here, after in pairwise(found) if here.shape != after.shape] + found[-1:]
    expected = [interpolate(maps, merged.shape[2:]) for maps in ends[: -count - 1 : -1]]
    assert torch.allclose(merged, torch.cat(expected, dim=1), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "stages"),
    [("resnet18", 4), ("tf_efficientnet_lite0", 7), ("torchvision.alexnet", 4), ("torchvision.vgg11", 5)],
)
def test_stages_are_those_of_the_papers(name: str, stages: int) -> None:
    assert len(group_stages(as_chain(random_network(name)))) == stages


def test_a_network_of_tokens_stays_whole() -> None:
    network = transformer()
    parts = as_chain(network)
    assert parts == [network]
    assert group_stages(parts) == []
    assert list(merge_last(parts, 2).layers) == [network] and merge_last(parts, 2).widths == []


def test_a_network_whose_channels_are_last_within_stays_whole() -> None:
    swin = torchvision.models.SwinTransformer([4, 4], 24, [1, 1], [1, 2], [7, 7])
    network, _, _ = maps_of_torchvision(swin, SIZE)
    assert as_chain(network) == [network]


# How many of the parameters are behind the cut: of all places between two parts, the one nearest to what is wanted.
@pytest.mark.parametrize("tuned", [0.1, 0.33, 0.6])
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "torchvision.resnet18", "resnet18", "convnext_atto"])
def test_frozen_and_tuned_layers_are_the_whole_and_cut_at_the_nearest_place(name: str, tuned: float) -> None:
    layers = random_backbone(name, merged=1).layers.eval()
    frozen, rest = cut(layers, tuned, name)
    pixels = torch.rand(2, 3, SIZE, SIZE)
    with torch.inference_mode():
        assert torch.allclose(rest.eval()(frozen.eval()(pixels)), layers(pixels), atol=1e-4)
    sizes = [len(list(part.parameters())) for part in layers]
    behind = [sum(sizes[place:]) for place in range(len(sizes))]
    wanted = sum(sizes) - count_frozen(layers, tuned)
    assert len(list(rest.parameters())) == min(behind, key=lambda size: abs(size - wanted))
    assert wanted == pytest.approx(tuned * sum(sizes), abs=0.5)


def test_a_network_that_is_no_chain_cannot_be_cut() -> None:
    with pytest.raises(RecognizerError, match=r"“vit” cannot be cut.*cached = false"):
        cut(Backbone.of(transformer(), size=SIZE).layers, 0.33, "vit")
