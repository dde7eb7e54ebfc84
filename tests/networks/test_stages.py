"""A network taken apart and laid out anew still gives what it gave."""

import recognizer.networks.torchvision_cure  # noqa: F401

from itertools import pairwise

import pytest
import timm
import torch
import torchvision
from fastai.vision.learner import TimmBody, create_body
from torch import Tensor, nn
from torch.nn.functional import interpolate

from recognizer.networks.stages import as_chain, group_stages, merge_last

NETWORKS = ["torchvision.resnet18", "resnet18", "tf_efficientnet_lite0", "convnext_atto", "mobilenetv3_small_050"]


def body_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name.startswith("torchvision."):
        body: nn.Module = create_body(torchvision.models.get_model(name.removeprefix("torchvision.")))
    else:
        body = TimmBody(timm.create_model(name, num_classes=0))
    return body.eval()


@torch.inference_mode()
def maps_of(body: nn.Module, size: int = 96) -> Tensor:
    maps: Tensor = body.eval()(torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1)))
    return maps


@pytest.mark.parametrize("name", NETWORKS)
def test_the_chain_does_what_the_network_does(name: str) -> None:
    body = body_of(name)
    parts = as_chain(body)
    assert len(parts) > 3
    assert torch.allclose(maps_of(nn.Sequential(*parts)), maps_of(body), atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_stages_lie_side_by_side(name: str, count: int) -> None:
    parts = as_chain(body_of(name))
    merged = maps_of(merge_last(parts, count))
    seen = [maps_of(nn.Sequential(*parts[:end])) for end in range(1, len(parts) + 1)]
    ends = [here for here, after in pairwise(seen) if here.shape != after.shape] + seen[-1:]
    expected = [interpolate(maps, merged.shape[2:]) for maps in ends[: -count - 1 : -1]]
    assert torch.allclose(merged, torch.cat(expected, dim=1), atol=1e-4)


@pytest.mark.parametrize(("name", "stages"), [("resnet18", 4), ("tf_efficientnet_lite0", 7)])
def test_stages_are_those_of_the_papers(name: str, stages: int) -> None:
    assert len(group_stages(as_chain(body_of(name)))) == stages


def test_a_network_of_tokens_stays_whole() -> None:
    body = TimmBody(timm.create_model("vit_tiny_patch16_224", num_classes=0, depth=1))
    parts = as_chain(body)
    assert parts == [body]
    assert group_stages(parts) == []
    assert list(merge_last(parts, 2)) == [body]
