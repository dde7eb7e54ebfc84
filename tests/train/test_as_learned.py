"""What a photo is learned as: its label, or a class that is likelier."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recognizer.networks.backbone import load_for_training
from recognizer.recipe import Recipe
from recognizer.report import unwatched
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import LabelQuality, Photo
from recognizer.train.cached import fit_closed_form
from recognizer.train.classes_tuning import tune_classes
from recognizer.train.examples import as_learned
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
    learned = as_learned(photos, recipe.labels)
    changed = [(listed, one) for listed, one in zip(photos, learned, strict=True) if listed != one]
    assert len(changed) == len(recipe.labels)
    assert all((one.label, one.label_quality) == (listed.likelier, 0.75) for listed, one in changed)
    assert as_learned(photos, recipe.labels[:1]) == [
        replace(photo, label=photo.likelier, label_quality=0.75) if photo.likelier == recipe.labels[0] else photo
        for photo in photos
    ], "a class that the recipe has no more teaches nothing"


def test_a_class_that_looks_like_others_keeps_its_photos(copied: PhotoStore, recipe: Recipe) -> None:
    first, second, *_ = recipe.labels
    photos = [
        replace(photo, likelier=second, likelier_quality=0.75) if photo.label == first else photo
        for photo in split_kept(recipe, copied).learning
    ]
    assert as_learned(photos, recipe.labels) == photos


def test_every_way_to_train_learns_it(copied: PhotoStore, recipe: Recipe) -> None:
    tuned, found = tuning(recipe), split_kept(recipe, copied)
    training = doubted(found.training, recipe.labels)
    split = replace(found, training=training)
    taught = replace(found, training=as_learned(training, recipe.labels))
    backbone = load_for_training(tuned.train)
    (heads, judged), (as_listed, _) = (
        fit_closed_form(tuned, parted, backbone, copied.work, 1, unwatched) for parted in (split, found)
    )
    assert not np.allclose(heads.whole.weight, as_listed.whole.weight)
    assert judged.labels.tolist() == [recipe.labels.index(photo.label) for photo in split.learning], "judged as listed"
    curves = [
        tune_classes(tuned, parted, judged, backbone, copied.work, 1, unwatched).curves for parted in (split, taught)
    ]
    assert curves[0] == curves[1]
    whole = tuned.model_copy(update={"train": tuned.train.model_copy(update={"cached": False, "epochs": 0})})
    one, other = (train_whole(whole, parted, copied.work, 1, unwatched).weights for parted in (split, taught))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_another_likelier_class_trains_anew(copied: PhotoStore, recipe: Recipe) -> None:
    before = last_run(recipe, copied).metrics["fingerprint"]
    photo, *_ = split_kept(recipe, copied).learning
    other = next(label for label in recipe.labels if label != photo.label)
    rated = [LabelQuality(one.sha256, one.label, one.label_quality) for one in copied.photos.all()]
    copied.label_quality.replace(rated)
    train(recipe, copied)
    assert last_run(recipe, copied).metrics["fingerprint"] == before
    copied.label_quality.replace(
        replace(one, likelier=other, likelier_probability=0.75) if one.photo == photo.sha256 else one for one in rated
    )
    report = train(recipe, copied)
    assert last_run(recipe, copied).metrics["fingerprint"] != before
    assert report["notes"][-1].startswith("1 of 42 photos to learn from look more like another class than like their")
