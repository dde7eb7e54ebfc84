"""Augmented views follow from a photo's fingerprint alone; the first is what predicting takes."""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path

import numpy as np
from fastai.vision.core import PILImage
from PIL import Image

from recognizer.networks.augmentation import augmented_views
from tests.networks.networks import SIZE, draw_photo


def test_the_first_view_is_what_predicting_takes(tmp_path: Path) -> None:
    photo = draw_photo(tmp_path)
    views = augmented_views(photo, SIZE, 5)
    taken = PILImage.create(photo.path).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    assert (views[0] == np.asarray(taken).transpose(2, 0, 1)).all()
    assert (views[1] == views[0][:, :, ::-1]).all()


def test_views_are_always_the_same_and_all_different(tmp_path: Path) -> None:
    views = augmented_views(draw_photo(tmp_path), SIZE, 5)
    assert views.shape == (5, 3, SIZE, SIZE)
    assert (views == augmented_views(draw_photo(tmp_path), SIZE, 5)).all()
    assert (views[:3] == augmented_views(draw_photo(tmp_path), SIZE, 3)).all()
    assert len(np.unique(views.reshape(5, -1), axis=0)) == 5
