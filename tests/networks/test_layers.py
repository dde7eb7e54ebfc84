"""Networks of every kind give features: maps where they have them, else what their own classifier takes."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from recognizer.errors import RecipeError, RecognizerError
from recognizer.images.pixels import square_pixels
from recognizer.networks.backbone import HALVED, Backbone, load_backbone, load_for_training
from recognizer.networks.extractors import clean_extractor
from recognizer.networks.forward import extract, predict
from recognizer.networks.head import make_head
from recognizer.networks.layers import maps_of_timm, maps_of_torchvision
from recognizer.recipe import TrainSettings
from tests.networks.networks import draw_photo

TOKENS: dict[str, dict[str, Any]] = {
    "vit_tiny_patch16_224": {"depth": 2},
    "deit_tiny_distilled_patch16_224": {"depth": 1},
    "swin_tiny_patch4_window7_224": {"depths": (1, 1, 1, 1), "embed_dim": 24, "num_heads": (1, 2, 2, 4)},
    "mixer_s32_224": {},
    "levit_128s": {},
}
PUBLISHED_ON_THE_HUB: dict[str, dict[str, Any]] = {
    "vit_small_patch14_dinov2": {"depth": 1, "img_size": 224},
    "vit_base_patch32_clip_224": {"depth": 1},
}
MAPS = ("alexnet", "googlenet", "inception_v3", "resnet18", "squeezenet1_1", "vgg11")
EMBEDDINGS = ("densenet121", "mobilenet_v2", "shufflenet_v2_x0_5")
SIZES = (96, 224)


def pictures(size: int) -> Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def of_torchvision(name: str) -> nn.Module:
    model: nn.Module = torchvision.models.get_model(name, **({"init_weights": False} if name in HALVED else {}))
    return model.eval()


@torch.inference_mode()
def taken_by(part: nn.Module, model: nn.Module, pixels: Tensor) -> Tensor:
    """What a part of a network takes."""
    taken: list[Tensor] = []
    hook = part.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    model(pixels)
    hook.remove()
    return taken[0]


@pytest.mark.parametrize("name", [*TOKENS, *PUBLISHED_ON_THE_HUB])
def test_a_network_of_tokens_gives_what_timm_pools(name: str) -> None:
    model = timm.create_model(name, **(TOKENS | PUBLISHED_ON_THE_HUB)[name]).eval()
    with torch.inference_mode():
        expected = model.forward_head(model.forward_features(pictures(224)), pre_logits=True)
        network, size, _ = maps_of_timm(model.train(), 224)
        assert torch.allclose(network.eval()(pictures(224)).flatten(1), expected, atol=1e-5)
    assert size == 224


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_those_that_the_network_pools(name: str) -> None:
    model = of_torchvision(name)
    pool = model.get_submodule("classifier" if name == "squeezenet1_1" else "avgpool")
    expected = taken_by(pool, model, pictures(96))
    network, size, _ = maps_of_torchvision(model, 96)
    with torch.inference_mode():
        found = network.eval()(pictures(96))
    assert found.shape == expected.shape and torch.allclose(found, expected, atol=1e-5)
    assert size == 96


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_where_no_pool_parts_a_network_its_classifier_does(name: str) -> None:
    model = of_torchvision(name)
    (*_, last) = (module for module in model.modules() if isinstance(module, nn.Linear))
    expected = taken_by(last, model, pictures(96))
    network, _, _ = maps_of_torchvision(model, 96)
    with torch.inference_mode():
        assert torch.allclose(network.eval()(pictures(96)).flatten(1), expected, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*TOKENS, "alexnet", "googlenet", "inception_v3"])
def test_cleaning_and_predicting_go_by_what_torch_gives(name: str, size: int, tmp_path: Path) -> None:
    if name in TOKENS:
        given = maps_of_timm(timm.create_model(name, **TOKENS[name]), size)
    else:
        given = maps_of_torchvision(of_torchvision(name), size)
    backbone = Backbone.of(given.network, 2, given.size)
    photos = [draw_photo(tmp_path, number) for number in range(3)]
    features = extract(photos, clean_extractor(backbone, TrainSettings(backbone=name)), tmp_path)
    assert all(rows.shape[2] and np.isfinite(rows).all() for rows in features.values())
    assert name not in TOKENS or len(np.unique(features["overall"], axis=0)) == 3
    network = nn.Sequential(backbone.layers, make_head(backbone, given.size, 4)).eval()
    pixels = np.stack([square_pixels(photo.path, given.size) for photo in photos])
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (backbone.mean, backbone.std))
    with torch.inference_mode():
        expected = network((torch.from_numpy(pixels) / 255 - mean) / std)
    assert np.allclose(predict(network, backbone, photos, given.size).logits, expected, rtol=1e-3, atol=1e-4)


def test_weights_of_a_transformer_serve_pictures_of_other_sizes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(timm.create_model("vit_tiny_patch16_224").state_dict(), tmp_path / "vit.pth")
    found = [load_backbone("vit_tiny_patch16_224", str(tmp_path / "vit.pth"), size=size) for size in (64, 224)]
    assert [backbone.size for backbone in found] == [64, 224]
    assert torch.equal(*(backbone.layers.state_dict()["0.0.patch_embed.proj.weight"] for backbone in found))


def test_a_size_that_a_network_does_not_take_is_refused_with_the_one_that_it_takes() -> None:
    settings = TrainSettings(backbone="mixer_s32_224", size=192)
    with pytest.raises(RecipeError, match=r"train\.size: “mixer_s32_224” does not take .* 192 pixels; set size = 224"):
        load_for_training(settings, pretrained=False)


def test_a_network_that_cannot_be_cut_is_refused_where_the_recipe_wants_that() -> None:
    settings = TrainSettings(backbone="vit_tiny_patch16_224", size=64, epochs=1)
    with pytest.raises(RecognizerError, match="cannot be cut into layers that are cached"):
        load_for_training(settings, pretrained=False)
    assert load_for_training(settings.model_copy(update={"cached": False}), pretrained=False).size == 64


def test_pixels_are_normalised_as_published_weights_want_it() -> None:
    assert load_backbone("googlenet", pretrained=False, size=64).mean == (0.5, 0.5, 0.5)
    assert load_backbone("resnet18", pretrained=False, size=64).mean == (0.485, 0.456, 0.406)
    clip = load_backbone("vit_base_patch32_clip_224.openai", pretrained=False)
    assert clip.mean == pytest.approx((0.4815, 0.4578, 0.4082), abs=1e-4)
