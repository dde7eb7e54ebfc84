"""A stored photo has one form as numbers, whoever asks for it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.errors import Damaged
from recognizer.images.pixels import square_pixels


def save(image: Image.Image, folder: Path) -> Path:
    path = folder / "photo.png"
    image.save(path)
    return path


def test_channels_come_first_and_in_the_order_of_rgb(tmp_path: Path) -> None:
    pixels = square_pixels(save(Image.new("RGB", (50, 30), (200, 100, 7)), tmp_path), 32)
    assert pixels.shape == (3, 32, 32) and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert [np.unique(channel).tolist() for channel in pixels] == [[200], [100], [7]]


def test_rows_stay_rows_and_the_whole_photo_is_there(tmp_path: Path) -> None:
    photo = np.zeros((40, 80, 3), np.uint8)
    photo[:10], photo[:, 60:] = 100, 255  # the upper quarter, and the right quarter over it
    pixels = square_pixels(save(Image.fromarray(photo), tmp_path), 80)
    assert pixels[:, 5, 5].tolist() == [100] * 3 and pixels[:, 60, 5].tolist() == [0] * 3
    assert pixels[:, 60, 75].tolist() == [255] * 3


@pytest.mark.parametrize("size", [32, 224])
def test_a_grey_photo_has_three_channels(tmp_path: Path, size: int) -> None:
    pixels = square_pixels(save(Image.linear_gradient("L"), tmp_path), size)
    assert pixels.shape == (3, size, size) and (pixels == pixels[0]).all()


def test_it_is_bilinear_resampling_of_the_file(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 60, 3), np.uint8))
    expected = np.asarray(noise.resize((64, 64), Image.Resampling.BILINEAR))
    assert (square_pixels(save(noise, tmp_path), 64) == np.moveaxis(expected, -1, 0)).all()


def test_a_damaged_photo_is_told_with_the_way_out_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((90, 60), 50).save(photo)
    whole = photo.read_bytes()
    for left in (b"", b"no picture", whole[:-200]):
        photo.write_bytes(left)
        with pytest.raises(
            Damaged, match=r"photo\.jpg is damaged .* run recognizer collect, which fetches lost photos"
        ):
            square_pixels(photo, 32)
    photo.unlink()
    with pytest.raises(FileNotFoundError):
        square_pixels(photo, 32)


def test_neither_torch_nor_fastai_is_needed() -> None:
    program = (
        "import sys, recognizer.images.pixels; print(sorted({'torch', 'fastai', 'pillow_heif'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
