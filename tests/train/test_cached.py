"""Classes are told by a last layer in closed form and, where it helps, by a branch beside the last layers."""

import recognizer.networks.torchvision_cure  # noqa: F401

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.learner import load_learner

from recognizer.export.export import write_learner
from recognizer.networks.backbone import load_for_training
from recognizer.networks.branch import make_branch
from recognizer.networks.evidence import evidence_of
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import predict
from recognizer.recipe import Recipe
from recognizer.report import unwatched
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train.cached import fit_closed_form
from recognizer.train.classes_tuning import tune_classes
from recognizer.train.learner import make_learner
from recognizer.train.train import TrainedNetwork, load_trained, train
from tests.train.beside import train_kept, tuning


@dataclass(frozen=True)
class Beside:
    """A network with a branch, whether that helps or not, and what was told while it was trained."""

    trained: TrainedNetwork
    told: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def beside(filled: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    told: list[tuple[str, int, int]] = []
    work = shutil.copytree(filled, tmp_path_factory.mktemp("beside") / "work")
    with PhotoStore(work, recipe.labels) as store:
        yield Beside(train_kept(tuning(recipe), store, lambda *what: told.append(what)), told)


def test_a_branch_is_kept_with_what_was_predicted_out_of_fold(beside: Beside) -> None:
    trained = beside.trained
    run, split = trained.run, trained.split
    assert run.metrics["branch"] and run.metrics["tuning"]["amount"] == 0.5
    assert len(run.metrics["curves"]["training_loss"]) == 3 and (run.folder / "curves.png").exists()
    assert run.metrics["judged"]["photos"] == trained.calibration.photos == len(split.learning)
    judged = run.out_of_fold
    assert judged.photos.tolist() == [photo.sha256 for photo in split.learning]
    found = trained.predict(split.learning).probabilities.argmax(axis=1)
    assert (found == judged.labels).mean() >= (judged.logits.argmax(axis=1) == judged.labels).mean() > 0.5


def test_the_same_seed_gives_the_same_network(beside: Beside, recipe: Recipe, tmp_path: Path) -> None:
    work = shutil.copytree(beside.trained.run.folder.parents[1], tmp_path / "work", ignore=lambda *_: {"runs"})
    held_out = beside.trained.split.held_out
    with PhotoStore(work, recipe.labels) as store:
        again = train_kept(tuning(recipe), store)
    assert again.run.metrics["branch"]
    assert np.allclose(again.predict(held_out).probabilities, beside.trained.predict(held_out).probabilities, atol=1e-5)


def test_progress_of_a_fine_tuning_counts_on_and_ends_where_it_ends(beside: Beside) -> None:
    told = [(done, total) for what, done, total in beside.told if what.startswith("fine-tuning")]
    learned, epoch = len(beside.trained.split.learning), beside.trained.run.metrics["tuning"]["epoch"]
    end = (2 * 2 + epoch) * learned
    assert [done for done, _ in told] == sorted(done for done, _ in told) and told[-1] == (end, end)
    assert all(total <= 1.5 * end for _, total in told)


def test_progress_of_a_fine_tuning_that_is_not_kept_ends_too(copied: PhotoStore, recipe: Recipe) -> None:
    told: list[tuple[int, int]] = []
    astray = tuning(recipe, epochs=1, learning_rate=1.0)
    train(astray, copied, lambda what, *counts: told.append(counts) if what.startswith("fine-tuning") else None)
    learned = len(split_kept(astray, copied).learning)
    assert told[0] == (0, 3 * learned) and told[-1] == (2 * learned, 2 * learned)


def test_a_network_with_a_branch_opens_in_plain_fastai_and_tells_why(
    beside: Beside, recipe: Recipe, tmp_path: Path
) -> None:
    trained, photos, size = beside.trained, beside.trained.split.held_out, beside.trained.size
    expected = trained.predict(photos).logits
    learner = make_learner(tuning(recipe), trained.split, trained.backbone, trained.network)
    write_learner(learner, tmp_path / "learner.pkl")
    opened = load_learner(tmp_path / "learner.pkl")
    assert predict(opened.model, trained.backbone, photos, size).logits == pytest.approx(expected, abs=1e-4)
    evidence = evidence_of(trained.network, size)
    with torch.inference_mode():
        maps = trained.network[0](torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0)))
        said = trained.network[1](maps)
        assert torch.allclose(evidence(maps).sum(dim=(2, 3)), said, atol=1e-3)


def test_a_branch_learns_what_a_head_does_not_know(copied: PhotoStore, recipe: Recipe) -> None:
    tuned_recipe, split = tuning(recipe, epochs=5, batch=8), split_kept(recipe, copied)
    backbone = load_for_training(tuned_recipe.train)
    _, found = fit_closed_form(tuned_recipe, split, backbone, copied.work, 1, unwatched)
    nothing = replace(found, logits=np.zeros_like(found.logits))
    tuned = tune_classes(tuned_recipe, split, nothing, backbone, copied.work, 1, unwatched)
    assert tuned.choice.step.epoch > 0 and tuned.choice.gain > 2 * tuned.choice.error > 0
    assert (tuned.logits.argmax(axis=1) == found.labels).mean() > 0.5


def test_what_cleaning_extracts_is_not_kept_by_networks_of_the_same_layers(recipe: Recipe) -> None:
    settings = tuning(recipe).train
    backbone = load_for_training(settings)
    head_extractor(backbone, settings)
    assert not any(part._forward_hooks for part in make_branch(backbone, 2, settings).frozen.modules())


def test_too_few_photos_to_judge_a_fine_tuning_are_told(copied: PhotoStore, recipe: Recipe) -> None:
    learning = split_kept(recipe, copied).learning
    for label in recipe.labels:
        for photo in [photo for photo in learning if photo.label == label][2:]:
            copied.decisions.add(Decision(photo.sha256, "drop", "test", by="ada"))
    report = train(tuning(recipe), copied)
    assert report["notes"][0] == (
        "Nothing was fine-tuned: 8 photos are too few to tell whether that helps. Collect more photos, or set "
        "epochs = 0 under [train] in the recipe."
    )
    assert report["tuning"]["amount"] == 0 and not load_trained(tuning(recipe), copied).run.metrics["branch"]
