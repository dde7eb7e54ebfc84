"""A JPEG that lacks its end, or something of its last rows, is read as viewers show it; one cut earlier is not."""

import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.errors import PictureError
from recognizer.images.decode import Limits, read_picture
from tests.drawn_web import PATTERNS, Painter
from tests.images.hostile import encoded, segment

SIZES = {"small": (400, 300), "large": (2400, 1800)}
KINDS: dict[str, dict[str, Any]] = {
    "sequential": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
}


def photo(size: str, **options: Any) -> bytes:
    return encoded(Painter(PATTERNS[4], 0.3, (0, 0)).paint().resize(SIZES[size]), "JPEG", quality=90, **options)


def reason(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data)
    return caught.value.reason


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_its_end_is_the_same_picture(kind: str, size: str, lost: int) -> None:
    data = photo(size, **KINDS[kind])
    assert read_picture(data[:-lost]).tobytes() == read_picture(data).tobytes()


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_of_the_last_rows_something_may_be_missing(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = photo("small", exif=exif, **KINDS[kind])
    whole, cut = np.asarray(read_picture(data), int), np.asarray(read_picture(data[:-40]), int)
    differing = (np.abs(whole - cut).max(-1) > 0).mean()
    assert whole.shape == cut.shape and 0 < differing < 0.06


def test_of_a_low_picture_the_last_row_of_blocks_is_a_quarter() -> None:
    data = encoded(Image.effect_noise((80, 60), 90).convert("RGB"), "JPEG", subsampling=2)
    assert read_picture(data[:-300]).size == (80, 60)
    assert reason(data[: len(data) // 2]) == "truncated"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_cut_off_earlier_is_broken(kind: str, size: str, share: float) -> None:
    data = photo(size, **KINDS[kind])
    assert reason(data[: int(len(data) * share)]) == "truncated"


def test_a_progressive_jpeg_whose_last_scan_never_began_is_broken() -> None:
    data = photo("small", progressive=True)
    assert reason(data[: data.rindex(b"\xff\xda")]) == "truncated"


def test_the_end_of_a_thumbnail_is_not_that_of_the_picture() -> None:
    data = photo("small")
    with_thumbnail = data[:2] + segment(0xE1, b"Thumb\0" + photo("small", optimize=True)[:60_000]) + data[2:]
    assert read_picture(with_thumbnail[:-2]).tobytes() == read_picture(data).tobytes()
    assert reason(with_thumbnail[: len(with_thumbnail) - len(data) // 2]) == "truncated"


def test_limits_hold_for_what_was_cut_off() -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(photo("small")[:-2], Limits(pixels=1000))
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_damaged_and_cut_off_is_a_picture_or_broken(kind: str) -> None:
    data, rng = encoded(Image.effect_noise((80, 60), 90), "JPEG", **KINDS[kind]), random.Random(kind)
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(data[: -rng.randrange(1, 60)])
        for _ in range(rng.randrange(4)):
            damaged[rng.randrange(2, len(damaged))] = rng.randrange(256)
        try:
            outcomes.add(read_picture(bytes(damaged)).mode)
        except PictureError as error:
            outcomes.add(error.reason)
    assert {"RGB", "truncated"} <= outcomes <= {"RGB", "truncated", "not_an_image", "too_large", "too_complex"}
