"""Where pretrained weights come from, and what is said where they cannot be had."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path

import pytest
import torch
import torchvision
from fastai.vision.learner import create_body
from safetensors.torch import save_file

from recognizer.errors import WeightsUnavailable
from recognizer.networks.backbone import Backbone, load_backbone


def test_torchvision_weights_are_taken_from_torch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsUnavailable, match=f"lite1 could not be fetched.*{tmp_path}/hub .HF_HOME.*weights ="):
        load_backbone("tf_efficientnet_lite1")


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


def published() -> "torch.nn.Module":
    torch.manual_seed(7)
    network: torch.nn.Module = torchvision.models.resnet18()
    return network


def stored_as(kind: str, folder: Path) -> Path:
    """The same weights in the forms that people have them in."""
    own = published().state_dict()
    state = {name: own[name] for name in reversed(own)}  # a file may list them in any order
    forms: dict[str, object] = {
        "plain": own,
        "in another order": state,
        "checkpoint": {"epoch": 3, "state_dict": state},
        "fastai": {"model": state, "opt": {"state": [], "hypers": []}},
        "of several devices": {f"module.{name}": tensor for name, tensor in state.items()},
        "without counters": {name: tensor for name, tensor in state.items() if "num_batches" not in name},
    }
    file = folder / ("weights.safetensors" if kind == "safetensors" else "weights.pth")
    if kind == "safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    else:
        torch.save(forms[kind], file)
    return file


KINDS = ("plain", "in another order", "checkpoint", "fastai", "of several devices", "without counters", "safetensors")


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_put_in_by_name(kind: str, tmp_path: Path) -> None:
    backbone = load_backbone("resnet18", str(stored_as(kind, tmp_path)), merged=1)
    expected = Backbone.of(create_body(published()), 1).layers.state_dict()
    found = backbone.layers.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_weights_of_which_only_some_names_are_known_are_refused(tmp_path: Path) -> None:
    state = published().state_dict()
    other = {name.replace("layer1.1.conv1", "layer1.1.conv9"): tensor for name, tensor in state.items()}
    torch.save(other, tmp_path / "mixed.pth")
    with pytest.raises(WeightsUnavailable, match=r"mixed\.pth do not fit"):
        load_backbone("resnet18", str(tmp_path / "mixed.pth"))


def renamed(state: dict[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """The weights as another library names them, which it lists in an order of its own."""
    return {f"net.{name}": state[name] for name in names}


def test_where_no_name_is_known_weights_are_put_in_by_order_if_their_kinds_agree(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = published().state_dict()
    torch.save(renamed(state, list(state)), tmp_path / "other.pth")
    for _ in range(2):
        found = load_backbone("resnet18", str(tmp_path / "other.pth"), merged=1).layers.state_dict()
    told = f"The names in other.pth are those of another library: {len(state)} tensors were matched by their order. "
    assert [record.message.partition("Make sure")[0] for record in caplog.records] == [told]
    expected = Backbone.of(create_body(published()), 1).layers.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    other = {"weight": "bias", "bias": "weight"}  # of a normalisation, where both have one shape
    ends = [name.rpartition(".") for name in state]
    swapped = [f"{stem}.{other.get(end, end)}" if "bn" in stem else f"{stem}.{end}" for stem, _, end in ends]
    torch.save(renamed(state, swapped), tmp_path / "swapped.pth")
    with pytest.raises(WeightsUnavailable, match=r"swapped\.pth do not fit"):
        load_backbone("resnet18", str(tmp_path / "swapped.pth"))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    state = published().state_dict()
    state["layer1.1.conv1.weight"][0, 0] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(WeightsUnavailable, match=r"nan\.pth are not all numbers"):
        load_backbone("resnet18", str(tmp_path / "nan.pth"))


@pytest.mark.parametrize("stored", [[1, 2], {"epoch": 3}, torch.zeros(3)])
def test_a_file_without_weights_is_named(stored: object, tmp_path: Path) -> None:
    torch.save(stored, tmp_path / "none.pth")
    with pytest.raises(WeightsUnavailable, match=r"none\.pth (is not a file of|holds no) weights"):
        load_backbone("resnet18", str(tmp_path / "none.pth"))
