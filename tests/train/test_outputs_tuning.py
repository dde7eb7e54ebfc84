"""Several outputs are fine-tuned together: each loses by its own scale, a missing value nothing, what helps is kept."""

import recognizer.networks.torchvision_cure  # noqa: F401

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recognizer.errors import RecognizerError
from recognizer.networks.backbone import load_for_training
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import extract, predict
from recognizer.networks.grid import spread
from recognizer.networks.lda import Layer
from recognizer.outputs import Output, PhotoClass
from recognizer.recipe import Recipe
from recognizer.report import unwatched, write_json
from recognizer.splits.values import MISSING, Target, split_valued
from recognizer.store.photo_store import PhotoStore
from recognizer.train import outputs_tuning
from recognizer.train.outputs import load_outputs, train_outputs
from recognizer.train.outputs_drawing import even_draw, shares_again
from recognizer.train.outputs_head import Truth
from recognizer.train.outputs_learning import find_truths
from recognizer.train.outputs_losses import Losses, known_values
from recognizer.train.outputs_tuning import tune_outputs
from recognizer.train.tuning import joined
from tests.drawn_dataset import Shapes

COLOUR = Output(name="colour", classes=[PhotoClass(name="red"), PhotoClass(name="blue")])
SIZE = Output(name="size", kind="number", range=[0, 100])


def truths() -> list[Truth]:
    colours, sizes = np.array([0, 0, 0, 1, MISSING]), np.array([10.0, 10, 20, 30, np.nan])
    bins = np.array([0, 0, 1, 2, MISSING])
    return [Truth(Target(COLOUR), colours, np.full(5, np.nan)), Truth(Target(SIZE, (10.0, 20.0, 30.0)), bins, sizes)]


def test_the_constant_guess_loses_one_for_each_output_and_a_missing_value_nothing() -> None:
    losses, known = Losses(truths()), torch.from_numpy(known_values(truths()))
    guess = torch.tensor([[np.log(0.75), np.log(0.25), 0.0, 0.0, 0.0]]).repeat(5, 1).requires_grad_()
    assert losses.temperatures(guess, known)[0] == pytest.approx(1, abs=0.2)
    with torch.no_grad():
        guess[:, 2:4] = torch.tensor([60.0, 60.0])  # 15, the median
    found = losses.of_photos(guess, known)
    assert float(found[:4].detach().mean()) == pytest.approx(2, rel=1e-3) and float(found[4]) == 0
    assert losses.guess(known) == pytest.approx(2 * 4 / 5) == pytest.approx(float(losses(guess, known)), rel=1e-3)
    losses(guess, known).backward()  # type: ignore[no-untyped-call]
    assert guess.grad is not None and guess.grad.isfinite().all() and not guess.grad[4].any()
    assert float(losses.right(guess, known)) == pytest.approx(5 / 8)  # three red ones, two of the first bin


def uneven() -> list[Truth]:
    """Return colours of which one in ten is blue, and hands of which a third is left, half of them unknown."""
    rng = np.random.default_rng(0)
    colours = (rng.random(400) < 0.1).astype(int)
    hands = np.where(rng.random(400) < 0.5, MISSING, (rng.random(400) < 0.3 + 0.3 * colours).astype(int))
    hand = Output(name="hand", classes=[PhotoClass(name="right"), PhotoClass(name="left")])
    nothing = np.full(400, np.nan)
    return [Truth(Target(COLOUR), colours, nothing), Truth(Target(hand), hands, nothing)]


def test_rare_classes_of_all_outputs_are_drawn_as_often() -> None:
    drawn = even_draw(uneven())
    for truth in uneven():
        assert np.exp(truth.log_shares(drawn)) == pytest.approx([0.5, 0.5], abs=0.01)
    assert drawn.mean() == pytest.approx(1)
    assert even_draw(truths()[1:]) == pytest.approx(np.ones(5))  # numbers have no say


def test_no_photo_is_drawn_more_than_ten_times_as_often() -> None:
    colours = np.zeros(2000, dtype=int)
    colours[:2] = 1
    drawn = even_draw([Truth(Target(COLOUR), colours, np.full(2000, np.nan))])
    assert drawn[:2] == pytest.approx(np.array([10, 10]), rel=0.02)


