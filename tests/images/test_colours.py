"""Pictures look as they do on a screen: their profile is followed, and many bits become eight."""

import struct
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognizer.images.decode import read_picture
from tests.images.hostile import directory, encoded
from tests.images.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    endless_profile,
    grey_profile,
    ink_profile,
    screen_profile,
    to_xyz,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

Levels = NDArray[np.float64]

# Colours that sRGB has, too, as levels of each colour space; by the formulas alone, without any program of colours.
COLOURS = np.array(
    [[200, 100, 60], [90, 160, 90], [70, 90, 170], [128, 128, 128], [230, 220, 200], [30, 60, 40]], float
)


def srgb_levels(linear: Levels) -> Levels:
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055)
    return curve.clip(0, 1) * 255


def linear_by(levels: Levels, gamma: float | None) -> Levels:
    shares = levels / 255
    if gamma:
        return shares**gamma
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


SPACES = {"AdobeRGB": (ADOBE_RGB, 2.19921875), "Display P3": (DISPLAY_P3, None)}


def expected_of(space: str) -> Levels:
    primaries, gamma = SPACES[space]
    return srgb_levels(linear_by(COLOURS, gamma) @ (np.linalg.inv(to_xyz(SRGB)) @ to_xyz(primaries)).T)


def patches(mode: str = "RGB", levels: Levels = COLOURS) -> Image.Image:
    """A picture of squares of 32 pixels, each of one colour."""
    row = levels.astype(np.uint8)[None].repeat(32, 0).repeat(32, 1)
    return Image.fromarray(row).convert(mode)


def levels_of(data: bytes) -> Levels:
    return np.asarray(read_picture(data), float)[16, 16::32]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("space", SPACES)
def test_the_profile_of_a_screen_is_followed(space: str, form: str) -> None:
    options = {"quality": 100} if form in ("JPEG", "WEBP", "AVIF", "HEIF") else {}
    data = encoded(patches(), form, icc_profile=screen_profile(*SPACES[space]), **options)
    assert np.abs(levels_of(data) - expected_of(space)).max() < 5
    assert np.abs(COLOURS - expected_of(space)).max() > 10


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_transparent_pictures_follow_their_profile(form: str) -> None:
    layer = patches("RGBA")
    layer.paste((0, 0, 0, 0), (0, 0, 32, 8))
    data = encoded(layer, form, icc_profile=screen_profile(*SPACES["AdobeRGB"]), lossless=True)
    assert np.abs(levels_of(data) - expected_of("AdobeRGB")).max() < 3
    assert np.asarray(read_picture(data))[:8, :32].min() > 250


def test_palettes_follow_their_profile() -> None:
    data = encoded(patches().quantize(16), "PNG", icc_profile=screen_profile(*SPACES["Display P3"]))
    assert np.abs(levels_of(data) - expected_of("Display P3")).max() < 3


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_pictures_follow_their_profile(mode: str) -> None:
    data = encoded(patches(mode, np.full((6, 3), 100.0)), "PNG", icc_profile=grey_profile(1.0))
    assert np.abs(levels_of(data) - srgb_levels(np.array(100 / 255))).max() < 2


def test_inks_follow_their_profile() -> None:
    black = Image.new("CMYK", (40, 30), (0, 0, 0, 255))
    assert levels_of(encoded(black, "JPEG", quality=100)).max() < 5
    assert levels_of(encoded(black, "JPEG", quality=100, icc_profile=ink_profile())).min() > 40


def test_lab_pictures_are_read() -> None:
    lab = Image.merge("LAB", [Image.new("L", (40, 30), level) for level in (138, 209, 198)])
    assert np.abs(levels_of(encoded(lab, "TIFF")) - np.array([254, 0, 0])).max() < 10


def test_what_means_srgb_stays_byte_for_byte() -> None:
    profile = screen_profile(SRGB)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8))
    plain, told = (read_picture(encoded(noise, "PNG", **more)) for more in ({}, {"icc_profile": profile}))
    assert plain.tobytes() == told.tobytes()


