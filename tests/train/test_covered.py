"""Where a recipe has faces blurred, the network learns from blurred photos, and is judged on photos as they are."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import WeightsUnavailable
from recognizer.faces import detector
from recognizer.faces.copies import blurred_photos
from recognizer.faces.detector import INSTALL
from recognizer.networks.augmentation import augmented_views
from recognizer.networks.backbone import load_backbone
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import make_pass
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import unwatched
from recognizer.splits.split import Split, split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train import classes_tuning, covered
from recognizer.train.covered import blurred_views, covered_features, covered_maps
from recognizer.train.learner import make_learner, make_network
from recognizer.train.train import train
from recognizer.train.whole import train_whole
from tests.faces.painted import PAINTS, cloth, fill, prepared
from tests.small_sample import store_hit
from tests.small_store import hit


@pytest.fixture
def store(recipe: Recipe, tmp_path: Path) -> PhotoStore:
    """Few photos of two classes that show a face, and one that shows none."""
    store = PhotoStore(tmp_path / "work", recipe.labels)
    fill(store, recipe.labels[:2], PAINTS, ("gingham",), 12)
    store_hit(store, recipe.labels[0], hit("cloth", 1), prepared(cloth("ikat", 1)))
    return store


def with_settings(recipe: Recipe, **settings: object) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


@pytest.mark.parametrize(("faces", "blurred"), [("blur", 3), ("blur_random", 1.5)])
def test_every_view_or_half_of_them_is_without_faces(store: PhotoStore, faces: str, blurred: float) -> None:
    settings = TrainSettings(size=64, views=3, faces=faces)  # type: ignore[arg-type]
    photos = store.photos.all()[-9:]
    extractor = head_extractor(load_backbone(settings.backbone, size=64), settings)
    features, served = covered_features(photos, extractor, settings, store.work, unwatched)
    run = make_pass(extractor.layers, extractor.backbone, 64)
    without_faces = blurred_photos(photos, store.work)
    plain, without = (
        np.stack([run(augmented_views(photo, 64, 3))[0] for photo in of]) for of in (photos, without_faces)
    )
    chosen = blurred_views(photos, without_faces, settings)
    shows = [one.path != photo.path for one, photo in zip(without_faces, photos, strict=True)]
    assert 0 < sum(shows) < len(shows) and chosen[shows].sum(axis=1).mean() == pytest.approx(blurred, abs=0.5)
    assert not chosen[np.invert(shows)].any() and np.abs(plain - without)[shows].max() > 0.5
    assert np.allclose(features, np.where(chosen[..., None], without, plain), atol=0.02)
    assert np.allclose(served, plain[:, :1], atol=0.02)


def test_maps_of_many_photos_are_of_fewer_views(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings, photos = TrainSettings(size=64, views=3), store.photos.all()[-4:]
    extractor = head_extractor(load_backbone(settings.backbone, size=64), settings)
    of_three, _ = covered_maps(photos, extractor, settings, store.work, unwatched)
    assert of_three.shape[:2] == (4, 3) and not caplog.messages
    for views, row, faces, left in ((2, 4, "keep", 2), (2, 4, "blur", 1), (0, 4, "keep", 1)):
        monkeypatch.setattr(covered, "MOST_MAPS", views * row * of_three[0, 0].nbytes)
        caplog.clear()
        wanted = settings.model_copy(update={"faces": faces})
        fewer, served = covered_maps(photos, extractor, wanted, store.work, unwatched)
        assert fewer.shape[:2] == (4, left) and served.shape[:2] == (4, 1)
        said = f"Of each of the 4 photos, {left} instead of 3 views are learned from, since more would fill memory."
        assert caplog.messages == [said]


def without_files(split: Split, work: Path) -> list[Photo]:
    """Blur the faces of the training photos and delete the photos that show some; return these."""
    covered = blurred_photos(split.training, work)
    shown = [photo for photo, one in zip(split.training, covered, strict=True) if one.path != photo.path]
    for photo in shown:
        photo.path.unlink()
    return shown


def test_a_whole_network_learns_from_nothing_but_blurred_photos(
    store: PhotoStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes_tuning, "FEWEST", 1)
    split = split_kept(recipe, store)
    assert without_files(split, store.work)
    two = recipe.model_copy(update={"classes": recipe.classes[:2]})
    whole = with_settings(two, cached=False, faces="blur")
    trained = train_whole(whole, split, store.work, 1, unwatched)
    assert len(trained.out_of_fold.photos) == len(split.validation) > 0 and trained.curves.training_loss[0]
    with pytest.raises(FileNotFoundError):
        train_whole(with_settings(whole, faces="keep"), split, store.work, 1, unwatched)


def test_a_whole_network_is_shown_a_face_as_often_as_not(store: PhotoStore, recipe: Recipe) -> None:
    split, backbone = split_kept(recipe, store), load_backbone(recipe.train.backbone)
    network = make_network(recipe, backbone)
    photos = split.training
    other = {str(a.path): str(b.path) for a, b in zip(photos, blurred_photos(photos, store.work), strict=True)}
    drawn = make_learner(recipe, split, backbone, network, other).dls.train_ds
    shown = [[np.asarray(drawn[place][0]).tobytes() for _ in range(12)] for place in range(len(photos))]
    kinds = [len(set(one)) for one in shown]
    assert kinds == [2 if path != copy else 1 for path, copy in other.items()]


def test_without_the_detector_training_says_so_before_any_photo_is_looked_at(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "PACKAGE", "no-such-package")
    with PhotoStore(tmp_path, recipe.labels) as empty, pytest.raises(WeightsUnavailable) as error:
        train(with_settings(recipe, faces="blur"), empty)
    assert INSTALL in str(error.value) and 'faces = "keep"' in str(error.value)
