"""Colours as screens show them: values of more than 8 bits are scaled, colours become those of sRGB.

The profile (ICC) in a file decides; the chunks gAMA and cHRM of a PNG are ignored, as most programs that write them
mean sRGB, and so are the numbers (nclx) that a HEIC or AVIF may have instead of a profile.
"""

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, TiffImagePlugin

PROFILE_BYTES = 4_000_000  # those of printers are the largest, 0.5 to 3 MB
NEAR_SRGB = 4  # levels of 255 by which the many profiles that mean sRGB differ from it
STRIP_PIXELS = 2_000_000  # of a picture that are scaled at once

Values = npt.NDArray[Any]

# How a TIFF tells its values: tag by number, which for most is missing.
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
# What is calculated for each colour by as many steps as the profile likes, without end.
_ENDLESS = b"mpet"
_OF_MODE = {"L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "CMYK", "LAB": "LAB"}


class _Scale(NamedTuple):
    """The values that become black and white."""

    black: float
    white: float


def eight_bit(image: Image.Image) -> Image.Image:
    """Scale values of more than 8 bits, which Pillow would clip to white.

    16 bits are taken as they are, and so are 12, whose white is 4095. For 32 bits and for floats no value is white by
    itself: files hold counts, metres or shares of 1. So from the least to the largest that there is, as programs that
    show such files do; only floats from 0 to 1 are taken as they are.

    Args:
        image: one channel of integers or floats (modes I, I;16 and F).

    Returns:
        Grey, of 8 bits.
    """
    scale, grey = _scale(image), Image.new("L", image.size)
    if _tag(image, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO:
        scale = _Scale(scale.white, scale.black)
    of_sixteen_bits = _shades(np.arange(2**16), scale)
    for top, values in _strips(image):
        shades = of_sixteen_bits[values] if image.mode.startswith("I;16") else _shades(values, scale)
        grey.paste(Image.fromarray(shades), (0, top))
    grey.info = image.info.copy()
    return grey


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a picture's colours to sRGB.

    What is in sRGB already, but for rounding, stays as it is. A profile that is broken, larger than printers have, or
    for other colours than the picture's is ignored, and so is one that may calculate without end.

    Args:
        image: 8 bits of each channel.
        profile: the ICC profile of its file, if there is one.

    Returns:
        Grey, RGB or CMYK where the picture was that and there is nothing to convert; else RGB, with its transparency.
    """
    mode = _OF_MODE.get(image.mode)
    if mode == "LAB":
        profile = _lab_profile()
    if not mode or not profile or len(profile) > PROFILE_BYTES or _ENDLESS in profile:
        return image
    transform = _transform(profile, mode)
    return _converted(image, transform) if transform else image


def _tag(image: Image.Image, number: int, default: int) -> int:
    """Return the first value of a tag of a TIFF; of other formats, the default."""
    found = image.tag_v2.get(number, default) if isinstance(image, TiffImagePlugin.TiffImageFile) else default
    return int(found[0] if isinstance(found, tuple) else found)


def _scale(image: Image.Image) -> _Scale:
    if image.mode.startswith("I;16"):
        return _Scale(0, 2 ** min(_tag(image, _BITS, 16), 16) - 1)
    ends = [_ends(values) for _, values in _strips(image)]
    least, most = min(end.black for end in ends), max(end.white for end in ends)
    if image.mode == "F" and least >= 0 and most <= 1:
        return _Scale(0, 1)
    return _Scale(least, most)


def _ends(values: Values) -> _Scale:
    """Return the least and the largest value that is a number."""
    if values.dtype.kind == "f" and not np.isfinite(values.sum(dtype=float)):
        values = values[np.isfinite(values)]
    return _Scale(float(values.min()), float(values.max())) if values.size else _Scale(np.inf, -np.inf)


def _shades(values: Values, scale: _Scale) -> npt.NDArray[np.uint8]:
    numbers = values if values.dtype == np.float32 else values.astype(np.float64)
    shares = (numbers - numbers.dtype.type(scale.black)) * numbers.dtype.type(255 / (scale.white - scale.black or 1))
    levels: Values = np.nan_to_num(shares, copy=False).clip(0, 255).astype(np.float32)
    return levels.astype(np.uint8)


def _strips(image: Image.Image) -> Iterator[tuple[int, Values]]:
    """Give a picture's rows, some at a time: where they begin, and their values."""
    height = max(1, STRIP_PIXELS // image.width)
    # Pillow holds all integers of 32 bits as if they had signs.
    unsigned = image.mode == "I" and _tag(image, _BITS, 32) == 32 and _tag(image, _SAMPLE_FORMAT, 1) == _UNSIGNED
    for top in range(0, image.height, height):
        values = np.asarray(image.crop((0, top, image.width, min(top + height, image.height))))
        yield top, values.view(np.uint32) if unsigned else values


def _converted(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    if image.mode != "LA":
        return ImageCms.applyTransform(image, transform) or image
    converted = ImageCms.applyTransform(image.getchannel("L"), transform) or image
    converted.putalpha(image.getchannel("A"))
    return converted


@lru_cache(maxsize=1)
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Make what converts colours to sRGB; None where there is nothing to convert, or the profile is of no use."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGBA" if mode == "RGBA" else "RGB",
            # Colours that screens can show stay as they are; black stays black.
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return transform if _changes(transform, mode) else None
    except Exception:  # what is wrong with a stranger's profile, in whatever way, is not wrong with the picture
        return None


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Tell whether colours differ by more than rounding after conversion."""
    if mode in ("CMYK", "LAB"):
        return True
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3)
    before = Image.fromarray(colours)
    grey = before.getchannel(0)
    probe = grey if mode == "L" else before.convert(mode)
    after = (ImageCms.applyTransform(probe, transform) or probe).convert("RGB")
    expected = grey.convert("RGB") if mode == "L" else before
    return int(np.abs(np.asarray(after, int) - np.asarray(expected, int)).max()) > NEAR_SRGB
