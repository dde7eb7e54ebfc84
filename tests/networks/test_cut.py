"""A backbone cut in two is still the same backbone, and ONNX Runtime runs its trunk as torch does."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from fastai.vision.core import PILImage
from fastai.vision.learner import TimmBody, create_body
from PIL import Image
from torch import nn

from recognizer.errors import RecognizerError
from recognizer.networks.augmentation import photo_views
from recognizer.networks.backbone import Backbone
from recognizer.networks.cut import cut, join
from recognizer.networks.trunk import runner
from recognizer.store.rows import Photo

SIZE = 64


def body_of(name: str) -> nn.Sequential:
    torch.manual_seed(0)
    if name.startswith("torchvision."):
        return Backbone.of(create_body(torchvision.models.get_model(name.removeprefix("torchvision.")))).body
    return Backbone.of(TimmBody(timm.create_model(name, num_classes=0))).body


def photo(tmp_path: Path) -> Photo:
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((360, 270)).save(tmp_path / "photo.jpg")
    return Photo("ab" * 32, "0" * 16, 360, 270, "Kilim", "Kilim", "", "", "", "", "", tmp_path / "photo.jpg")


@pytest.mark.parametrize("tuned", [0.1, 0.33, 0.6])
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "torchvision.resnet18", "resnet18", "convnext_atto"])
def test_trunk_and_tail_are_the_whole(name: str, tuned: float) -> None:
    body = body_of(name).eval()
    trunk, tail = cut(body, tuned, name)
    pixels = torch.rand(2, 3, SIZE, SIZE)
    with torch.inference_mode():
        assert torch.allclose(tail.eval()(trunk.eval()(pixels)), body(pixels), atol=1e-4)
    share = len(list(tail.parameters())) / len(list(body.parameters()))
    assert share == pytest.approx(tuned, abs=0.35)
    assert len(list(trunk.parameters())) > 0


def test_a_trained_tail_goes_back_into_the_whole() -> None:
    body = body_of("resnet18").eval()
    trunk, tail = cut(body, 0.33, "resnet18")
    with torch.no_grad():
        for parameter in tail.parameters():
            parameter.mul_(1.1)
    join(tail, body)
    pixels = torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        assert torch.allclose(tail.eval()(trunk.eval()(pixels)), body(pixels), rtol=1e-4, atol=1e-4)


def test_a_network_that_is_no_chain_is_refused() -> None:
    with pytest.raises(RecognizerError, match=r"“vit” cannot be cut.*cached = false"):
        transformer = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=SIZE, depth=2)
        cut(Backbone.of(TimmBody(transformer)).body, 0.33, "vit")


def test_the_trunk_runs_as_in_torch(tmp_path: Path) -> None:
    body = body_of("tf_efficientnet_lite0")
    backbone = Backbone(body, [])
    trunk = cut(body, 0.33, "lite0").trunk.eval()
    views = photo_views(photo(tmp_path), SIZE, 3)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (backbone.mean, backbone.std))
    with torch.inference_mode():
        expected = trunk((torch.from_numpy(views) / 255 - mean) / std).numpy()
    assert np.allclose(runner(trunk, backbone, SIZE)(views), expected, rtol=2e-3, atol=2e-3)


def test_the_first_view_is_what_predicting_sees(tmp_path: Path) -> None:
    shown = photo(tmp_path)
    views = photo_views(shown, SIZE, 5)
    seen = PILImage.create(shown.path).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    assert (views[0] == np.asarray(seen).transpose(2, 0, 1)).all()
    assert (views[1] == views[0][:, :, ::-1]).all()


def test_views_are_always_the_same_and_all_different(tmp_path: Path) -> None:
    views = photo_views(photo(tmp_path), SIZE, 5)
    assert views.shape == (5, 3, SIZE, SIZE)
    assert (views == photo_views(photo(tmp_path), SIZE, 5)).all()
    assert (views[:3] == photo_views(photo(tmp_path), SIZE, 3)).all()
    assert len(np.unique(views.reshape(5, -1), axis=0)) == 5