BROKEN = {
    "empty": b"\0",
    "no profile": b"not a profile at all" * 20,
    "cut off": screen_profile(ADOBE_RGB, 2.2)[:200],
    "of inks": ink_profile(),
    "of greys": grey_profile(1.0),
    "endless": endless_profile(),
    "huge": screen_profile(ADOBE_RGB, 2.2) + bytes(6_000_000),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_profile_of_no_use_is_ignored(kind: str) -> None:
    began = time.process_time()
    plain = read_picture(encoded(patches(), "WEBP", lossless=True))
    alone = time.process_time() - began
    data = encoded(patches(), "WEBP", lossless=True, icc_profile=BROKEN[kind])
    began = time.process_time()
    assert read_picture(data).tobytes() == plain.tobytes()
    assert time.process_time() - began < 20 * alone + 0.2


# What lies in a file, and the grey levels that it stands for.
RAMP = np.linspace(0, 1, 256)
NUMBERS: dict[str, NDArray[Any]] = {
    "shares of one": RAMP.astype(np.float32),
    "from 0 to 255": (RAMP * 255).astype(np.float32),
    "metres below and above the sea": (RAMP * 9000 - 400).astype(np.float32),
    "tiny": (RAMP * 1e-3 + 5).astype(np.float32),
    "32 bits": (RAMP * (2**31 - 1)).astype(np.int32),
    "32 bits, few of them used": (RAMP * 3000).astype(np.int32),
    "32 bits, some below 0": (RAMP * 5000 - 2500).astype(np.int32),
    "16 bits": (RAMP * 65535).astype(np.uint16),
}


@pytest.mark.parametrize("compression", [None, "tiff_adobe_deflate"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_many_bits_become_greys(kind: str, compression: str | None) -> None:
    data = encoded(Image.fromarray(NUMBERS[kind][None].repeat(20, 0)), "TIFF", compression=compression)
    assert np.abs(np.asarray(read_picture(data))[10, :, 0] - RAMP * 255).max() <= 1.01


def grey_file(bits: int, values: bytes, *more: tuple[int, int, int, int], width: int = 256) -> bytes:
    """A TIFF of one row, as Pillow writes none."""
    entries = {256: (4, width), 257: (4, 1), 258: (3, bits), 259: (3, 1), 262: (3, 1), 273: (4, 0), 277: (3, 1)}
    entries |= {278: (4, 1), 279: (4, len(values))} | {tag: (kind, value) for tag, kind, _, value in more}
    entries[273] = (4, 8 + 2 + 12 * len(entries) + 4)
    return directory([(tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items())]) + values


def twelve_bits(values: NDArray[np.int64]) -> bytes:
    pairs = values.reshape(-1, 2)
    return b"".join(((int(one) << 12) | int(other)).to_bytes(3) for one, other in pairs)


def test_twelve_bits_become_greys() -> None:
    data = grey_file(12, twelve_bits((RAMP * 4095).astype(np.int64)))
    assert np.abs(np.asarray(read_picture(data))[0, :, 0] - RAMP * 255).max() <= 1.01


def test_numbers_without_a_sign_use_all_32_bits() -> None:
    data = grey_file(32, (RAMP * (2**32 - 1)).astype("<u4").tobytes())
    assert np.abs(np.asarray(read_picture(data))[0, :, 0] - RAMP * 255).max() <= 1.01


@pytest.mark.parametrize(("bits", "kind", "form"), [(16, 1, "<u2"), (32, 3, "<f4")])
def test_white_may_be_zero(bits: int, kind: int, form: str) -> None:
    values = (RAMP * (65535 if bits == 16 else 1)).astype(form).tobytes()
    data = grey_file(bits, values, (262, 3, 1, 0), (339, 3, 1, kind))
    assert np.abs(np.asarray(read_picture(data))[0, :, 0] - (1 - RAMP) * 255).max() <= 1.01


def test_what_is_no_number_is_black_or_white_and_spoils_nothing() -> None:
    values = (RAMP * 4000).astype(np.float32)
    values[100:103] = np.nan, np.inf, -np.inf
    levels = np.asarray(read_picture(encoded(Image.fromarray(values[None].repeat(20, 0)), "TIFF")))[10, :, 0]
    assert levels[100:103].tolist() == [0, 255, 0]
    assert np.abs(np.delete(levels - RAMP * 255, [100, 101, 102])).max() <= 1.01


def test_a_flat_picture_of_numbers_is_read() -> None:
    for value in (3.0, np.nan):
        data = encoded(Image.fromarray(np.full((30, 40), value, np.float32)), "TIFF")
        assert len(np.unique(np.asarray(read_picture(data)))) == 1


def test_gamma_alone_is_ignored() -> None:
    """As most programs that write it mean sRGB; only a profile counts."""
    plain = encoded(patches(), "PNG")
    gamma = struct.pack(">I4sI", 4, b"gAMA", 100_000)
    told = plain[:33] + gamma + struct.pack(">I", 0x31E8965F) + plain[33:]
    assert read_picture(told).tobytes() == read_picture(plain).tobytes()
