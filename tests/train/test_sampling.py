"""Photos are drawn as often as their labels are likely right."""

import recognizer.networks.torchvision_cure  # noqa: F401

import multiprocessing

import numpy as np
import pytest
from fastai.data.load import DataLoader

from recognizer.train.examples import draw_by_quality
from recognizer.train.fitting import drawing_by_quality

PHOTOS = 100


@pytest.mark.parametrize("quality", [1.0, 0.3])
def test_where_all_labels_are_as_likely_right_every_photo_is_drawn_once(quality: float) -> None:
    drawn = draw_by_quality(np.full(PHOTOS, quality))(range(PHOTOS))
    assert sorted(drawn) == list(range(PHOTOS))
    assert drawn != list(range(PHOTOS))


def test_a_label_that_is_half_as_likely_right_is_drawn_half_as_often() -> None:
    quality = np.where(np.arange(PHOTOS) < 50, 1.0, 0.5)
    draw = draw_by_quality(quality)
    counts = np.bincount([place for _ in range(30) for place in draw(range(PHOTOS))], minlength=PHOTOS)
    assert counts.sum() == 30 * PHOTOS
    assert counts[:50].mean() == pytest.approx(2 * counts[50:].mean(), rel=0.05)


def test_a_label_that_is_surely_wrong_is_never_drawn() -> None:
    quality = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    assert {place for _ in range(20) for place in draw_by_quality(quality)(range(5))} == {1, 3}


def test_a_loader_is_as_it_was_afterwards() -> None:
    loader = DataLoader(list(range(PHOTOS)), bs=10, shuffle=True)
    with drawing_by_quality(loader, (np.arange(PHOTOS) == 7).astype(float)):
        assert {int(item) for batch in loader for item in batch} == {7}
    assert "shuffle_fn" not in vars(loader)
    assert sorted(int(item) for batch in loader for item in batch) == list(range(PHOTOS))


@pytest.mark.slow
def test_workers_that_are_not_forked_draw_as_well() -> None:
    """As on macOS, and everywhere from Python 3.14 on."""
    usual = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        loader = DataLoader(list(range(PHOTOS)), bs=10, shuffle=True, num_workers=1)
        with drawing_by_quality(loader, (np.arange(PHOTOS) == 7).astype(float)):
            assert {int(item) for batch in loader for item in batch} == {7}
    finally:
        multiprocessing.set_start_method(usual, force=True)
