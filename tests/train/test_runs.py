"""Folders of runs: which count, which comes next, and which are out of use."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from recognizer.errors import Damaged, RecognizerError, WorkInUse
from recognizer.evaluate.evaluate import evaluate
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.forget import forget
from recognizer.store.photo_store import PhotoStore
from recognizer.train.runs import Run, all_runs, last_rounds, no_run, used_run
from recognizer.train.train import load_trained, train


def make_runs(work: Path, *rounds: int) -> None:
    """Make folders of whole runs of these rounds."""
    for number, of_round in enumerate(rounds, 1):
        folder = work / "runs" / str(number)
        folder.mkdir(parents=True)
        metrics = {"round": of_round, "fingerprint": "", "calibration": {}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "settings.json").write_text("{}")
        for name in ("judged.npz", "weights.pth"):
            zipfile.ZipFile(folder / name, "w").close()


def numbers(runs: list[Run]) -> list[int]:
    return [int(run.folder.name) for run in runs]


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


@pytest.mark.parametrize(
    ("rounds", "last"),
    [((1,), [1]), ((1, 2), [1, 2]), ((1, 2, 1), [3]), ((1, 2, 2), [1, 3]), ((1, 1, 2, 3), [2, 3, 4])],
)
def test_the_rounds_of_the_last_training_are_found(tmp_path: Path, rounds: tuple[int, ...], last: list[int]) -> None:
    make_runs(tmp_path, *rounds)
    assert numbers(last_rounds(tmp_path)) == last


@pytest.mark.parametrize(
    ("rounds", "not_kept", "used"),
    [((1, 2), (), 2), ((1, 2), (2,), 1), ((1, 2, 2), (3,), 1), ((1, 2, 1), (2,), 3), ((1, 3), (2,), 1), ((), (), None)],
)
def test_the_last_round_that_is_kept_of_the_last_training_is_used(
    tmp_path: Path, rounds: tuple[int, ...], not_kept: tuple[int, ...], used: int | None
) -> None:
    make_runs(tmp_path, *rounds)
    for number in not_kept:
        run = Run(tmp_path / "runs" / str(number))
        (run.folder / "metrics.json").write_text(json.dumps({**run.metrics, "kept": False}))
    run_used = used_run(tmp_path)
    assert (int(run_used.folder.name) if run_used else None) == used


def test_folders_that_nobody_numbered_are_no_runs(tmp_path: Path) -> None:
    make_runs(tmp_path, *[1] * 10)
    for name in ("1 (copy)", "old", "²"):
        shutil.copytree(tmp_path / "runs" / "1", tmp_path / "runs" / name)
    assert numbers(all_runs(tmp_path)) == list(range(1, 11))


@pytest.mark.parametrize("name", ["metrics.json", "settings.json", "judged.npz", "weights.pth"])
@pytest.mark.parametrize("left", [b"", b"{", b"PK"])
def test_a_damaged_run_is_told_and_does_not_count_nor_do_those_before_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, left: bytes
) -> None:
    make_runs(tmp_path, 1, 2, 1)
    (tmp_path / "runs" / "2" / name).write_bytes(left)
    assert numbers(all_runs(tmp_path)) == [3]
    assert [record.message.partition(" (")[0] for record in caplog.records] == [f"{tmp_path}/runs/2/{name} is damaged"]


def test_a_damaged_run_is_trained_anew(copied: PhotoStore, recipe: Recipe) -> None:
    (copied.work / "runs" / "1" / "weights.pth").write_bytes(b"")
    train(with_settings(recipe, epochs=0), copied)
    assert numbers(all_runs(copied.work)) == [2]


def test_weights_in_which_a_byte_has_changed_are_not_used(copied: PhotoStore) -> None:
    (run,) = all_runs(copied.work)
    file = run.folder / "weights.pth"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(Damaged, match=r"weights.pth is damaged; delete the folder .*runs/1, and train again"):
        _ = run.weights


def test_a_new_run_comes_after_all_others_even_where_some_are_gone(copied: PhotoStore, recipe: Recipe) -> None:
    train(with_settings(recipe, seed=1, epochs=0), copied)
    shutil.rmtree(copied.work / "runs" / "1")
    before = all_runs(copied.work)[0].weights
    train(with_settings(recipe, seed=2, epochs=0), copied)
    assert numbers(all_runs(copied.work)) == [2, 3]
    assert all(before[name].equal(tensor) for name, tensor in all_runs(copied.work)[0].weights.items())


def test_a_run_that_learned_from_a_forgotten_photo_is_not_used_any_more(copied: PhotoStore, recipe: Recipe) -> None:
    gone, held_out = split_kept(recipe, copied).training[0], split_kept(recipe, copied).held_out[0]
    assert "train" in forget(recipe, copied, gone.sha256)["again"]
    for stage in (load_trained, evaluate):
        with pytest.raises(
            RecognizerError, match=r"trained run in .* was removed by forget, .*; run recognizer train small again"
        ):
            stage(recipe, copied)
    left = b"".join(file.read_bytes() for file in copied.work.glob("runs/**/*") if file.is_file())
    assert gone.sha256.encode() not in left
    train(recipe, copied)
    assert numbers(all_runs(copied.work)) == [2]
    forget(recipe, copied, held_out.sha256)  # which no run has learned from
    assert numbers(all_runs(copied.work)) == [2]


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ({}, "no trained run yet; run recognizer train first"),
        ({"1": "metrics.forgotten.json"}, "removed by forget"),
        ({"1": "metrics.forgotten.json", "2": "settings.json"}, "removed by forget"),  # a stop in the training after
        ({"1": "metrics.forgotten.json", "2": "metrics.json"}, "no trained run yet"),  # of another kind, or damaged
    ],
)
def test_a_run_that_forget_has_removed_is_told_apart_from_none(tmp_path: Path, runs: dict[str, str], told: str) -> None:
    for name, file in runs.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / file).write_text("{}")
    assert told in str(no_run(tmp_path, "trained run", "recognizer train"))


@pytest.mark.parametrize("stage", [train, evaluate])
def test_while_another_run_is_at_work_nothing_is_written(copied: PhotoStore, recipe: Recipe, stage: object) -> None:
    before = sorted(copied.work.rglob("*"))
    assert callable(stage)
    with PhotoStore(copied.work, recipe.labels) as other, other.locked():
        with pytest.raises(WorkInUse, match="Another run is at work in"):
            stage(with_settings(recipe, seed=9), copied)
        assert {path for path in copied.work.rglob("*") if "photos.db" not in path.name} <= set(before)


def reordered(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"classes": recipe.classes[::-1]})


def without_one(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"classes": recipe.classes[1:]})


@pytest.mark.parametrize("change", [reordered, without_one])
def test_a_network_of_other_classes_is_not_taken_for_the_recipes(
    copied: PhotoStore, recipe: Recipe, change: object
) -> None:
    assert callable(change)
    other: Recipe = change(with_settings(recipe, epochs=0))
    with pytest.raises(RecognizerError, match=r"other classes, or in another order, .* recognizer train small again"):
        load_trained(change(recipe), copied)
    train(other, copied)
    trained = load_trained(other, copied)
    assert {photo.label for photo in (*trained.split.learning, *trained.split.held_out)} == set(other.labels)
    labels = [photo.label for photo in trained.split.learning]
    right = trained.predict(trained.split.learning).logits.argmax(axis=1)
    assert sum(other.labels[n] == label for n, label in zip(right, labels, strict=True)) > 0.8 * len(labels)


def test_a_run_of_another_format_is_to_be_trained_again(copied: PhotoStore, recipe: Recipe) -> None:
    (run,) = all_runs(copied.work)
    metrics = run.metrics
    (run.folder / "metrics.json").write_text(json.dumps({**metrics, "format": metrics["format"] - 1}))
    with pytest.raises(RecognizerError, match=r"runs/1 was trained by another version; run recognizer train small aga"):
        load_trained(recipe, copied)
    del metrics["format"]  # as runs had none before it was written there
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    assert load_trained(recipe, copied).run == run


def test_weights_of_another_network_are_named(copied: PhotoStore, recipe: Recipe) -> None:
    (run,) = all_runs(copied.work)
    weights = run.weights
    torch.save(dict(list(weights.items())[1:]), run.folder / "weights.pth")
    with pytest.raises(RecognizerError, match=r"runs/1 do not fit tf_efficientnet_lite0 any more; delete that folder"):
        load_trained(recipe, copied)


def test_photos_whose_files_are_missing_are_counted_and_left_out(copied: PhotoStore, recipe: Recipe) -> None:
    split = split_kept(recipe, copied)
    for photo in (split.training[0], split.held_out[0]):
        photo.path.unlink()
    quick = with_settings(recipe, epochs=0)
    assert train(quick, copied)["missing"] == 2
    report = evaluate(quick, copied)
    assert (report["missing"], report["photos"]) == (2, len(split.held_out) - 1)
