"""Bytes from strangers to a safe, upright RGB picture.

image = read_picture(data)          # PIL image, RGB, upright, longest side at most 640
"""

import hashlib
import io
import warnings
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps

from recognizer.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP", "TIFF")
LONGEST_SIDE = 640

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Limits:
    """What is accepted as a picture.

    Args:
        bytes: largest file.
        pixels: largest width times height, checked before anything is decoded.
        min_side: shortest side in pixels.
        longest_side: pixels that a larger picture is scaled down to.
    """

    bytes: int = 20_000_000
    pixels: int = 50_000_000
    min_side: int = 1
    longest_side: int = LONGEST_SIDE


def read_picture(data: bytes, limits: Limits | None = None) -> Image.Image:
    """Decode bytes into an upright RGB picture within limits.

    Args:
        data: a JPEG, PNG, WebP, GIF (its first frame is used), AVIF, HEIC, BMP or TIFF file.
        limits: what to accept; `Limits()` by default.

    Returns:
        An RGB picture without metadata, longest side at most `limits.longest_side` pixels;
        transparent parts are white.

    Raises:
        PictureError: with reason `too_large`, `too_small`, `unsupported_format`, `not_an_image` or `truncated`.
    """
    limits = limits or Limits()
    if len(data) > limits.bytes:
        raise PictureError("too_large", f"This file has over {limits.bytes // 1_000_000} MB; use a smaller copy.")
    image = _open(data)
    _check_size(image, limits)
    return _decode(image, limits)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _open(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureError("too_large", "This picture has too many pixels; use a smaller copy.") from error
    except Exception as error:  # decoders raise anything on hostile bytes
        raise _unreadable(data) from error


def _unreadable(data: bytes) -> PictureError:
    head = data[:1024].lstrip().lower()
    if b"<svg" in head:
        return PictureError("unsupported_format", "SVG drawings are not photos; use a JPEG, PNG or WebP file.")
    return PictureError("not_an_image", "This file is not a picture; use a JPEG, PNG, WebP or HEIC photo.")


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        most = limits.pixels // 1_000_000
        raise PictureError("too_large", f"This picture has {width} x {height} pixels; at most {most} million are read.")
    if min(width, height) < limits.min_side:
        raise PictureError("too_small", f"This picture has only {width} x {height} pixels.")


def _decode(image: Image.Image, limits: Limits) -> Image.Image:
    try:
        # A JPEG is decoded at the smallest scale that still gives the wanted size.
        image.draft("RGB", (limits.longest_side, limits.longest_side))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            upright = ImageOps.exif_transpose(image)
            upright = _on_white(upright)
    except Exception as error:  # decoders raise anything on hostile bytes
        raise PictureError("truncated", "This picture is broken or cut off; try another copy.") from error
    upright.thumbnail((limits.longest_side, limits.longest_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    return clean


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _sixteen_bit(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")


def _sixteen_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey values to 8 bits; Pillow's own conversion clips them to white."""
    scaled = image.convert("F").point(lambda value: value * (255 / 65535))
    return scaled.convert("L").convert("RGB")