def test_what_learned_from_an_even_draw_is_told_the_shares_again() -> None:
    said, drawn = np.zeros(4), even_draw(uneven())  # all are as likely
    shares = said + shares_again(uneven(), drawn)
    blue, left = (1 / (1 + np.exp(a - b)) for a, b in (shares[:2], shares[2:]))
    colours, hands = (truth.numbers for truth in uneven())
    assert blue == pytest.approx(np.mean(colours == 1), abs=0.01)
    assert left == pytest.approx(np.mean(hands[hands != MISSING] == 1), abs=0.01)
    assert not shares_again(uneven(), np.ones(400)).any()


def trained_with(shapes: Shapes, work: Path, **settings: Any) -> tuple[Recipe, dict[str, Any]]:
    shutil.copytree(shapes.work, work)
    recipe = shapes.recipe.model_copy(update={"train": shapes.recipe.train.model_copy(update=settings)})
    with PhotoStore(work, recipe.labels) as store:
        return recipe, train_outputs(recipe, store)


def test_what_is_kept_of_a_fine_tuning_is_reported_and_loaded(
    shapes: Shapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs_tuning, "NEAR", 1.0)  # all percentiles are, after the first epoch
    settings = {"epochs": 3, "stop_by": "percentiles", "learning_rate": 3e-3}
    recipe, report = trained_with(shapes, tmp_path / "work", **settings)
    assert report["tuning"]["epoch"] == 1 and report["tuning"]["amount"] == 0.5 and not report["notes"]
    assert len(report["curves"]["training_loss"][0]) == report["tuning"]["epoch"]  # none after the one that was near
    with PhotoStore(tmp_path / "work", recipe.labels) as store:
        trained = load_outputs(recipe, store)
        photos = trained.split.validation
        with np.load(trained.run.folder / "judged.npz") as judged:
            assert judged["photos"].tolist() == [photo.sha256 for photo in photos]
    assert report["judged"]["size"]["photos"] == len(photos)
    assert {"curves.png", "distributions.png"} <= {file.name for file in trained.run.folder.iterdir()}


def test_heads_and_branch_as_one_network_say_what_was_judged(shapes: Shapes, tmp_path: Path) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    changed = {"epochs": 4, "batch": 8, "learning_rate": 3e-3, "balanced": True}
    settings = shapes.recipe.train.model_copy(update=changed)
    recipe = shapes.recipe.model_copy(update={"train": settings})
    with PhotoStore(work, recipe.labels) as store:
        values = store.readings.all()
        split = split_valued(recipe, store, values)
    backbone, truths = load_for_training(settings), find_truths(recipe, split.learning, values)
    features = extract(split.learning, head_extractor(backbone, settings), work)["embedding"][:, 0]
    learns = np.arange(len(split.learning)) < len(split.training)
    weight = np.random.default_rng(0).normal(0, 1e-3, (sum(one.target.width for one in truths), features.shape[1]))
    heads = Layer(weight.astype(np.float32), np.zeros(len(weight), dtype=np.float32))  # which know nothing
    before = features[~learns] @ heads.weight.T + heads.bias
    tuned = tune_outputs(recipe, split, truths, before, backbone, work, unwatched)
    assert tuned.choice.step.epoch > 0
    network = joined(backbone, spread(heads, backbone, settings.size), tuned, settings)
    found = predict(network, backbone, split.validation, settings.size).logits
    assert found == pytest.approx(tuned.logits, abs=0.05) and np.abs(before).max() > 0.05


def test_a_fine_tuning_that_learns_too_little_is_not_said_to_diverge(shapes: Shapes, tmp_path: Path) -> None:
    settings = shapes.recipe.train.model_copy(update={"epochs": 1, "views": 1})
    recipe = shapes.recipe.model_copy(update={"train": settings})
    with PhotoStore(Path(shutil.copytree(shapes.work, tmp_path / "work")), recipe.labels) as store:
        values = store.readings.all()
        others = np.random.default_rng(0).permutation(list(values)).tolist()  # so that there is nothing to be learned
        store.readings.replace({photo: values[other] for photo, other in zip(values, others, strict=True)})
        report = train_outputs(recipe, store)
    assert report["tuning"]["amount"] == 0 and report["tuning"]["diverged"]
    assert report["notes"] == [
        "Fine-tuning did not help, and is not kept: the network is the pretrained one with a closed-form head. "
        "learning_rate = 0.003 is usual; the recipe has less."
    ]


