"""Draws photo-like pictures of cloth: a pattern from `patterns.py`, folded, lit, hung up and photographed."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from recognizer.sample.palette import palette
from recognizer.sample.patterns import PATTERNS, Indices

_WARP_CELLS = 6  # the cloth is bent by moving the corners of this many cells along each side
_BILINEAR = Image.Resampling.BILINEAR

Floats = NDArray[np.float32]
Size = tuple[int, int]  # width and height in pixels


def photograph(pattern: str, rng: np.random.Generator) -> Image.Image:
    """Draw a photo-like picture of cloth with a pattern.

    Args:
        pattern: a key of `PATTERNS`.
        rng: decides colours, scale, angle, folds, light, surroundings and noise.

    Returns:
        An RGB picture, each side 300 to 600 pixels.
    """
    size = _size(rng)
    chosen = PATTERNS[pattern]
    period = max(size) / rng.uniform(*chosen.repeats)
    sheet = _sheet(chosen.draw(rng), period, period * rng.uniform(*chosen.aspect), max(size), rng)
    folds = _Folds(rng)
    cloth = ImageChops.multiply(_bend(sheet, size, folds, rng), _light(size, folds, rng))
    if rng.random() < 0.5:
        cloth = _hang(cloth, rng)
    return _camera(cloth, rng)


def _size(rng: np.random.Generator) -> Size:
    """Choose width and height as cameras do: square, 4:3 or 3:2, lying or standing."""
    longer = int(rng.integers(300, 601))
    shorter = max(300, round(longer / rng.choice((1, 4 / 3, 3 / 2))))
    return (longer, shorter) if rng.random() < 0.6 else (shorter, longer)


def _sheet(repeat: Indices, right: float, down: float, side: int, rng: np.random.Generator) -> Image.Image:
    """Tile a repeat, `right` x `down` pixels large, over a sheet of at least 1.5 times `side` each way."""
    colours = Image.fromarray(palette(rng)[repeat]).resize((round(right), round(down)), Image.Resampling.BOX)
    tile = _weave(np.asarray(colours), rng)
    down_times, right_times = (math.ceil(1.5 * side / length) for length in tile.shape[:2])
    return Image.fromarray(np.tile(tile, (down_times, right_times, 1)))


def _weave(tile: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Darken every other crossing of threads that are two to four pixels thick."""
    thread = int(rng.integers(2, 5))
    rows, columns = (np.arange(length) // thread for length in tile.shape[:2])
    crossing = (rows[:, None] + columns[None, :]) % 2
    threads = 1 - np.float32(rng.uniform(0.03, 0.15)) * crossing[..., None].astype(np.float32)
    return (tile * threads).astype(np.uint8)


class _Folds:
    """Waves that run over the cloth; positions count in picture sides from the middle."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.depth = rng.uniform(0.0, 0.02)
        self.angle = rng.uniform(-0.6, 0.6)
        self.waves = rng.uniform(1.0, 3.5)
        self.phase = rng.uniform(0, 2 * np.pi)

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the height of the cloth, from -1 to 1."""
        along = x * np.cos(self.angle) + y * np.sin(self.angle)
        height: Floats = np.sin(2 * np.pi * self.waves * along + self.phase)
        return height


def _grid(columns: int, rows: int) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, columns), np.linspace(-0.5, 0.5, rows))
    return x.astype(np.float32), y.astype(np.float32)


def _bend(sheet: Image.Image, size: Size, folds: _Folds, rng: np.random.Generator) -> Image.Image:
    """Return the sheet as it appears at an angle, turned, slanted and folded."""
    width, height = size
    x, y = _grid(_WARP_CELLS + 1, _WARP_CELLS + 1)
    turn, slant = np.deg2rad(rng.uniform(-12, 12)), rng.uniform(-0.1, 0.1)
    nearness = 1 + rng.uniform(-0.22, 0.22) * x + rng.uniform(-0.22, 0.22) * y
    right, down = x * width / nearness, y * height / nearness
    wave = folds.depth * max(width, height) * folds.at(x, y)
    source_x = right * np.cos(turn) - down * np.sin(turn) + slant * down + wave
    source_y = right * np.sin(turn) + down * np.cos(turn) + wave * np.sin(folds.angle)
    corners = np.stack([source_x + sheet.width / 2, source_y + sheet.height / 2], axis=-1)
    corners = corners.clip(0, (sheet.width - 1, sheet.height - 1))
    return sheet.transform(size, Image.Transform.MESH, _cells(corners, size), _BILINEAR)


