"""The most that is allowed of each kind: 50 million pixels, nearly 20 MB, bounds just kept."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from tests.drawn_web import chunk
from tests.images.boxed_files import boxed, coded, grid, item_of
from tests.images.hostile import (
    Entry,
    bmp_of_runs,
    directory,
    encoded,
    gif,
    jpeg,
    jpeg_of_scans,
    jpeg_with,
    packed_text,
    png,
    segment,
)

SIDE = 7000
PNG_KINDS = {"grey": (0, 8), "RGB": (2, 8), "grey and alpha": (4, 8), "RGBA": (6, 8), "RGBA of 16 bits": (6, 16)}
PNG_KINDS |= {"grey of 16 bits": (0, 16), "grey and alpha of 16 bits": (4, 16), "RGB of 16 bits": (2, 16)}
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
TIFF_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F")
TIFF_PACKED = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd", "jpeg")


def large_pictures() -> dict[str, Callable[[], bytes]]:
    """Return what makes each large picture, by name."""
    return _jpegs() | _pngs() | _tiffs() | _others() | _boxed() | _bounds()


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Grey noise, of a piece that is repeated."""
    piece = np.random.default_rng(seed).integers(0, 256, (500, 500), np.uint8)
    return Image.fromarray(np.tile(piece, (height // 500 + 1, width // 500 + 1))[:height, :width])


def _rgb_noise(side: int) -> Image.Image:
    return Image.merge("RGB", [noise(side, side, seed) for seed in range(3)])


def _flat(mode: str, side: int = SIDE) -> Image.Image:
    if mode in ("F", "I;16"):
        return Image.fromarray(np.full((side, side), 7, {"F": np.float32, "I;16": np.uint16}[mode]))
    return Image.new(mode, (side, side))


def _jpegs() -> dict[str, Callable[[], bytes]]:
    rows, spread = {"quality": 3, "subsampling": 0}, {"quality": 3}
    return {
        "large JPEG, noise": lambda: encoded(_rgb_noise(SIDE), "JPEG", **rows),
        "large JPEG, progressive noise": lambda: encoded(_rgb_noise(SIDE), "JPEG", progressive=True, **spread),
        "large JPEG, fine noise": lambda: encoded(_rgb_noise(2300), "JPEG", quality=98, subsampling=0),
        "large JPEG, fine progressive noise": lambda: encoded(_rgb_noise(2300), "JPEG", quality=98, progressive=True),
        "large JPEG, CMYK": lambda: encoded(_flat("CMYK"), "JPEG"),
        "large JPEG, progressive CMYK": lambda: encoded(_flat("CMYK", 6600), "JPEG", progressive=True),
        "large JPEG, a restart for each block": lambda: encoded(_flat("L"), "JPEG", restart_marker_blocks=1),
        "large JPEG, wide": lambda: encoded(Image.new("RGB", (65_500, 760)), "JPEG"),
        "large JPEG, arithmetic": lambda: _as_frame(encoded(_rgb_noise(SIDE), "JPEG", **spread), 0xC9),
        "large JPEG, arithmetic and progressive": lambda: _as_frame(_progressive(), 0xCA),
        "large JPEG, cut off": lambda: encoded(_rgb_noise(SIDE), "JPEG", **spread)[:-2000],
        "large JPEG, cut off and progressive": lambda: encoded(_rgb_noise(4400), "JPEG", progressive=True)[:-2000],
        "large JPEG, cut off and of 10 scans": lambda: jpeg_of_scans(1, 4400)[:-2],
    }


def _progressive() -> bytes:
    return encoded(_rgb_noise(SIDE), "JPEG", progressive=True, quality=3)


def _as_frame(data: bytes, marker: int) -> bytes:
    at = max(data.find(b"\xff\xc0\0\x11"), data.find(b"\xff\xc2\0\x11"))
    return data[: at + 1] + bytes([marker]) + data[at + 2 :]


def _pngs() -> dict[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {}
    for name, (kind, bits) in PNG_KINDS.items():
        made[f"large PNG, {name}"] = partial(rows_png, kind, bits, False)
        made[f"large PNG, {name}, interlaced"] = partial(rows_png, kind, bits, True)
    made["large PNG, palette"] = lambda: encoded(_flat("P"), "PNG", transparency=0)
    made["large PNG, bits"] = lambda: encoded(_flat("1"), "PNG")
    made["large PNG, wide"] = lambda: encoded(Image.new("RGBA", (65_535, 760)), "PNG", compress_level=1)
    made["large PNG, noise"] = lambda: encoded(_rgb_noise(2500), "PNG", compress_level=1)
    made["large PNG, filtered by Paeth"] = partial(rows_png, 6, 8, False, 4)
    made["large PNG, a small picture of 20 MB"] = lambda: png(rows=zlib.compress(bytes(4)) + bytes(19_000_000))
    made["large PNG, 20 GB for one pixel"] = lambda: png(rows=zlib.compress(bytes(1_000_000_000), 1) * 4)
    made["large PNG, a palette with profile and text"] = lambda: encoded(_flat("P"), "PNG", icc_profile=bytes(900_000))
    return made


def rows_png(kind: int, bits: int, interlaced: bool, filtered: int = 0) -> bytes:
    """A PNG of zeros, row by row, as Pillow does not write them."""
    packer, packed = zlib.compressobj(1), []
    for width, height in _passes() if interlaced else [(SIDE, SIDE)]:
        row = bytes([filtered]) + bytes(width * CHANNELS[kind] * bits // 8)
        packed += [packer.compress(row * 100) for _ in range(height // 100)] + [packer.compress(row * (height % 100))]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, bits, kind, 0, 0, interlaced))
    data = chunk(b"IDAT", b"".join(packed) + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def _passes() -> Iterator[tuple[int, int]]:
    for x, y, across, down in PASSES:
        yield len(range(x, SIDE, across)), len(range(y, SIDE, down))


def _tiffs() -> dict[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {}
    for packed in TIFF_PACKED:
        for mode in ("L", "RGB", "CMYK") if packed == "jpeg" else TIFF_MODES if packed == "tiff_lzw" else ("L", "RGBA"):
            made[f"large TIFF, {mode} by {packed}"] = partial(_tiff, mode, packed)
    made["large TIFF, RGBA of 16 bits in one strip"] = partial(one_strip, SIDE, SIDE, 4, 16)
    made["large TIFF, RGB of 16 bits in one strip"] = partial(one_strip, SIDE, SIDE, 3, 16)
    made["large TIFF, noise by lzma"] = lambda: encoded(_rgb_noise(2500), "TIFF", compression="lzma")
    made["large TIFF, a huge tile"] = partial(one_tile, 65_536)
    made["large TIFF, a tile of 50 million pixels"] = partial(one_tile, 7008)
    made["large TIFF, a million directories"] = _directories
    return made


def _tiff(mode: str, packed: str) -> bytes:
    return encoded(_flat(mode), "TIFF", compression=packed)


def one_strip(width: int, height: int, samples: int, bits: int) -> bytes:
    """A TIFF by Deflate whose only strip holds zeros."""
    data = zlib.compress(bytes(width * height * samples * bits // 8), 1)
    entries: list[Entry] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, samples, struct.pack("<H", bits) * samples),
    ]
    entries += [(259, 3, 1, 8), (262, 3, 1, 2), (273, 7, len(data), data), (277, 3, 1, samples), (278, 4, 1, height)]
    entries += [(279, 4, 1, len(data)), *([(338, 3, 1, 2)] if samples == 4 else [])]
    made = directory(entries)
    return made.replace(struct.pack("<HHI", 273, 7, len(data)), struct.pack("<HHI", 273, 4, 1))


def one_tile(side: int) -> bytes:
    data = zlib.compress(bytes(min(side, 7008) ** 2), 1)
    entries: list[Entry] = [(256, 4, 1, min(side, SIDE)), (257, 4, 1, min(side, SIDE)), (258, 3, 1, 8), (259, 3, 1, 8)]
    entries += [(262, 3, 1, 1), (277, 3, 1, 1), (322, 4, 1, side), (323, 4, 1, side), (324, 7, len(data), data)]
    made = directory([*entries, (325, 4, 1, len(data))])
    return made.replace(struct.pack("<HHI", 324, 7, len(data)), struct.pack("<HHI", 324, 4, 1))


def _directories() -> bytes:
    """A TIFF of a million directories in a chain."""
    plain = bytearray(directory([(256, 4, 1, 9), (257, 4, 1, 9)]))
    start = len(plain)
    plain[start - 4 : start] = struct.pack("<I", start)
    for number in range(1_000_000):
        plain += struct.pack("<HHHIII", 1, 256, 4, 1, 9, start + 18 * (number + 1))
    return bytes(plain)


def _others() -> dict[str, Callable[[], bytes]]:
    transparent = Image.merge("RGBA", [noise(5700, 5700, seed) for seed in range(4)])
    return {
        "large GIF": lambda: encoded(_flat("P"), "GIF"),
        "large GIF, noise": lambda: encoded(noise(3900, 3900), "GIF"),
        "large GIF, transparent": lambda: encoded(_flat("P"), "GIF", transparency=0),
        "large BMP, bits": lambda: encoded(_flat("1"), "BMP"),
        "large BMP": lambda: encoded(_flat("RGB", 2500), "BMP"),
        "large BMP, runs": lambda: bmp_of_runs(3000, 3300, b"\1\7" * 1_990_000),
        "large WebP": lambda: encoded(_flat("RGB", 5700), "WEBP", method=0),
        "large WebP, without loss": lambda: encoded(_flat("RGBA", 5700), "WEBP", method=0, lossless=True),
        "large WebP, noise": lambda: encoded(_rgb_noise(5700), "WEBP", method=0, quality=10),
        "large WebP, transparent noise": lambda: encoded(transparent, "WEBP", method=0, quality=5, alpha_quality=0),
        "large WebP, fine noise without loss": lambda: encoded(_rgb_noise(2500), "WEBP", method=0, lossless=True),
        "large WebP, animated": lambda: encoded(
            _flat("RGB", 5700), "WEBP", method=0, save_all=True, append_images=[Image.new("RGB", (5700, 5700), "red")]
        ),
    }


def _boxed() -> dict[str, Callable[[], bytes]]:
    tile = replace(item_of(_rgb_noise(2048).reduce(2).resize((2048, 2048)), "HEIF", quality=40), hidden=True)
    made: dict[str, Callable[[], bytes]] = {
        f"large AVIF, {mode}": partial(lambda mode: encoded(_flat(mode), "AVIF", speed=10), mode)
        for mode in ("RGB", "RGBA")
    }
    made["large AVIF, noise"] = lambda: encoded(_rgb_noise(SIDE), "AVIF", speed=10, quality=20)
    made["large AVIF, fine noise"] = lambda: encoded(_rgb_noise(3500), "AVIF", speed=10, quality=95)
    made["large HEIC, flat"] = lambda: boxed([coded("HEIF", SIDE, SIDE)])
    made["large HEIC, a grid of noise"] = lambda: boxed(
        [grid(3, 4, 2048)] + [tile] * 12, [(b"dimg", 1, [*range(2, 14)])]
    )
    return made


def _bounds() -> dict[str, Callable[[], bytes]]:
    """Files that keep each bound of `bounds.py` and `directories.py`, just so."""
    numbers: Any = [(1000 + number, 4, 80_000, bytes(320_000)) for number in range(4)]
    return {
        "bound: scans": lambda: jpeg_of_scans(85, 3400),
        "bound: scans of the largest picture": lambda: jpeg_of_scans(14, SIDE),
        "bound: segments": lambda: jpeg_with(segment(0xFE, bytes(20_000)) * 980),
        "bound: Photoshop's resources": lambda: jpeg_with(
            segment(0xED, b"Photoshop 3.0\0" + (b"8BIM" + bytes(8)) * 5000) * 2
        ),
        "bound: chunks": lambda: png(chunk(b"abCd", bytes(380)) * 49_000),
        "bound: texts": lambda: png(packed_text(b"Text", bytes(1_000_000)) * 60),
        "bound: profiles": lambda: png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 190),
        "bound: blocks": lambda: gif(b"!\1" + (b"\xff" + bytes(255)) * 75_000 + b"\0"),
        "bound: comments": lambda: gif(b"!\xfe" + (b"\xff" + bytes(255)) * 1900 + b"\0"),
        "bound: numbers in EXIF": lambda: directory([(256, 4, 1, 9), (257, 4, 1, 9), *numbers]),
        "bound: tables": lambda: jpeg_with(segment(0xDB, (b"\0" + b"\1" * 64) * 1000)),
        "bound: junk": lambda: jpeg_with(b"\xff" * 99_000),
        "bound: thumbnails": lambda: jpeg_with(segment(0xE1, jpeg(8)) * 900),
    }
