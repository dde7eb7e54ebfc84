"""HEIC and AVIF files made of boxes (ISO/IEC 14496-12 and 23008-12), as programs write them and as none does."""

import struct
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image

from tests.images.hostile import GREEN, encoded

pillow_heif.register_heif_opener()

CODED = {"HEIF": (b"hvc1", b"hvcC", b"heic"), "AVIF": (b"av01", b"av1C", b"avif")}

Reference = tuple[bytes, int, list[int]]  # kind, and numbers of the items from and to which it points


@dataclass
class Item:
    """One item of a file; items have numbers in their order, from 1."""

    kind: bytes
    data: bytes = b""
    properties: list[bytes] = field(default_factory=list)
    hidden: bool = False
    extents: int = 1  # how often its bytes are named


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def full(name: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags) + content)


def extent(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def boxed(items: list[Item], references: list[Reference] | None = None, form: str = "HEIF", primary: int = 1) -> bytes:
    """A file of items, whose data lie in a row behind the boxes."""
    brand = CODED[form][2]
    head = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    place = len(head) + len(_meta(items, references or [], primary, 0)) + 8
    return head + _meta(items, references or [], primary, place) + box(b"mdat", b"".join(item.data for item in items))


def _meta(items: list[Item], references: list[Reference], primary: int, place: int) -> bytes:
    handler = full(b"hdlr", bytes(4) + b"pict" + bytes(13))
    parts = [handler, full(b"pitm", struct.pack(">H", primary)), _places(items, place), _kinds(items)]
    return full(b"meta", b"".join([*parts, _properties(items), _references(references)]))


def _places(items: list[Item], place: int) -> bytes:
    table = struct.pack(">BBH", 0x44, 0, len(items))
    for number, item in enumerate(items, 1):
        table += struct.pack(">HHH", number, 0, item.extents) + struct.pack(">II", place, len(item.data)) * item.extents
        place += len(item.data)
    return full(b"iloc", table)


def _kinds(items: list[Item]) -> bytes:
    entries = b"".join(
        full(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", 2, item.hidden)
        for number, item in enumerate(items, 1)
    )
    return full(b"iinf", struct.pack(">H", len(items)) + entries)


def _properties(items: list[Item]) -> bytes:
    """All properties, each once, and which item has which."""
    all_of_them = list(dict.fromkeys(one for item in items for one in item.properties))
    table = struct.pack(">I", len(items))
    for number, item in enumerate(items, 1):
        table += struct.pack(">HB", number, len(item.properties))
        table += b"".join(struct.pack(">H", 0x8000 | all_of_them.index(one) + 1) for one in item.properties)
    return box(b"iprp", box(b"ipco", b"".join(all_of_them)) + full(b"ipma", table, 0, 1))


def _references(references: list[Reference]) -> bytes:
    entries = b"".join(box(kind, struct.pack(f">HH{len(to)}H", start, len(to), *to)) for kind, start, to in references)
    return full(b"iref", entries)


@cache
def coded(form: str, width: int = 64, height: int = 64, **options: Any) -> Item:
    """A plain picture as an item."""
    return item_of(Image.new("RGB", (width, height), GREEN), form, **options)


def item_of(image: Image.Image, form: str, **options: Any) -> Item:
    kind, configuration, _ = CODED[form]
    plain = encoded(image, form, **options)
    data = plain[plain.rindex(b"mdat") + 4 :]
    at = plain.index(configuration) - 4
    return Item(kind, data, [plain[at : at + int.from_bytes(plain[at : at + 4])], extent(*image.size)])


def grid(rows: int, columns: int, side: int = 64) -> Item:
    width, height = columns * side, rows * side
    data = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    return Item(b"grid", data, [extent(width, height)])


def overlay(layers: int, side: int) -> Item:
    data = struct.pack(">BB4HII", 0, 1, *[0] * 4, side, side) + struct.pack(">ii", 0, 0) * layers
    return Item(b"iovl", data, [extent(side, side)])