def _cells(c: Floats, size: Size) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Pair each cell of the picture with its four corners on the sheet, as Pillow's MESH wants them."""
    xs = np.linspace(0, size[0], _WARP_CELLS + 1).round().astype(int).tolist()
    ys = np.linspace(0, size[1], _WARP_CELLS + 1).round().astype(int).tolist()
    return [
        (
            (xs[i], ys[j], xs[i + 1], ys[j + 1]),
            tuple(np.concatenate([c[j, i], c[j + 1, i], c[j + 1, i + 1], c[j, i + 1]]).tolist()),
        )
        for j in range(_WARP_CELLS)
        for i in range(_WARP_CELLS)
    ]


def _light(size: Size, folds: _Folds, rng: np.random.Generator) -> Image.Image:
    """Make the light on the cloth, to multiply with: a slope and the shade of the folds."""
    x, y = _grid(16, 16)
    slope = rng.uniform(-0.45, 0.45) * x + rng.uniform(-0.45, 0.45) * y
    shade = rng.uniform(2, 9) * folds.depth * folds.at(x + 0.15 / folds.waves, y)
    brightness = rng.uniform(0.7, 0.95) + slope + shade
    light = Image.fromarray((255 * brightness).clip(40, 255).astype(np.uint8))
    return _grey(light.resize(size, _BILINEAR))


def _grey(image: Image.Image) -> Image.Image:
    return Image.merge("RGB", [image] * 3)


def _hang(cloth: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Hang the cloth before a wall, so that the wall shows at some of its edges, under a soft shadow."""
    width, height = cloth.size
    edges = rng.uniform(0.02, 0.13, 4) * (rng.random(4) < 0.6)
    left, top, right, bottom = edges * (width, height, width, height)
    lower = np.linspace(left, width - right, 9)
    sway = height - bottom - rng.uniform(0, 0.015) * height * np.sin(np.arange(9) * rng.uniform(0.5, 2))
    outline = [(left, top), *zip(lower.tolist(), sway.tolist(), strict=True), (width - right, top)]
    mask = Image.new("L", cloth.size)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    wall = _wall(cloth.size, rng)
    shadow = mask.reduce(8).filter(ImageFilter.BoxBlur(1)).resize(cloth.size, _BILINEAR)
    dark = ImageChops.offset(shadow, width // 60, height // 60).point(lambda value: 255 - value // 2)
    wall = ImageChops.multiply(wall, _grey(dark))
    return Image.composite(cloth, wall, mask)


def _wall(size: Size, rng: np.random.Generator) -> Image.Image:
    """Paint a wall: plain plaster with stains, or boards."""
    grain = rng.uniform(-1, 1, (12, 12, 1)) * rng.uniform(2, 12)
    if rng.random() < 0.4:
        grain = grain[:1] * 2
    colour = rng.uniform(60, 235) + rng.uniform(-25, 25, 3)
    wall = (colour + grain).clip(0, 255).astype(np.uint8)
    return Image.fromarray(wall).resize(size, Image.Resampling.BICUBIC)


def _camera(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Take the picture: a little out of focus, with grain."""
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.BoxBlur(rng.uniform(0.3, 1.2)))
    strength = int(rng.integers(2, 14))
    grain = rng.integers(128 - strength, 129 + strength, (image.height, image.width), np.uint8)
    return ImageChops.add(image, _grey(Image.fromarray(grain)), offset=-128)