def test_what_is_worse_than_guessing_is_seen_where_most_values_are_missing(shapes: Shapes, tmp_path: Path) -> None:
    settings = shapes.recipe.train.model_copy(update={"epochs": 1, "views": 1, "learning_rate": 1e-9})
    recipe = shapes.recipe.model_copy(update={"train": settings})
    with shapes.store() as store:
        values = store.readings.all()
        split = split_valued(recipe, store, values)
    truths = [few_known(truth) for truth in find_truths(recipe, split.learning, values)]
    shape = (len(split.validation), sum(truth.target.width for truth in truths))
    before = np.random.default_rng(0).normal(0, 20, shape)  # heads that say anything
    tuned = tune_outputs(recipe, split, truths, before, load_for_training(settings), tmp_path, unwatched)
    assert tuned.choice.diverged


def few_known(truth: Truth) -> Truth:
    """Leave one known value in four of each output but the shape."""
    if truth.target.output.name == "shape":
        return truth
    left = np.arange(len(truth.numbers)) % 4 == 0
    return Truth(truth.target, np.where(left, truth.numbers, MISSING), np.where(left, truth.amounts, np.nan))


def test_a_fine_tuning_that_does_not_help_leaves_the_closed_form(shapes: Shapes, tmp_path: Path) -> None:
    recipe, report = trained_with(shapes, tmp_path / "work", epochs=1, learning_rate=0.05, views=1)
    assert report["tuning"]["epoch"] == 0 and report["notes"][0].startswith("Fine-tuning did not help")
    with PhotoStore(tmp_path / "work", recipe.labels) as store:
        trained = load_outputs(recipe, store)
        photos = trained.split.held_out
        found = trained.predict(photos)
    with shapes.store() as store:
        assert found == pytest.approx(load_outputs(shapes.recipe, store).predict(photos), abs=1e-3)


@pytest.mark.parametrize("tuning", [{}, {"tuning": {"epoch": 3, "amount": 1.0}}])
def test_what_an_earlier_version_trained_is_to_be_trained_again(
    shapes: Shapes, tmp_path: Path, tuning: dict[str, Any]
) -> None:
    work = shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(work, shapes.recipe.labels) as store:
        run = load_outputs(shapes.recipe, store).run
        write_json(run.folder / "metrics.json", {**run.metrics, "format": 2, **tuning})
        with pytest.raises(RecognizerError, match=r"was trained by another version; run recognizer train .* again"):
            load_outputs(shapes.recipe, store)


def test_a_batch_of_one_photo_is_none(shapes: Shapes, tmp_path: Path) -> None:
    with shapes.store() as store:
        learning = len(load_outputs(shapes.recipe, store).split.training)
    settings = {"epochs": 1, "size": 32, "batch": learning - 1, "views": 1, "learning_rate": 3e-3}
    _, report = trained_with(shapes, tmp_path / "work", **settings)
    assert len(report["curves"]["training_loss"][0]) == 1


def test_an_output_of_which_too_little_is_known_is_named(shapes: Shapes, tmp_path: Path) -> None:
    with shapes.store() as store:
        photos = [photo.sha256 for photo in load_outputs(shapes.recipe, store).split.validation]
    shutil.copytree(shapes.work, tmp_path / "work")
    recipe = shapes.recipe.model_copy(update={"train": shapes.recipe.train.model_copy(update={"epochs": 1})})
    with PhotoStore(tmp_path / "work", recipe.labels) as store:
        values = store.readings.all()
        for photo in photos:
            del values[photo]["size"]
        store.readings.replace(values)
        report = train_outputs(recipe, store)
        assert "tuning" not in report and load_outputs(recipe, store).calibrations.keys() == {"shape", "colour", "size"}
    assert report["notes"] == [
        "Nothing was fine-tuned: 0 photos with a value of size are too few to tell whether that helps. Bring more "
        "photos, or set epochs = 0 under [train] in the recipe."
    ]


def test_a_setting_that_came_later_does_not_part_a_run_from_its_recipe(shapes: Shapes, tmp_path: Path) -> None:
    shutil.copytree(shapes.work, tmp_path / "work")
    with PhotoStore(tmp_path / "work", shapes.recipe.labels) as store:
        run = load_outputs(shapes.recipe, store).run
        write_json(run.folder / "settings.json", {name: one for name, one in run.settings.items() if name != "stop_by"})
        assert load_outputs(shapes.recipe, store).run.folder == run.folder


def test_too_few_photos_to_judge_a_fine_tuning_are_told(shapes: Shapes, tmp_path: Path) -> None:
    _, report = trained_with(shapes, tmp_path / "work", epochs=1, held_out=0.85)
    assert "tuning" not in report and "are too few to tell whether that helps." in report["notes"][0]
