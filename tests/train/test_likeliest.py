"""What a photo is learned as: its label, or a class that is likelier."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recognizer.networks.backbone import load_for_training
from recognizer.networks.extractors import head_extractor
from recognizer.networks.grid import stage_shares
from recognizer.networks.lda import fit_heads
from recognizer.recipe import Recipe
from recognizer.report import unwatched
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import LabelQuality, Photo
from recognizer.train import classes_tuning
from recognizer.train.cached import fit_closed_form
from recognizer.train.classes_tuning import tune_classes
from recognizer.train.covered import covered_features
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.likeliest import as_likeliest, as_likeliest_in_folds, lost_classes, under_own_label
from recognizer.train.train import last_run, train
from recognizer.train.whole import train_whole
from tests.train.beside import tuning


def doubted(photos: Sequence[Photo], labels: Sequence[str]) -> list[Photo]:
    """Return photos of which the first of each class looks like the next class."""
    firsts = {photo.label: photo.sha256 for photo in reversed(photos)}
    following = dict(zip(labels, [*labels[1:], labels[0]], strict=True))
    return [
        replace(photo, likelier=following[photo.label], likelier_quality=0.75)
        if photo.sha256 in firsts.values()
        else photo
        for photo in photos
    ]


def test_a_photo_is_learned_as_the_class_that_is_likelier(copied: PhotoStore, recipe: Recipe) -> None:
    photos = doubted(split_kept(recipe, copied).learning, recipe.labels)
    learned = as_likeliest(photos, recipe.labels)
    changed = [(listed, one) for listed, one in zip(photos, learned, strict=True) if listed != one]
    assert len(changed) == len(recipe.labels)
    assert all((one.label, one.label_quality) == (listed.likelier, 0.75) for listed, one in changed)
    assert as_likeliest(photos, recipe.labels[:1]) == [
        replace(photo, label=photo.likelier, label_quality=0.75) if photo.likelier == recipe.labels[0] else photo
        for photo in photos
    ], "a class that the recipe has no more teaches nothing"


def test_a_class_that_looks_like_others_keeps_its_photos(copied: PhotoStore, recipe: Recipe) -> None:
    first, second, *_ = recipe.labels
    photos = [
        replace(photo, likelier=second, likelier_quality=0.75) if photo.label == first else photo
        for photo in split_kept(recipe, copied).learning
    ]
    assert as_likeliest(photos, recipe.labels) == photos


def test_a_class_of_which_a_fold_would_learn_nothing_keeps_its_photos(copied: PhotoStore, recipe: Recipe) -> None:
    first, second, *_ = recipe.labels
    photos = split_kept(recipe, copied).learning
    own = [place for place, photo in enumerate(photos) if photo.label == first]
    few, others = own[: len(own) // 2], own[len(own) // 2 :]
    for place in few:
        photos[place] = replace(photos[place], likelier=second, likelier_quality=0.75)
    folds = np.arange(len(photos)) % 3
    assert as_likeliest_in_folds(photos, recipe.labels, folds) == as_likeliest(photos, recipe.labels) != photos
    folds[few], folds[others] = 0, 1
    assert lost_classes([photo.label for photo in photos], recipe.labels, folds) == []
    assert as_likeliest_in_folds(photos, recipe.labels, folds) == photos


def test_the_last_layer_is_fitted_to_likeliest_classes_and_judged_by_labels(copied: PhotoStore, recipe: Recipe) -> None:
    settings, found = recipe.train, split_kept(recipe, copied)
    split = replace(found, training=doubted(found.training, recipe.labels))
    backbone = load_for_training(settings)
    heads, judged = fit_closed_form(recipe, split, backbone, copied.work, 1, unwatched)
    assert judged.labels.tolist() == [recipe.labels.index(photo.label) for photo in split.learning]
    assert set(judged.label_quality) == {photo.label_quality for photo in split.learning}
    learned = as_likeliest_in_folds(split.learning, recipe.labels, judged.folds)
    one_view, extractor = settings.model_copy(update={"views": 1}), head_extractor(backbone, settings)
    features, _ = covered_features(split.learning, extractor, one_view, copied.work, unwatched)
    labels, quality = label_numbers(recipe.labels, learned), label_qualities(learned)
    expected = fit_heads(features, labels, judged.folds, quality, stage_shares(backbone, settings.size)).whole
    assert np.allclose(heads.whole.weight, expected.weight) and np.allclose(heads.whole.bias, expected.bias)


def test_a_branch_learns_likeliest_classes_as_far_as_they_are_likely(copied: PhotoStore, recipe: Recipe) -> None:
    tuned, found = tuning(recipe, epochs=1), split_kept(recipe, copied)
    sure = doubted(found.training, recipe.labels)
    unsure = [replace(photo, likelier_quality=1e-6) if photo.likelier else photo for photo in sure]
    backbone = load_for_training(tuned.train)
    _, judged = fit_closed_form(tuned, found, backbone, copied.work, 1, unwatched)
    as_listed, as_sure, as_unsure, as_taught = (
        tune_classes(tuned, replace(found, training=one), judged, backbone, copied.work, 1, unwatched).curves
        for one in (found.training, sure, unsure, as_likeliest(sure, recipe.labels))
    )
    assert as_sure == as_taught and as_sure != as_listed and as_sure != as_unsure


def test_a_whole_network_learns_likeliest_classes(
    copied: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes_tuning, "FEWEST", 1)
    whole = tuning(recipe, cached=False, epochs=1)
    found = split_kept(recipe, copied)
    photos = doubted(found.training, recipe.labels)
    one, other = (
        train_whole(whole, replace(found, training=training), copied.work, 1, unwatched)
        for training in (photos, as_likeliest(photos, recipe.labels))
    )
    assert one.curves.training_loss[0] and one.curves == other.curves


def test_what_is_not_learned_from_is_not_counted(copied: PhotoStore, recipe: Recipe) -> None:
    found = split_kept(recipe, copied)
    split = replace(found, validation=doubted(found.validation, recipe.labels))
    whole = recipe.model_copy(update={"train": recipe.train.model_copy(update={"cached": False})})
    assert split.validation != found.validation and under_own_label(whole, split) == found.training
    assert len(under_own_label(recipe, split)) < len(split.learning)


def test_another_likelier_class_trains_anew(copied: PhotoStore, recipe: Recipe) -> None:
    before = last_run(recipe, copied).metrics["fingerprint"]
    photo, *_ = split_kept(recipe, copied).learning
    other = next(label for label in recipe.labels if label != photo.label)
    rated = [LabelQuality(one.sha256, one.label, one.label_quality) for one in copied.photos.all()]
    copied.label_quality.replace(rated)
    train(recipe, copied)
    assert last_run(recipe, copied).metrics["fingerprint"] == before
    copied.label_quality.replace(
        replace(one, likelier=other, likelier_probability=0.75) if one.label == photo.label else one for one in rated
    )
    train(recipe, copied)
    assert last_run(recipe, copied).metrics["fingerprint"] == before, "of a class of which all look like another"
    copied.label_quality.replace(
        replace(one, likelier=other, likelier_probability=0.75) if one.photo == photo.sha256 else one for one in rated
    )
    report = train(recipe, copied)
    assert last_run(recipe, copied).metrics["fingerprint"] != before
    shown = report["notes"][-1]
    assert shown.startswith("1 of 42 photos to learn from look more like another class than like their")
