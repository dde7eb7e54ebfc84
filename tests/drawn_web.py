"""Draws a small web for `tests.web`: pictures that are easy to tell apart, and the troubles of the real web.

draw_web(folder, ["Kilim", "Batik"], faults=True) gives a folder for SmallWeb(folder), or for
`python -m tests.web FOLDER`.
"""

from __future__ import annotations

import colorsys
import hashlib
import json
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.web_answers import FAULTS

Field = NDArray[np.float64]

SIZE = (400, 300)  # width and height of a picture, in pixels
HOSTS = ("photos.example", "shop.example", "wiki.example", "blog.example")
BOMB_SIDE = 20_000  # pixels
PAGE = b"<!DOCTYPE html><title>Gone</title><p>This photo has moved."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
TYPES |= {"html": "text/html", "svg": "image/svg+xml"}

# Each is above 0 where the bright colour goes; x and y are angles that grow by a full turn per repeat.
PATTERNS: tuple[Callable[[Field, Field], Field], ...] = (
    lambda x, y: np.sin(x),
    lambda x, y: np.sin(x) * np.sin(y),
    lambda x, y: np.sin(y),
    lambda x, y: np.sin(np.hypot(x, y)),
    lambda x, y: np.cos(x) + np.cos(y) - 0.8,
    lambda x, y: np.sin(x + y),
    lambda x, y: np.maximum(np.cos(x), np.cos(y)) - 0.9,
    lambda x, y: np.sin(y + 2 * np.sin(x / 2)),
    lambda x, y: np.sin(y) * np.sin(8 * np.arctan2(y, x)),
    lambda x, y: np.sin(8 * np.arctan2(y, x)),
    lambda x, y: np.sin(y + 2 * np.arcsin(np.sin(x))),
    lambda x, y: np.sin(x / 2) * np.sin(3 * y),
)


def draw_web(folder: Path, classes: Sequence[str], per_class: int = 6, faults: bool = False, seed: int = 0) -> Path:
    """Write web.json and files/, in the form that `SmallWeb` serves, and return the folder.

    Each class is a query of the same name, listing `per_class` JPEGs, one PNG, one WebP and one JPEG
    that its EXIF orientation (6) turns upright, and with `faults` one of every trouble besides.
    faults.json tells which address has which trouble.

    Args:
        folder: where to write; made if missing.
        classes: the names; twelve have patterns of their own, more share them in other colours.
        per_class: how many plain JPEGs each class gets, at least 1.
        faults: whether to plant the troubles.
        seed: the same seed draws the same web.
    """
    web = DrawnWeb(folder)
    for index, label in enumerate(classes):
        painter = Painter(PATTERNS[index % len(PATTERNS)], index / len(classes), (seed, index))
        shelf = Shelf(web, label)
        add_photos(shelf, painter, per_class)
        if faults:
            add_troubles(shelf, painter)
    web.write()
    return folder


class Painter:
    """Paints pictures of one class, each different.

    Args:
        pattern: one of PATTERNS.
        hue: the colour of the class, 0 to 1.
        seed: the same seed paints the same pictures in the same order.
    """

    def __init__(self, pattern: Callable[[Field, Field], Field], hue: float, seed: tuple[int, int]) -> None:
        self._pattern = pattern
        self._hue = hue
        self._random = np.random.default_rng(seed)

    def paint(self) -> Image.Image:
        """The next picture: pattern and colour of the class, in a light of its own, with things in front."""
        y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float64)
        bright = (self._pattern(*self._turned(x, y)) > 0)[..., None]
        pixels = np.where(bright, self._colour(0.95), self._colour(0.45)) * self._light(x, y)[..., None]
        pixels += self._random.normal(0, 5, bright.shape)
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        self._place_things(image)
        return image

    def flat(self) -> Image.Image:
        """A picture of one colour only."""
        return Image.new("RGB", SIZE, tuple(int(part) for part in self._colour(0.7)))

    def _turned(self, x: Field, y: Field) -> tuple[Field, Field]:
        turn, scale = self._random.uniform(-0.2, 0.2), 2 * math.pi / self._random.uniform(40, 75)
        x, y = x - self._random.uniform(0.2, 0.8) * SIZE[0], y - self._random.uniform(0.2, 0.8) * SIZE[1]
        across, down = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        return across * scale, down * scale

    def _colour(self, brightness: float) -> Field:
        hue = self._hue + self._random.uniform(-0.015, 0.015)
        return np.array(colorsys.hsv_to_rgb(hue % 1, 0.8, brightness)) * 255

    def _light(self, x: Field, y: Field) -> Field:
        direction = self._random.uniform(0, 2 * math.pi)
        slope: Field = x / SIZE[0] * math.cos(direction) + y / SIZE[1] * math.sin(direction)
        light: Field = 1 + 0.4 * (slope - slope.mean())
        return light

    def _place_things(self, image: Image.Image) -> None:
        canvas = ImageDraw.Draw(image)
        for grey in (40, 90, 140, 190, 230):
            left, top = self._random.uniform(0, SIZE[0] - 60), self._random.uniform(0, SIZE[1] - 60)
            width, height = self._random.uniform(50, 130, 2)
            canvas.ellipse((left, top, left + width, top + height), fill=(grey, grey, grey))


