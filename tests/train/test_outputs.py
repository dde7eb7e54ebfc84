"""Several outputs are learned from one pass of the backbone; a missing value teaches nothing, a lost one is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from recognizer.errors import RecognizerError
from recognizer.networks.closed_form import IMPOSSIBLE, fit_dual, scale
from recognizer.outputs import Output
from recognizer.splits.values import MISSING, make_target, split_valued
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Issue
from recognizer.train.outputs import load_outputs, train_outputs
from tests.drawn_dataset import Shapes


def test_all_outputs_are_learned_and_photos_without_a_value_do_not_count(shapes: Shapes) -> None:
    with shapes.store() as store:
        trained = load_outputs(shapes.recipe, store)
        photos, judged = trained.split.held_out, trained.run.metrics["judged"]
        logits = trained.predict(photos)
    assert (judged["colour"]["photos"], judged["size"]["photos"]) == (shapes.coloured, shapes.learned)
    assert judged["shape"]["accuracy"] > 0.85 and judged["colour"]["accuracy"] > 0.9
    assert judged["size"]["mean_absolute_error"] < 9  # of sizes from 16 to 80; the constant guess is 16 off
    told = {name: one.of(logits) for name, one in trained.calibrations.items()}
    assert told["shape"].shape == (len(photos), 2) and told["colour"].sum(axis=1) == pytest.approx(1)
    sizes = np.array([float(trained.values[photo.sha256]["size"]) for photo in photos])
    assert np.abs(told["size"] - sizes).mean() < 9
    low, high = trained.calibrations["size"].interval
    assert low < 0 < high


def test_what_is_trained_is_not_trained_again_and_other_values_are(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, shapes.recipe.labels) as store:
        train_outputs(shapes.recipe, store)
        assert len(list((work / "runs").iterdir())) == 1
        values = store.readings.all()
        learned = load_outputs(shapes.recipe, store).split.learning[0].sha256
        values[learned]["colour"] = "green" if values[learned].get("colour") != "green" else "red"
        store.readings.replace(values)
        train_outputs(shapes.recipe, store)
        assert len(list((work / "runs").iterdir())) == 2


def test_weights_of_another_network_are_named(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, shapes.recipe.labels) as store:
        run = load_outputs(shapes.recipe, store).run
        torch.save(dict(list(run.weights.items())[1:]), run.folder / "weights.pth")
        with pytest.raises(RecognizerError, match=r"runs/1 do not fit tf_efficientnet_lite0 any more; delete that fol"):
            load_outputs(shapes.recipe, store)


def test_other_wanted_accuracy_takes_the_same_network(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    settings = shapes.recipe.train.model_copy(update={"answered_accuracy": 0.999})
    recipe, told = shapes.recipe.model_copy(update={"train": settings}), set[str]()
    with PhotoStore(work, recipe.labels) as store:
        before = load_outputs(shapes.recipe, store)
        train_outputs(recipe, store, lambda what, done, total: told.add(what))
        after = load_outputs(recipe, store)
    assert not told and after.run.folder != before.run.folder
    assert (after.run.folder / "weights.pth").read_bytes() == (before.run.folder / "weights.pth").read_bytes()
    assert {file.name for file in after.run.folder.iterdir()} == {file.name for file in before.run.folder.iterdir()}
    first, second = before.calibrations["colour"], after.calibrations["colour"]
    assert second.threshold > first.threshold and second.photos == first.photos
    assert after.calibrations["size"] == before.calibrations["size"]


def test_thresholds_go_by_each_photos_own_values_in_whatever_order_photos_are(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    settings = shapes.recipe.train.model_copy(update={"answered_accuracy": 0.9501})
    recipe = shapes.recipe.model_copy(update={"train": settings})
    with PhotoStore(work, recipe.labels) as store:
        before = load_outputs(shapes.recipe, store)
        file = before.run.folder / "judged.npz"
        turned = {name: values[::-1] for name, values in before.run.predictions.items()}
        np.savez(file, **turned)  # type: ignore[arg-type]  # none is called allow_pickle
        train_outputs(recipe, store)
        after = load_outputs(recipe, store)
    assert after.calibrations["size"].interval == before.calibrations["size"].interval
    assert after.calibrations["colour"].threshold == pytest.approx(before.calibrations["colour"].threshold, abs=0.05)


def test_a_class_without_photos_is_told(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, shapes.recipe.labels) as store:
        kept = {photo: v for photo, v in store.readings.all().items() if v.get("colour") not in ("green", "blue")}
        store.readings.replace(kept)
        with pytest.raises(
            RecognizerError, match=r"no photo to train “green”, “blue” of colour .* leave them out, in "
        ):
            train_outputs(shapes.recipe, store)


def test_copies_that_contradict_each_other_stay_out(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, shapes.recipe.labels) as store:
        before = load_outputs(shapes.recipe, store).split.learning
        values = store.readings.all()
        one = before[0]
        other = next(photo for photo in before if values[photo.sha256]["shape"] != values[one.sha256]["shape"])
        store.issues.replace("duplicate", [Issue(one.sha256, "duplicate", 0.9, twin=other.sha256)])
        after = {photo.sha256 for photo in load_outputs(shapes.recipe, store).split.learning}
    assert {photo.sha256 for photo in before} - after == {one.sha256, other.sha256}


def test_of_very_many_photos_some_are_drawn_to_learn_from(shapes: Shapes, monkeypatch: pytest.MonkeyPatch) -> None:
    with shapes.store() as store:
        values = store.readings.all()
        whole = split_valued(shapes.recipe, store, values)
        monkeypatch.setattr("recognizer.splits.values.MOST", 40)
        drawn = split_valued(shapes.recipe, store, values)
        again = split_valued(shapes.recipe, store, values)
    assert len(drawn.learning) == 40 < len(whole.learning) and drawn.validation
    assert drawn == again and drawn.held_out == whole.held_out
    assert len(drawn.aside) == len(whole.learning) - 40


def test_the_dual_form_is_linear_discriminant_analysis() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = rng.normal(size=(60, 4)) + rng.normal(size=(3, 4))[labels] * 2
    rows = scale(features).rows.astype(float)
    coefficients, bias = fit_dual(rows @ rows.T, labels, 3, 1e-9)
    ours = rows @ (rows.T @ coefficients) + bias
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3).fit(rows, labels).decision_function(rows)
    difference = (ours - ours.mean(axis=1, keepdims=True)) - (theirs - theirs.mean(axis=1, keepdims=True))
    assert np.abs(difference).max() < 1e-3 * np.abs(theirs).max()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_values_that_nobody_shares_can_be_learned_from(count: int) -> None:
    rows = scale(np.random.default_rng(0).normal(size=(8, 4))).rows[:count].astype(float)
    coefficients, bias = fit_dual(rows @ rows.T, np.arange(count), 5, 0.01)
    logits = rows @ (rows.T @ coefficients) + bias
    assert np.isfinite(logits).all() and (bias[count:] == IMPOSSIBLE).all()
    assert count < 2 or (logits.argmax(axis=1) == np.arange(count)).all()


def test_an_output_that_is_known_of_three_photos_ends_in_no_traceback(shapes: Shapes, tmp_path: Path) -> None:
    shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(tmp_path / "work", shapes.recipe.labels) as store:
        values = store.readings.all()
        some = {photo.sha256 for photo in load_outputs(shapes.recipe, store).split.learning[:3]}
        for photo in values.keys() - some:
            values[photo].pop("size", None)
        store.readings.replace(values)
        assert train_outputs(shapes.recipe, store)["judged"]["size"]["photos"] == 3


def test_a_numbers_bins_hold_about_as_many_photos(shapes: Shapes) -> None:
    with shapes.store() as store:
        values, photos = store.readings.all(), store.photos.kept()
    target = make_target(Output(name="size", kind="number", range=[0, 100]), photos, values)
    counts = np.bincount(target.numbers(photos, values), minlength=target.width)
    assert target.width == 12 and counts.min() >= 3 and list(target.centres) == sorted(target.centres)
    del values[photos[0].sha256]["size"]
    assert target.numbers(photos, values)[0] == MISSING
