"""Training and evaluating: honest splits, the same result twice, weights that cannot be had."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.errors import RecognizerError, WeightsUnavailable
from recognizer.evaluate.evaluate import evaluate
from recognizer.evaluate.metrics import measure
from recognizer.networks.backbone import load_backbone
from recognizer.recipe import Recipe
from recognizer.splits.groups import group_photos
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train.train import last_run, load_trained, predict, train


def test_copies_are_never_on_both_sides(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([])
    parts = split_kept(recipe, copied)
    photos = copied.photos.all()
    groups = dict(zip((p.sha256 for p in photos), group_photos(photos, copied.issues.all()), strict=True))
    sides = [{groups[p.sha256] for p in part} for part in (parts.training, parts.validation, parts.held_out)]
    assert all(sides)
    assert len(set.union(*sides)) == sum(len(side) for side in sides)
    assert len(set(groups.values())) < len(photos)


def test_what_is_trained_is_not_trained_again(copied: PhotoStore, recipe: Recipe) -> None:
    before = sorted(copied.work.glob("runs/*/*"))
    stamps = [file.stat().st_mtime_ns for file in before]
    train(recipe, copied)
    assert sorted(copied.work.glob("runs/*/*")) == before
    assert [file.stat().st_mtime_ns for file in before] == stamps


def test_the_same_seed_gives_the_same_network(copied: PhotoStore, recipe: Recipe) -> None:
    held_out = split_kept(recipe, copied).held_out
    first = predict(load_trained(recipe, copied)[0], held_out)
    shutil.rmtree(copied.work / "runs")
    train(recipe, copied)
    assert np.allclose(predict(load_trained(recipe, copied)[0], held_out), first, atol=1e-5)


def test_another_round_goes_on_from_the_last(copied: PhotoStore, recipe: Recipe) -> None:
    longer = recipe.model_copy(update={"train": recipe.train.model_copy(update={"rounds": 2})})
    train(longer, copied)
    rounds = [json.loads(file.read_text())["round"] for file in sorted(copied.work.glob("runs/*/metrics.json"))]
    assert rounds == [1, 2]


def test_without_epochs_only_the_last_layer_is_fitted(copied: PhotoStore, recipe: Recipe) -> None:
    fitted = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 0})})
    train(fitted, copied)
    run = last_run(fitted, copied)
    pretrained = load_backbone(recipe.train.backbone).body.state_dict()
    assert all(torch.equal(run.weights[f"0.{name}"], tensor) for name, tensor in pretrained.items())
    assert run.metrics["loss"] == []
    assert not (run.folder / "curves.png").exists()
    assert evaluate(fitted, copied)["accuracy"] > 1 / len(recipe.labels)


def test_report_has_what_others_rely_on(copied: PhotoStore, recipe: Recipe) -> None:
    report = evaluate(recipe, copied)
    assert report == json.loads((copied.work / "reports" / "evaluate.json").read_text())
    wanted = {"stage", "recipe", "seconds", "counts", "version", "accuracy", "accuracy_interval", "photos", "ece"}
    wanted |= {"ece_by_chance", "out_of_fold"}
    assert 0 < report["ece_by_chance"] < 1 and 0 < report["out_of_fold"]["ece_by_chance"] < 1
    assert wanted | {"coverage", "selective_accuracy", "per_class"} <= set(report)
    assert sum(figures["photos"] for figures in report["per_class"].values()) == report["photos"]
    assert (copied.work / "reports" / "confusion.png").stat().st_size > 10_000


def test_figures_of_a_known_case() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]])
    figures = measure(np.array([0, 1, 1, 1]), probabilities, ["a", "b"], threshold=0.58)
    assert (figures["accuracy"], figures["photos"]) == (0.75, 4)
    assert (figures["coverage"], figures["selective_accuracy"]) == (0.75, 0.6667)
    assert figures["per_class"]["b"]["accuracy"] == 0.6667
    low, high = figures["accuracy_interval"]
    assert (low, high) == (0.3006, 0.9544)  # Wilson's interval of 3 in 4


def test_a_class_without_photos_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    extra = recipe.classes[0].model_copy(update={"name": "Corduroy"})
    wider = recipe.model_copy(update={"classes": [*recipe.classes, extra]})
    with pytest.raises(RecognizerError, match="There is no photo to train “Corduroy” with"):
        train(wider, copied)


def test_nothing_trained_is_a_sentence(tmp_path: Path, recipe: Recipe) -> None:
    with (
        PhotoStore(tmp_path / "work", recipe.labels) as store,
        pytest.raises(RecognizerError, match="has no trained run yet; run recognizer train tiny first"),
    ):
        load_trained(recipe, store)


def test_torchvision_weights_are_taken_from_torch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    from recognizer.networks.backbone import load_backbone

    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    model = torchvision.models.resnet18()
    torch.save(model.state_dict(), checkpoints / "resnet18-f37072fd.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    backbone = load_backbone("resnet18")
    assert torch.equal(next(backbone.body.parameters()), model.conv1.weight)
    assert backbone.shape(64) == (512 + 256, 4)


def test_weights_that_cannot_be_had_name_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recognizer.networks.backbone import load_backbone

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(WeightsUnavailable, match=r"resnet34 could not be fetched.*TORCH_HOME.*weights ="):
        load_backbone("resnet34")


def test_weights_from_a_file_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from recognizer.networks.backbone import load_backbone

    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsUnavailable, match=r"other\.pth do not fit"):
        load_backbone("resnet18", str(tmp_path / "other.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsUnavailable, match="is not a file of weights"):
        load_backbone("resnet18", str(tmp_path / "text.pth"))
    with pytest.raises(WeightsUnavailable, match="There is no file of weights"):
        load_backbone("resnet18", str(tmp_path / "none.pth"))


def test_an_unknown_backbone_is_named() -> None:
    from recognizer.networks.backbone import load_backbone

    with pytest.raises(WeightsUnavailable, match="“resnet35” is not a backbone"):
        load_backbone("resnet35")