class DrawnWeb:
    """The files and addresses of the web that is being drawn."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.queries: dict[str, list[dict[str, Any]]] = {}
        self.resources: dict[str, dict[str, Any]] = {}
        self.kinds: dict[str, str] = {}
        (folder / "files").mkdir(parents=True, exist_ok=True)

    def store(self, content: bytes, extension: str) -> dict[str, Any]:
        """Write a file named by its content; return the resource that serves it."""
        name = f"files/{hashlib.sha256(content).hexdigest()[:16]}.{extension}"
        (self._folder / name).write_bytes(content)
        return {"file": name, "type": TYPES[extension]}

    def write(self) -> None:
        """Write web.json and faults.json."""
        web = {"classes": list(self.queries), "queries": self.queries, "resources": self.resources}
        (self._folder / "web.json").write_text(json.dumps(web, indent=1), encoding="utf-8")
        (self._folder / "faults.json").write_text(json.dumps(self.kinds, indent=1), encoding="utf-8")


class Shelf:
    """The part of a drawn web that one query lists."""

    def __init__(self, web: DrawnWeb, label: str) -> None:
        self._web = web
        self._label = label
        self.results = web.queries.setdefault(label, [])

    def store(self, content: bytes, extension: str) -> dict[str, Any]:
        """Write a file; return the resource that serves it."""
        return self._web.store(content, extension)

    def list(self, resource: dict[str, Any], extension: str, kind: str = "") -> None:
        """Give the resource an address among the results; `kind` names its trouble."""
        number, label = len(self.results) + 1, quote(self._label.lower().replace(" ", "-"))
        host = HOSTS[number % len(HOSTS)]
        address = f"https://{host}/{label}/{number}.{extension}"
        result = {"title": f"{self._label} {number}", "image": address, "thumbnail": address}
        result |= {"url": f"https://{host}/{label}/page/{number}", "source": "Bing"}
        self.results.append(result | {"width": SIZE[0], "height": SIZE[1]})
        self._web.resources[address] = resource
        if kind:
            self._web.kinds[address] = kind

    def first(self) -> dict[str, Any]:
        """The resource behind the first result."""
        return self._web.resources[self.results[0]["image"]]


def add_photos(shelf: Shelf, painter: Painter, count: int) -> None:
    """List `count` JPEGs, a PNG, a WebP and a JPEG that lies on its side."""
    for _ in range(count):
        shelf.list(shelf.store(encode(painter.paint(), "JPEG"), "jpg"), "jpg")
    shelf.list(shelf.store(encode(painter.paint(), "PNG"), "png"), "png")
    shelf.list(shelf.store(encode(painter.paint(), "WEBP"), "webp"), "webp")
    shelf.list(shelf.store(sideways(painter.paint()), "jpg"), "jpg")


def add_troubles(shelf: Shelf, painter: Painter) -> None:
    """List one of every trouble."""
    for status in (404, 403, 410, 500):
        shelf.list({"status": status}, "jpg", f"http_{status}")
    photo = shelf.store(encode(painter.paint(), "JPEG"), "jpg")
    shelf.list({"status": 429, "retry_after": 1, "then": photo}, "jpg", "rate_limited_once")
    for fault in FAULTS:
        shelf.list({"fault": fault} | shelf.store(encode(painter.paint(), "JPEG"), "jpg"), "jpg", fault)
    shelf.list(shelf.first(), "jpg", "exact_duplicate")
    shelf.list(shelf.store(PAGE, "html"), "html", "html_page")
    shelf.list(shelf.store(PAGE, "html") | {"type": TYPES["jpg"]}, "jpg", "html_as_jpeg")
    for kind, (content, extension) in odd_files(painter).items():
        shelf.list(shelf.store(content, extension), extension, kind)


def odd_files(painter: Painter) -> dict[str, tuple[bytes, str]]:
    """Kind to content and extension, of files that are no photo worth keeping."""
    photo = encode(painter.paint(), "JPEG")
    return {
        "truncated": (photo[: len(photo) // 3], "jpg"),
        "svg": (SVG, "svg"),
        "pixel": (encode(Image.new("L", (1, 1)), "GIF"), "gif"),
        "bomb": (bomb(BOMB_SIDE), "png"),
        "flat_colour": (encode(painter.flat(), "JPEG"), "jpg"),
    }


def encode(image: Image.Image, form: str) -> bytes:
    """The bytes of a picture in one of Pillow's formats."""
    content = BytesIO()
    image.save(content, form)
    return content.getvalue()


def sideways(image: Image.Image) -> bytes:
    """A JPEG stored a quarter turn to the left, with the EXIF orientation that turns it back."""
    content, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(content, "JPEG", exif=exif)
    return content.getvalue()


def bomb(side: int) -> bytes:
    """A black RGB PNG of side x side pixels (side a multiple of 100) that was never held in memory."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib_zeros((3 * side + 1) * side // 100, 100))
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def zlib_zeros(length: int, times: int) -> bytes:
    """A zlib stream of length x times zero bytes."""
    # A full flush forgets what came before, so one compressed piece can stand any number of times.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = deflate.compress(bytes(length)) + deflate.flush(zlib.Z_FULL_FLUSH)
    adler32 = (length * times % 65521) << 16 | 1
    return b"\x78\xda" + piece * times + b"\x03\x00" + struct.pack(">I", adler32)
