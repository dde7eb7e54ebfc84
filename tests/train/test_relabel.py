"""Rounds: labels are checked between them, each is recorded, and a stopped one starts anew."""

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.recipe import CleanSettings, Recipe
from recognizer.splits.split import split_kept
from recognizer.store.forget import erase, forget
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, LabelQuality
from recognizer.train.helped import helps
from recognizer.train.relabel import NetworkDecision, apply_decisions, decide_by_network
from recognizer.train.runs import OutOfFold, Run, all_runs
from recognizer.train.train import load_trained, train


def changed(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


def predicted(recipe: Recipe, store: PhotoStore, wrong: dict[int, tuple[float, ...]]) -> OutOfFold:
    """Predictions that agree with all labels but some, for which they give probabilities to the next ones."""
    photos, classes = split_kept(recipe, store).learning, len(recipe.labels)
    labels = np.array([recipe.labels.index(photo.label) for photo in photos])
    probabilities = np.full((len(photos), classes), 0.3 / (classes - 1))
    probabilities[np.arange(len(photos)), labels] = 0.7
    for place, others in wrong.items():
        next_ones = (labels[place] + 1 + np.arange(len(others))) % classes
        probabilities[place] = (1 - sum(others)) / (classes - len(others))
        probabilities[place, next_ones] = others
    names = np.array([photo.sha256 for photo in photos])
    return OutOfFold(names, labels, np.log(probabilities), np.zeros(len(photos), dtype=int), np.ones(len(photos)))


SURELY_ONE, SURELY_ANOTHER, PERHAPS = (0.99,), (0.71, 0.285), (0.72,)


def test_labels_that_the_network_finds_wrong_are_decided_about(copied: PhotoStore, recipe: Recipe) -> None:
    let_rules_decide(copied)
    before = copied.decisions.current()
    found = predicted(recipe, copied, {3: SURELY_ONE, 8: SURELY_ANOTHER, 11: PERHAPS})
    made = decide_by_network(recipe, copied, found)
    decisions = {one.decision.photo: one.decision for one in made}
    assert set(decisions) == {str(found.photos[place]) for place in (3, 8)}
    relabelled, dropped = (decisions[str(found.photos[place])] for place in (3, 8))
    better = recipe.labels[found.labels[3] + 1]
    assert (relabelled.action, relabelled.label) == ("relabel", better)
    reason = relabelled.reason
    assert reason.startswith(f"looks like {better} (") and reason.endswith("to the trained network")
    assert dropped.action == "drop"
    quality = {one.decision.photo: one.label_quality for one in made}
    assert quality[relabelled.photo] > 0.9 and quality[dropped.photo] == 0
    assert copied.decisions.current() == before  # nothing of it goes into the store


def let_rules_decide(store: PhotoStore) -> None:
    store.decisions.replace_automatic([Decision(store.photos.all()[-1].sha256, "drop", "empty")])


def test_the_next_round_learns_from_what_was_decided(copied: PhotoStore, recipe: Recipe) -> None:
    split = split_kept(recipe, copied)
    first, second, third = split.training[:3]
    other = next(label for label in recipe.labels if label != first.label)
    doubtful = [LabelQuality(photo.sha256, photo.label, 0.25, other, 0.5) for photo in (first, second)]
    copied.label_quality.replace(doubtful)
    decisions = [
        NetworkDecision(Decision(first.sha256, "relabel", "test", label=other), 0.9),
        NetworkDecision(Decision(second.sha256, "relabel", "test", label=second.label), 0.9),
        NetworkDecision(Decision(third.sha256, "drop", "test"), 0.0),
    ]
    split = split_kept(recipe, copied)
    applied = apply_decisions(split, decisions)
    assert [photo.sha256 for photo in applied.training] == [
        photo.sha256 for photo in split.training if photo.sha256 != third.sha256
    ]
    moved, same = applied.training[:2]
    assert (moved.label, moved.label_quality, moved.likelier) == (other, 0.9, "")
    assert (same.label, same.label_quality, same.likelier) == (second.label, 0.25, other)
    assert (applied.validation, applied.held_out) == (split.validation, split.held_out)


def test_the_precision_of_the_recipe_counts_between_rounds(copied: PhotoStore, recipe: Recipe) -> None:
    let_rules_decide(copied)
    found = predicted(recipe, copied, {3: SURELY_ONE, 8: SURELY_ANOTHER, 11: PERHAPS})
    counts = []
    for precision in (0.5, 0.95, 1 - 1e-9):
        at_it = recipe.model_copy(update={"clean": CleanSettings(precision=precision)})
        counts.append(len(decide_by_network(at_it, copied, found)))
    assert counts == [3, 2, 0]


def test_a_photo_that_a_person_decided_about_or_that_is_gone_is_left_alone(copied: PhotoStore, recipe: Recipe) -> None:
    let_rules_decide(copied)
    found = predicted(recipe, copied, {3: SURELY_ONE, 8: SURELY_ONE})
    kept, gone = str(found.photos[3]), str(found.photos[8])
    copied.decisions.add(Decision(kept, "keep", "looked at", by="ada"))
    erase(copied, [photo for photo in copied.photos.all() if photo.sha256 == gone], [])
    assert decide_by_network(recipe, copied, found) == []
    copied.decisions.undo("ada")
    assert [one.decision.photo for one in decide_by_network(recipe, copied, found)] == [kept]


def test_what_a_person_has_undone_is_not_decided_again(copied: PhotoStore, recipe: Recipe) -> None:
    let_rules_decide(copied)
    found = predicted(recipe, copied, {3: SURELY_ONE})
    ((decision, _),) = decide_by_network(recipe, copied, found)
    copied.decisions.replace_automatic([decision])
    copied.decisions.undo_automatic(decision.photo)
    let_rules_decide(copied)
    assert decide_by_network(recipe, copied, found) == []


def test_nothing_is_decided_where_no_rule_may(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([])
    assert decide_by_network(recipe, copied, predicted(recipe, copied, {3: SURELY_ONE})) == []
    assert copied.decisions.current() == []


def let_labels_look_wrong(recipe: Recipe, store: PhotoStore) -> Recipe:
    """Train one round whose out-of-fold predictions are right of all labels but two; return its recipe."""
    let_rules_decide(store)
    quick = changed(recipe, epochs=0)
    train(quick, store)
    found = predicted(quick, store, {3: SURELY_ONE, 8: SURELY_ONE})
    np.savez(all_runs(store.work)[-1].folder / "judged.npz", **vars(found))
    return quick


def test_a_round_that_changes_no_label_is_not_trained_and_a_sentence_says_so(
    copied: PhotoStore, recipe: Recipe
) -> None:
    before = [run.folder for run in all_runs(copied.work)]
    report = train(changed(recipe, rounds=4), copied)
    assert report["notes"][-2] == "Round 2 would change no label, so that none follows."
    assert [run.folder for run in all_runs(copied.work)] == before


def test_a_round_that_does_not_help_is_not_kept_and_is_not_trained_again(copied: PhotoStore, recipe: Recipe) -> None:
    quick = changed(let_labels_look_wrong(recipe, copied), rounds=3)
    first = all_runs(copied.work)[-1]
    report = train(quick, copied)
    assert report["notes"][0] == "Round 2 did not help, and is not kept."
    assert (report["round"], load_trained(quick, copied).run.folder) == (1, first.folder)
    runs = all_runs(copied.work)
    assert [run.metrics["kept"] for run in runs[-2:]] == [True, False]
    assert train(quick, copied)["notes"] == report["notes"]
    assert all_runs(copied.work) == runs


def train_two(recipe: Recipe, store: PhotoStore) -> tuple[Recipe, Run, Run]:
    """Train two rounds that are both kept; return the recipe and their runs."""
    two = changed(let_labels_look_wrong(recipe, store), rounds=2)
    train(two, store)
    first, second = all_runs(store.work)[-2:]
    keep(second)
    return two, first, second


def keep(run: Run) -> None:
    (run.folder / "metrics.json").write_text(json.dumps({**run.metrics, "kept": True}))


def used(recipe: Recipe, store: PhotoStore) -> Run:
    """Train and return the run that is used; the report is of that."""
    report, run = train(recipe, store), load_trained(recipe, store).run
    assert (report["round"], report["fingerprint"]) == (run.metrics["round"], run.metrics["fingerprint"])
    return run


def without_used(runs: Iterable[Run]) -> dict[str, bytes]:
    files = [file for run in runs for file in run.folder.iterdir() if file.name != "used.json"]
    return {str(file): file.read_bytes() for file in files}


def test_with_fewer_rounds_the_network_of_the_last_that_is_wanted_is_used(copied: PhotoStore, recipe: Recipe) -> None:
    two, first, second = train_two(recipe, copied)
    before = without_used(all_runs(copied.work))
    assert used(two, copied) == second
    one = changed(two, rounds=1)
    assert used(one, copied) == first
    evaluate(one, copied)
    assert used(two, copied) == second
    assert without_used(all_runs(copied.work)) == before


def test_where_no_label_would_be_changed_any_more_the_round_before_is_used(copied: PhotoStore, recipe: Recipe) -> None:
    two, first, second = train_two(recipe, copied)
    before = without_used((first, second))
    strict = two.model_copy(update={"clean": CleanSettings(precision=1 - 1e-9)})
    assert train(strict, copied)["notes"][0] == "Round 2 would change no label, so that none follows."
    assert used(strict, copied) == first
    assert without_used((first, second)) == before
    told = json.loads((second.folder / "decisions.json").read_text())
    assert [one["action"] for one in told] == ["relabel"] * 2 and not (first.folder / "decisions.json").exists()


def test_a_round_is_found_whose_training_was_stopped_while_only_its_answers_were_made_anew(
    copied: PhotoStore, recipe: Recipe
) -> None:
    two, first, second = train_two(recipe, copied)
    careful = changed(two, answered_accuracy=0.99)
    assert used(changed(careful, rounds=1), copied).weights.keys() == first.weights.keys()  # as if stopped here
    run = used(careful, copied)
    assert run not in (first, second) and run.metrics["round"] == 2
    assert run.metrics["round_seconds"] == second.metrics["round_seconds"], "it was copied"
    assert (run.folder / "decisions.json").read_bytes() == (second.folder / "decisions.json").read_bytes()
    assert [one.metrics["round"] for one in all_runs(copied.work)] == [1, 1, 2, 1, 2]
    assert used(two, copied) == second


def test_where_a_new_round_does_not_help_that_of_an_earlier_training_is_not_used(
    copied: PhotoStore, recipe: Recipe
) -> None:
    two, first, second = train_two(recipe, copied)
    np.savez(first.folder / "judged.npz", **vars(predicted(two, copied, {5: SURELY_ONE})))
    assert train(two, copied)["notes"][0] == "Round 2 did not help, and is not kept."
    *before, last = all_runs(copied.work)
    assert used(two, copied) == first and before[-2:] == [first, second] and last.metrics["round"] == 2


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_later_round_goes_with_the_first_where_others_were_trained_between(
    copied: PhotoStore, recipe: Recipe, made_anew: bool
) -> None:
    two, first, _ = train_two(recipe, copied)
    np.savez(first.folder / "judged.npz", **vars(predicted(two, copied, {5: SURELY_ANOTHER})))
    train(two, copied)
    (dropped,) = set(first.photos) - set(all_runs(copied.work)[-1].photos)
    assert dropped in (all_runs(copied.work)[-1].folder / "decisions.json").read_text()
    if made_anew:  # so that it stands behind the round that follows it
        first.folder.rename(copied.work / "runs" / str(len(all_runs(copied.work)) + 1))
    forget(two, copied, dropped)
    assert all_runs(copied.work) == []
    left = b"".join(file.read_bytes() for file in copied.work.glob("runs/**/*") if file.is_file())
    assert dropped.encode() not in left


@pytest.mark.parametrize("left", [b"", b"[]", b'{"run": 1}', b'{"run": "99"}'])
def test_a_damaged_note_of_what_is_used_is_made_anew(copied: PhotoStore, recipe: Recipe, left: bytes) -> None:
    two, first, second = train_two(recipe, copied)
    one = changed(two, rounds=1)
    train(one, copied)
    (second.folder / "used.json").write_bytes(left)
    assert load_trained(one, copied).run == second
    assert used(one, copied) == first


@pytest.mark.parametrize(("evidence", "kept"), [(3.0, True), (0.0, False)])
def test_a_round_helps_where_labels_that_stay_are_likelier(evidence: float, kept: bool) -> None:
    rng, labels = np.random.default_rng(0), np.arange(80) % 4
    names = np.arange(80).astype(str)
    first = OutOfFold(names, labels, rng.normal(0, 1, (80, 4)) + np.eye(4)[labels], labels, np.ones(80))
    logits = rng.normal(0, 1, (80, 4)) + evidence * np.eye(4)[labels]
    assert helps(first, replace(first, logits=logits)) is kept
    given = np.where(np.arange(80) < 40, (labels + 1) % 4, labels)  # by the first round, and then found to fit
    fits = np.where(np.arange(80)[:, None] < 40, 9 * np.eye(4)[given], logits)
    assert helps(first, replace(first, labels=given, logits=fits)) is kept


@pytest.mark.slow
def test_a_stopped_round_starts_anew_and_finished_ones_stay(copied: PhotoStore, recipe: Recipe) -> None:
    longer = changed(let_labels_look_wrong(recipe, copied), rounds=2)
    train(longer, copied)
    first, second = all_runs(copied.work)[-2:]
    stamp = (first.folder / "metrics.json").stat().st_mtime_ns
    before = second.weights
    (second.folder / "metrics.json").unlink()
    train(longer, copied)
    assert (first.folder / "metrics.json").stat().st_mtime_ns == stamp
    assert [run.metrics["round"] for run in all_runs(copied.work)[-2:]] == [1, 2]
    after = all_runs(copied.work)[-1].weights
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_run_of_an_older_version_is_named_and_trained_anew(copied: PhotoStore, recipe: Recipe) -> None:
    run = all_runs(copied.work)[-1]
    metrics = run.metrics
    del metrics["calibration"]["limit"]
    metrics["fingerprint"] = "another"
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(RecognizerError, match="was trained by an older version; run recognizer train again"):
        load_trained(recipe, copied)
    train(recipe, copied)
    assert np.isfinite(load_trained(recipe, copied).calibration.limit)


def test_a_network_of_other_settings_is_not_taken_for_the_recipes(copied: PhotoStore, recipe: Recipe) -> None:
    larger = changed(recipe, size=recipe.train.size + 32)
    with pytest.raises(RecognizerError, match=f"other settings than the recipe has now; .* train {recipe.name} again"):
        evaluate(larger, copied)
    assert load_trained(changed(recipe, rounds=3), copied)


def test_every_photo_that_is_not_held_out_is_predicted_by_a_network_that_has_not_learned_from_it(
    copied: PhotoStore, recipe: Recipe
) -> None:
    found, split = all_runs(copied.work)[-1].out_of_fold, split_kept(recipe, copied)
    assert found.photos.tolist() == [photo.sha256 for photo in split.learning]
    assert np.allclose(found.probabilities.sum(axis=1), 1)
    fold = dict(zip(found.photos.tolist(), found.folds.tolist(), strict=True))
    together: dict[str, set[int]] = {}
    for photo in split.learning:
        together.setdefault(split.groups[photo.sha256], set()).add(fold[photo.sha256])
    assert all(len(folds) == 1 for folds in together.values())
    assert len(set(fold.values())) == recipe.train.folds


def test_a_class_that_no_fold_can_do_without_is_named(copied: PhotoStore, recipe: Recipe) -> None:
    split = split_kept(recipe, copied)
    only = next(photo for photo in split.training if photo.label == recipe.labels[0])
    for photo in split.learning:
        if photo.label == only.label and photo != only:
            copied.decisions.add(Decision(photo.sha256, "drop", "test", by="ada"))
    with pytest.raises(RecognizerError, match=f"“{only.label}” are too few, or too alike, for 3 folds"):
        train(recipe, copied)
