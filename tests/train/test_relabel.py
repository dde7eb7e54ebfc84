"""Rounds: labels are checked between them, each is recorded, and a stopped one starts anew."""

import json

import numpy as np
import pytest

from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.recipe import CleanSettings, Recipe
from recognizer.splits.split import split_kept
from recognizer.store.forget import erase
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision
from recognizer.train.relabel import recheck_labels
from recognizer.train.runs import Judged, all_runs
from recognizer.train.train import load_trained, predict, train


def changed(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


def judged(recipe: Recipe, store: PhotoStore, wrong: dict[int, tuple[float, ...]]) -> Judged:
    """Networks that agree with all labels but some, for which they say with what probabilities it is the next ones."""
    photos, classes = split_kept(recipe, store).learning, len(recipe.labels)
    labels = np.array([recipe.labels.index(photo.label) for photo in photos])
    probabilities = np.full((len(photos), classes), 0.3 / (classes - 1))
    probabilities[np.arange(len(photos)), labels] = 0.7
    for place, others in wrong.items():
        next_ones = (labels[place] + 1 + np.arange(len(others))) % classes
        probabilities[place] = (1 - sum(others)) / (classes - len(others))
        probabilities[place, next_ones] = others
    names = np.array([photo.sha256 for photo in photos])
    return Judged(names, labels, np.log(probabilities), np.zeros(len(photos), dtype=int), np.ones(len(photos)))


SURELY_ONE, SURELY_ANOTHER, PERHAPS = (0.99,), (0.71, 0.285), (0.72,)


def test_labels_that_the_network_finds_wrong_are_decided_about(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([Decision(copied.photos.all()[-1].sha256, "drop", "empty")])
    opinion = judged(recipe, copied, {3: SURELY_ONE, 8: SURELY_ANOTHER, 11: PERHAPS})
    assert recheck_labels(recipe, copied, opinion) == 2
    decisions = {decision.photo: decision for decision in copied.decisions.current()}
    relabelled, dropped = (decisions[str(opinion.photos[place])] for place in (3, 8))
    better = recipe.labels[opinion.labels[3] + 1]
    assert (relabelled.action, relabelled.label) == ("relabel", better)
    assert relabelled.reason.startswith(f"looks like {better} (") and relabelled.reason.endswith(
        "to the trained network"
    )
    assert dropped.action == "drop" and str(opinion.photos[11]) not in decisions
    assert decisions[copied.photos.all()[-1].sha256].reason == "empty"
    recheck_labels(recipe, copied, opinion)
    assert {decision.photo: decision for decision in copied.decisions.current()} == decisions


def test_the_precision_of_the_recipe_counts_between_rounds(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([Decision(copied.photos.all()[-1].sha256, "drop", "empty")])
    opinion = judged(recipe, copied, {3: SURELY_ONE, 8: SURELY_ANOTHER, 11: PERHAPS})
    found = []
    for precision in (0.5, 0.95, 1 - 1e-9):
        at_it = recipe.model_copy(update={"clean": CleanSettings(precision=precision)})
        found.append(recheck_labels(at_it, copied, opinion))
    assert found == [3, 2, 0]


def test_a_photo_that_a_person_decided_about_or_that_is_gone_is_left_alone(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([Decision(copied.photos.all()[-1].sha256, "drop", "empty")])
    opinion = judged(recipe, copied, {3: SURELY_ONE, 8: SURELY_ONE})
    kept, gone = str(opinion.photos[3]), str(opinion.photos[8])
    copied.decisions.add(Decision(kept, "keep", "looked at", by="ada"))
    erase(copied, [photo for photo in copied.photos.all() if photo.sha256 == gone], [])
    assert recheck_labels(recipe, copied, opinion) == 0
    copied.decisions.undo("ada")
    assert copied.decisions.current(kept) == []


def test_nothing_is_decided_where_no_rule_may(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([])
    assert recheck_labels(recipe, copied, judged(recipe, copied, {3: SURELY_ONE})) == 0
    assert copied.decisions.current() == []


def test_a_stopped_round_starts_anew_and_finished_ones_stay(copied: PhotoStore, recipe: Recipe) -> None:
    longer = changed(recipe, rounds=2)
    train(longer, copied)
    first, second = all_runs(copied.work)
    stamp = (first.folder / "metrics.json").stat().st_mtime_ns
    before = second.weights
    (second.folder / "metrics.json").unlink()
    train(longer, copied)
    assert (first.folder / "metrics.json").stat().st_mtime_ns == stamp
    assert [run.metrics["round"] for run in all_runs(copied.work)] == [1, 2]
    after = all_runs(copied.work)[-1].weights
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert (second.folder / "curves.png").stat().st_size > 5_000


def test_a_run_of_an_older_version_is_named_and_trained_anew(copied: PhotoStore, recipe: Recipe) -> None:
    run = all_runs(copied.work)[-1]
    metrics = run.metrics
    del metrics["calibration"]["limit"]
    metrics["fingerprint"] = "another"
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(RecognizerError, match="was trained by an older version; run recognizer train again"):
        load_trained(recipe, copied)
    train(recipe, copied)
    assert np.isfinite(load_trained(recipe, copied)[1].limit)


def test_a_network_of_other_settings_is_not_taken_for_the_recipes(copied: PhotoStore, recipe: Recipe) -> None:
    larger = changed(recipe, size=recipe.train.size + 32)
    with pytest.raises(RecognizerError, match=f"other settings than the recipe has now; .* train {recipe.name} again"):
        evaluate(larger, copied)
    assert load_trained(changed(recipe, rounds=3), copied)


def test_every_photo_that_is_not_held_out_is_judged_by_a_network_that_has_not_seen_it(
    copied: PhotoStore, recipe: Recipe
) -> None:
    opinion, parts = all_runs(copied.work)[-1].judged, split_kept(recipe, copied)
    assert opinion.photos.tolist() == [photo.sha256 for photo in parts.learning]
    assert np.allclose(opinion.probabilities.sum(axis=1), 1)
    fold = dict(zip(opinion.photos.tolist(), opinion.folds.tolist(), strict=True))
    together: dict[str, set[int]] = {}
    for photo in parts.learning:
        together.setdefault(parts.groups[photo.sha256], set()).add(fold[photo.sha256])
    assert all(len(folds) == 1 for folds in together.values())
    assert len(set(fold.values())) == recipe.train.folds


def test_all_layers_can_be_tuned_on_newly_varied_photos(copied: PhotoStore, recipe: Recipe) -> None:
    whole = changed(recipe, cached=False, tuned=0.1)
    report = train(whole, copied)
    parts = split_kept(whole, copied)
    assert report["judged"]["photos"] == len(parts.validation)
    learner, calibration = load_trained(whole, copied)
    assert calibration.photos == len(parts.validation)
    assert np.allclose(predict(learner, parts.held_out[:5]).sum(axis=1), 1)
    assert evaluate(whole, copied)["random_split"] is None


def test_a_class_that_no_fold_can_do_without_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    parts = split_kept(recipe, copied)
    only = next(photo for photo in parts.training if photo.label == recipe.labels[0])
    for photo in parts.learning:
        if photo.label == only.label and photo != only:
            copied.decisions.add(Decision(photo.sha256, "drop", "test", by="ada"))
    with pytest.raises(RecognizerError, match=f"“{only.label}” are too few, or too alike, for 3 folds"):
        train(recipe, copied)
