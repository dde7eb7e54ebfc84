"""HEIC and AVIF files that ask for far more than they have bytes, in the boxes that describe a picture."""

from collections.abc import Callable
from dataclasses import replace

from tests.images.boxed_files import Item, box, boxed, coded, extent, full, grid, overlay

_ALPHA = full(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


def _large(form: str = "HEIF") -> Item:
    return coded(form, 4096, 4096, **{"speed": 10} if form == "AVIF" else {})


def _turned(times: int) -> bytes:
    picture = coded("HEIF", 2048, 2048)
    turns = [box(b"irot", b"\1"), box(b"imir", b"\1")] * times
    return boxed([replace(picture, properties=picture.properties + turns)])


def _frames(form: str, count: int) -> bytes:
    picture = _large(form)
    return boxed([replace(picture, data=picture.data * count)], form=form)


def _one_exif(pictures: int, length: int) -> bytes:
    exif = Item(b"Exif", bytes(4) + b"Q" * length)
    shared = [(b"cdsc", pictures + 1, list(range(1, pictures + 1)))]
    return boxed([coded("HEIF")] * pictures + [exif], shared)


def _one_profile(pictures: int, length: int) -> bytes:
    picture = coded("HEIF")
    return boxed([replace(picture, properties=[*picture.properties, box(b"colr", b"prof" + bytes(length))])] * pictures)


def _overlays(layers: int) -> bytes:
    items = [overlay(layers, 4096), *[replace(_large(), hidden=True)] * layers]
    return boxed(items, [(b"dimg", 1, list(range(2, layers + 2)))])


def _nested(kind: Callable[[int], Item], depth: int, wide: int) -> bytes:
    """Items each of which shows the next one several times."""
    items = [replace(kind(wide), hidden=number > 0) for number in range(depth)]
    items += [replace(coded("HEIF"), hidden=True)]
    return boxed(items, [(b"dimg", number, [number + 1] * wide) for number in range(1, depth + 1)])


def _larger_than_said() -> bytes:
    picture = _large("AVIF")
    return boxed([replace(picture, properties=[picture.properties[0], extent(64, 64)])], form="AVIF")


def _transparent_grid() -> bytes:
    tile = replace(_large(), hidden=True)
    alpha = replace(tile, properties=[*tile.properties, _ALPHA])
    items = [grid(1, 2, 4096), tile, tile, alpha, alpha]
    return boxed(items, [(b"dimg", 1, [2, 3]), (b"auxl", 4, [2]), (b"auxl", 5, [3])])


# All of these are ended, or refused by their libraries.
HOSTILE_BOXES: dict[str, Callable[[], bytes]] = {
    "HEIC, turned again and again": lambda: _turned(120),
    "HEIC, frames": lambda: _frames("HEIF", 400),
    "HEIC, pictures that share one EXIF": lambda: _one_exif(900, 1_000_000),
    "HEIC, pictures that share one profile": lambda: _one_profile(900, 1_000_000),
    "HEIC, extents of the same bytes": lambda: boxed([replace(_large(), extents=1000)]),
    "HEIC, four layers": lambda: _overlays(4),
    "HEIC, layers": lambda: _overlays(200),
    "HEIC, layers of layers": lambda: _nested(lambda wide: overlay(wide, 1024), 12, 10),
    "HEIC, grids of grids": lambda: _nested(lambda wide: grid(1, wide), 12, 10),
    "HEIC, a chain": lambda: _nested(lambda _: Item(b"iden", b"", [extent(64, 64)]), 500, 1),
    "HEIC, a grid of one tile": lambda: boxed(
        [grid(100, 100), replace(coded("HEIF"), hidden=True)], [(b"dimg", 1, [2] * 10_000)]
    ),
    "HEIC, a transparent grid": _transparent_grid,
    "HEIC, pictures": lambda: boxed([coded("HEIF")] * 5000),
    "HEIC, sizes": lambda: boxed([replace(coded("HEIF"), properties=[extent(64, 64 + n) for n in range(250)])] * 900),
    "AVIF, frames": lambda: _frames("AVIF", 100),
    "AVIF, larger than it says": _larger_than_said,
    "AVIF, extents of the same bytes": lambda: boxed([replace(_large("AVIF"), extents=1000)], form="AVIF"),
}
