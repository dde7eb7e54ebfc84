"""Twelve textile patterns, each drawn as one repeat that tiles without a seam.

A pattern draws no colours but an index map: a `TILE` x `TILE` array that names, for each pixel, an entry of
the palette (`GROUND`, `FIGURE`, ...). Colours come from `palette.py`, which is the same for all patterns, so
that colour says nothing about which pattern it is.

    repeat = PATTERNS["argyle"].draw(rng)          # uint8, palette indices
    rgb = palette(rng)[repeat]                     # uint8, TILE x TILE x 3
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognizer.sample.palette import ACCENT, BLEND, FIGURE, GROUND, SECOND

Indices = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Point = tuple[float, float]

TILE = 192  # pixels on each side of a repeat; it is scaled down afterwards, which smooths its edges

_AXIS = (np.arange(TILE, dtype=np.float32) + 0.5) / TILE
X, Y = np.meshgrid(_AXIS, _AXIS)


@dataclass(frozen=True)
class Pattern:
    """How one textile pattern is drawn.

    draw: makes one repeat from a random generator.
    repeats: smallest and largest number of repeats along the longer side of a picture.
    aspect: smallest and largest height of a repeat, in widths.
    """

    draw: Callable[[np.random.Generator], Indices]
    repeats: tuple[float, float]
    aspect: tuple[float, float] = (0.9, 1.1)


def _paint(*layers: tuple[Mask, int]) -> Indices:
    """Lay masks over the ground, later ones on top."""
    repeat = np.zeros((TILE, TILE), np.uint8)
    for mask, index in layers:
        repeat[mask] = index
    return repeat


def _over(repeat: Indices, motif: Indices, right: float = 0.0, down: float = 0.0) -> Indices:
    """Lay a motif over a repeat, moved by parts of a tile; what leaves on one side enters on the other."""
    moved = np.roll(motif, (round(down * TILE), round(right * TILE)), axis=(0, 1))
    return np.where(moved > 0, moved, repeat)


def _shapes(shapes: Sequence[tuple[Sequence[Point], int]]) -> Indices:
    """Fill polygons given in parts of a tile, later ones on top."""
    image = Image.new("L", (TILE, TILE), GROUND)
    pen = ImageDraw.Draw(image)
    for outline, index in shapes:
        pen.polygon([(x * TILE, y * TILE) for x, y in outline], fill=index)
    return np.array(image)


def _petal(angle: float, inner: float, outer: float, width: float, centre: Point = (0.5, 0.5)) -> list[Point]:
    """Outline a leaf shape that points from `centre` to `angle` (radians), from `inner` to `outer`."""
    along = np.linspace(0.0, 1.0, 9)
    half = width * np.sin(np.pi * along**0.8)
    reach = inner + (outer - inner) * along
    out_and_back = np.concatenate([reach, reach[::-1]])
    aside = np.concatenate([half, -half[::-1]])
    x = centre[0] + out_and_back * math.cos(angle) - aside * math.sin(angle)
    y = centre[1] + out_and_back * math.sin(angle) + aside * math.cos(angle)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _disc(radius: float, centre: Point = (0.5, 0.5)) -> list[Point]:
    turns = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    return [(centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)) for t in turns]


def _argyle(rng: np.random.Generator) -> Indices:
    x = 2 * X % 1
    diamond = np.abs(x - 0.5) + np.abs(Y - 0.5) < 0.5
    width = rng.uniform(0.025, 0.05)
    lines = (np.abs(x - Y) < width) | (np.abs(x + Y - 1) < width)
    if rng.random() < 0.4:
        lines &= 12 * Y % 1 < 0.6
    other = SECOND if rng.random() < 0.6 else FIGURE
    return _paint((diamond & (X < 0.5), FIGURE), (diamond & (X >= 0.5), other), (lines, ACCENT))


def _chevron(rng: np.random.Generator) -> Indices:
    height = 2 * np.abs(X - 0.5) * rng.uniform(0.7, 1.2)
    band = (Y + height) % 1
    share = rng.uniform(0.4, 0.6)
    layers = [(band < share, FIGURE)]
    if rng.random() < 0.4:
        layers.append((np.abs(band - share / 2) < 0.1, SECOND))
    return _paint(*layers)


def _gingham(rng: np.random.Generator) -> Indices:
    share = rng.uniform(0.46, 0.54)
    down, across = share > X, share > Y
    return _paint((down | across, BLEND), (down & across, FIGURE))


def _houndstooth(rng: np.random.Generator) -> Indices:
    slant = X if rng.random() < 0.5 else 1 - X
    twill = (8 * slant + 8 * Y) % 4 < 2
    return _paint((np.where(twill, slant < 0.5, Y < 0.5), FIGURE))


def _ikat(rng: np.random.Generator) -> Indices:
    threads = rng.normal(0.0, rng.uniform(0.045, 0.07), TILE // 6).repeat(6)
    y = (Y + threads.astype(np.float32)[None, :]) % 1
    distance = np.abs(X - 0.5) + rng.uniform(0.8, 1.2) * np.abs(y - 0.5)
    rings = np.sort(rng.uniform(0.0, 0.07, 4) + np.array([0.12, 0.24, 0.36, 0.48]))
    order = (ACCENT, GROUND, SECOND, FIGURE)
    return _paint(*((distance < ring, index) for ring, index in zip(rings[::-1], order[::-1], strict=True)))


def _teardrop(scale: float, curl: float) -> list[Point]:
    """Outline a bent drop: a round belly whose narrowing tip turns aside by `curl` radians."""
    along = np.linspace(0.0, 1.0, 24)
    bend = curl * along**1.6
    steps = np.stack([np.sin(bend), -np.cos(bend)]) * 0.52 / 24
    spine = steps.cumsum(axis=1) + np.array([[-0.06], [0.16]])
    half = 0.165 * np.sqrt(np.minimum(1.0, along * 5)) * (1 - along) ** 0.75
    sides = np.stack([np.cos(bend), np.sin(bend)]) * half
    outline = np.concatenate([spine + sides, (spine - sides)[:, ::-1]], axis=1)
    return [(0.5 + scale * x, 0.5 + scale * y) for x, y in outline.T.tolist()]


def _paisley(rng: np.random.Generator) -> Indices:
    curl, size = rng.uniform(1.7, 2.4), rng.uniform(1.25, 1.4)
    rings = [(size, FIGURE), (0.8 * size, GROUND), (0.66 * size, SECOND), (0.36 * size, ACCENT)]
    motif = _shapes([(_teardrop(scale, curl), index) for scale, index in rings])
    repeat = _over(_over(np.zeros_like(motif), motif), motif[:, ::-1], 0.5, 0.5)
    dots = _shapes([(_disc(0.035), FIGURE)])
    return _over(_over(repeat, dots, 0.5, 0.0), dots, 0.0, 0.5)


def _pinstripe(rng: np.random.Generator) -> Indices:
    width = rng.uniform(0.035, 0.06)
    offsets = (0.5,) if rng.random() < 0.75 else (0.42, 0.58)
    lines = np.any([np.abs(X - offset) < width for offset in offsets], axis=0)
    return _paint((lines, FIGURE))


def _polkadot(rng: np.random.Generator) -> Indices:
    dot = _shapes([(_disc(rng.uniform(0.13, 0.22)), FIGURE)])
    other = np.where(dot > 0, ACCENT, 0).astype(np.uint8) if rng.random() < 0.3 else dot
    return _over(dot, other, 0.5, 0.5)


def _tartan(rng: np.random.Generator) -> Indices:
    widths = np.concatenate([rng.uniform(5, 14, 3), rng.uniform(1, 2.5, 3)])[[0, 3, 1, 4, 2, 5]]
    third = FIGURE if rng.random() < 0.4 else BLEND
    colours = np.array([GROUND, FIGURE, SECOND, ACCENT, third, GROUND], np.uint8)
    half = colours[np.searchsorted(widths.cumsum() / widths.sum(), _AXIS[::2]).clip(0, 5)]
    sett = np.concatenate([half, half[::-1]])
    twill = (64 * (X + Y)) % 4 < 2
    return np.where(twill, sett[None, :], sett[:, None])


def _flower(rng: np.random.Generator, size: float) -> Indices:
    petals, turn = int(rng.integers(5, 8)), rng.uniform(0, 2 * np.pi)
    bloom = FIGURE if rng.random() < 0.6 else ACCENT
    leaves = [(_petal(turn + side, 0.5 * size, 1.6 * size, 0.2 * size), SECOND) for side in (0.4, 2.4)]
    turns = turn + np.arange(petals) * 2 * np.pi / petals
    bloomed = [(_petal(angle, 0.1 * size, size, 1.7 * size / petals), bloom) for angle in turns]
    heart = ACCENT if bloom == FIGURE else SECOND
    return _shapes([*leaves, *bloomed, (_disc(0.24 * size), heart)])


def _floral(rng: np.random.Generator) -> Indices:
    repeat = np.zeros((TILE, TILE), np.uint8)
    for right, down in ((0.0, 0.0), (0.5, 0.1), (0.1, 0.5), (0.6, 0.6)):
        jitter = rng.uniform(-0.07, 0.07, 2)
        repeat = _over(repeat, _flower(rng, rng.uniform(0.14, 0.24)), right + jitter[0], down + jitter[1])
    return repeat


def _basketweave(rng: np.random.Generator) -> Indices:
    strands = int(rng.integers(2, 4))
    upright = (X < 0.5) ^ (Y < 0.5)
    across, along = np.where(upright, X, Y), np.where(upright, Y, X)
    gap = np.abs(2 * strands * across % 1 - 0.5) > 0.4
    dip = np.abs(2 * along % 1 - 0.5) > 0.44
    other = SECOND if rng.random() < 0.4 else FIGURE
    return _paint((upright, FIGURE), (~upright, other), (gap | dip, GROUND))


def _palmette(rng: np.random.Generator) -> Indices:
    """Draw a fan of leaves that is the same on both sides of its upright middle."""
    base, up = (0.5, 0.62), -np.pi / 2
    spread = rng.uniform(0.45, 0.6)
    reaches = (0.34, 0.28, 0.24, 0.2) * rng.uniform(0.9, 1.05, 4)
    leaves = [
        (_petal(up + side * step * spread, 0.04, reach, 0.055, base), BLEND)
        for step, reach in enumerate(reaches)
        for side in (-1, 1)
    ]
    stem = [(_petal(-up + side, 0.03, 0.2, 0.035, base), BLEND) for side in (-0.7, 0.0, 0.7)]
    return _shapes([*leaves, *stem, (_disc(0.035, base), GROUND)])


def _damask(rng: np.random.Generator) -> Indices:
    motif = _palmette(rng)
    wave = 0.25 * (1 + np.cos(2 * np.pi * (Y - 0.5)))
    frame = np.abs(np.abs(X - 0.5) - wave) < rng.uniform(0.025, 0.045)
    repeat = _over(_paint((frame, BLEND)), motif)
    return _over(repeat, motif, 0.5, 0.5)


PATTERNS: dict[str, Pattern] = {
    "argyle": Pattern(_argyle, (2.0, 4.5), (0.8, 1.05)),
    "basketweave": Pattern(_basketweave, (3.0, 6.0)),
    "chevron": Pattern(_chevron, (4.0, 9.0), (0.6, 1.0)),
    "damask": Pattern(_damask, (2.0, 4.0), (1.2, 1.6)),
    "floral": Pattern(_floral, (1.6, 3.5)),
    "gingham": Pattern(_gingham, (7.0, 14.0)),
    "houndstooth": Pattern(_houndstooth, (5.0, 10.0)),
    "ikat": Pattern(_ikat, (2.0, 4.0), (1.4, 1.9)),
    "paisley": Pattern(_paisley, (2.0, 3.8), (1.0, 1.3)),
    "pinstripe": Pattern(_pinstripe, (8.0, 16.0)),
    "polkadot": Pattern(_polkadot, (4.0, 9.0)),
    "tartan": Pattern(_tartan, (2.0, 4.0)),
}
