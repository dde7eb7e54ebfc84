"""Where pretrained weights come from, and what is said where they cannot be had."""

from pathlib import Path

import pytest
import torch

from recognizer.errors import WeightsUnavailable
from recognizer.networks.backbone import load_backbone


def test_torchvision_weights_are_taken_from_torch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    model = torchvision.models.resnet18()
    torch.save(model.state_dict(), checkpoints / "resnet18-f37072fd.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    backbone = load_backbone("resnet18")
    assert torch.equal(next(backbone.layers.parameters()), model.conv1.weight)
    assert backbone.shape(64) == (512 + 256, 4)


def test_weights_that_cannot_be_had_name_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(WeightsUnavailable, match=r"resnet34 could not be fetched.*TORCH_HOME.*weights ="):
        load_backbone("resnet34")


def test_weights_from_a_file_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsUnavailable, match=r"other\.pth do not fit"):
        load_backbone("resnet18", str(tmp_path / "other.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsUnavailable, match="is not a file of weights"):
        load_backbone("resnet18", str(tmp_path / "text.pth"))
    with pytest.raises(WeightsUnavailable, match="There is no file of weights"):
        load_backbone("resnet18", str(tmp_path / "none.pth"))


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(WeightsUnavailable, match="“resnet35” is not a backbone"):
        load_backbone("resnet35")
