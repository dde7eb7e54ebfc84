"""Pictures that are damaged, of every mode and shape, animated, of formats that nobody uploads, or two files in one."""

import io
import random
import struct
import zipfile
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from tests.drawn_web import SVG, chunk
from tests.images.hostile import (
    encoded,
    jpeg_with,
    png,
    segment,
)

Maker = Callable[[], bytes]

FORMS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP", "TIFF", "MPO")
ANIMATED = ("GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF", "MPO")
FOREIGN = ("BLP", "DDS", "DIB", "EPS", "ICNS", "ICO", "IM", "JPEG2000", "PCX", "PDF", "PPM", "QOI", "SGI", "TGA")
MODES = {
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("L", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIF": ("L", "RGB", "RGBA"),
}
PLACES = (4, 12, 0.02, 0.1, 0.5, 0.97)

pillow_heif.register_heif_opener()


def odd_forms() -> dict[str, Maker]:
    """Return what makes each, by name."""
    return _damaged() | _modes() | _shapes() | _animated() | _foreign() | _polyglots()


@cache
def photo(width: int = 200, height: int = 150) -> Image.Image:
    """Something between a photo and noise."""
    noise = np.random.default_rng(7).integers(0, 256, (height // 10 + 1, width // 10 + 1, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def plain(form: str, **options: Any) -> bytes:
    return encoded(photo(), form, **options)


def _damaged() -> dict[str, Maker]:
    cut: dict[str, Maker] = {f"{form} cut at {place}": partial(_cut, form, place) for form in FORMS for place in PLACES}
    changed = {f"{form} changed, seed {seed}": partial(_changed, form, seed) for form in FORMS for seed in range(8)}
    return cut | changed


def _cut(form: str, place: float) -> bytes:
    data = plain(form)
    return data[: place if isinstance(place, int) else int(place * len(data))]


def _changed(form: str, seed: int) -> bytes:
    """A file with bits flipped, most of them near its head."""
    data, rng = bytearray(plain(form)), random.Random(seed)
    for _ in range(2**seed):
        data[rng.randrange(rng.choice((64, 600, len(data))))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _modes() -> dict[str, Maker]:
    return {f"{form} of mode {mode}": partial(_of_mode, form, mode) for form, modes in MODES.items() for mode in modes}


def _of_mode(form: str, mode: str) -> bytes:
    if mode == "I;16":
        return encoded(Image.fromarray(np.arange(60_000, dtype=np.uint16).reshape(200, 300)), form)
    if mode == "LAB":
        return encoded(Image.new("LAB", (200, 150), (99, 9, 9)), form)
    return encoded(photo().convert("LA").convert("PA") if mode == "PA" else photo().convert(mode), form)


def _shapes() -> dict[str, Maker]:
    shapes = [(65_535, 1), (1, 65_535), (16_383, 1), (1, 16_383), (1, 1), (2, 3000), (70_000, 2)]
    most = {"WEBP": 16_383, "HEIF": 8192, "AVIF": 8192, "JPEG": 65_500, "MPO": 65_500}
    return {
        f"{form} of {width} x {height}": partial(lambda form, size: encoded(Image.new("RGB", size), form), form, size)
        for form in FORMS
        for size in shapes
        if max(width := size[0], height := size[1]) <= most.get(form, 65_535) and (form, min(size)) != ("HEIF", 1)
    }


def _animated() -> dict[str, Maker]:
    made: dict[str, Maker] = {f"{form} of 20 frames": partial(_frames, form, 20) for form in ANIMATED}
    made |= {f"{form} of 500 frames": partial(_frames, form, 500) for form in ("GIF", "WEBP", "PNG")}
    made["GIF whose frame lies outside"] = lambda: plain("GIF").replace(b",\0\0\0\0", b",\xff\x7f\xff\x7f")
    made["GIF of a large canvas"] = lambda: b"GIF89a" + struct.pack("<HH", 65_535, 760) + plain("GIF")[10:]
    made["WebP of a large canvas"] = lambda: _frames("WEBP", 2)[:24] + b"\xff\x3f\0" * 2 + _frames("WEBP", 2)[30:]
    made["PNG that is animated without an end"] = lambda: png(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))
    return made


@cache
def _frames(form: str, count: int) -> bytes:
    more = [Image.new("RGB", (200, 150), (number % 256, 9, 9)) for number in range(count - 1)]
    return plain(form, save_all=True, append_images=more)


def _foreign() -> dict[str, Maker]:
    made: dict[str, Maker] = {f"{form}, not read": partial(_foreign_file, form) for form in FOREIGN}
    starts = {"PSD": b"8BPS\0\1", "FITS": b"SIMPLE  =", "XPM": b"/* XPM */", "WMF": b"\xd7\xcd\xc6\x9a\0\0"}
    starts |= {"FLI": b"\0\0\0\0\x11\xaf", "GBR": b"\0\0\0\x1c\0\0\0\2", "JXL": b"\xff\x0a", "CUR": b"\0\0\2\0\1\0"}
    starts |= {"IPTC": b"\x1c\1", "PIXAR": b"\200\350\0\0", "SUN": b"\x59\xa6\x6a\x95", "MPEG": b"\0\0\1\xb3"}
    made |= {f"{form} by its head": partial(bytes.__add__, start, bytes(2000)) for form, start in starts.items()}
    made["SVG"], made["nothing"] = lambda: SVG, lambda: b""
    made["zeros"], made["noise"] = lambda: bytes(20_000_000), lambda: random.Random(1).randbytes(1_000_000)
    return made


def _foreign_file(form: str) -> bytes:
    return encoded(photo().quantize(16) if form == "BLP" else photo(), form)


def _polyglots() -> dict[str, Maker]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("index.html", "<script>alert(1)</script>" * 100)
    page = b"<!DOCTYPE html><script>alert(1)</script>" * 100
    made: dict[str, Maker] = {}
    for form in FORMS:
        made[f"{form} with a ZIP behind"] = partial(lambda form: plain(form) + archive.getvalue(), form)
        made[f"{form} with a page behind"] = partial(lambda form: plain(form) + page, form)
        made[f"{form} behind a page"] = partial(lambda form: page + plain(form), form)
    made["JPEG with a page in a comment"] = lambda: jpeg_with(segment(0xFE, page))
    made["GIF that is a script"] = lambda: b"GIF89a/*" + plain("GIF")[8:] + b"*/=1;alert(1)"
    made["JPEG behind the head of a PDF"] = lambda: b"%PDF-1.4\n" + plain("JPEG")
    made["JPEG with the head of a TIFF"] = lambda: b"II*\0" + plain("JPEG")
    made["BMP with a JPEG in it"] = lambda: plain("BMP")[:54] + plain("JPEG")
    return made
