"""ICC profiles, made by the formulas of their colour spaces."""

import struct

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Red, green, blue and white of a screen as x and y; white is D65.
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
WHITE = np.array([0.3127 / 0.329, 1, (1 - 0.3127 - 0.329) / 0.329])
# Bradford's adaptation of D65 to D50, in which profiles tell their colours.
TO_D50 = np.array(
    [[1.0478112, 0.0228866, -0.0501270], [0.0295424, 0.9904844, -0.0170491], [-0.0092345, 0.0150436, 0.7521316]]
)


def to_xyz(primaries: tuple[tuple[float, float], ...]) -> Matrix:
    """The matrix from linear red, green and blue to XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    return columns * np.linalg.solve(columns, WHITE)


def screen_profile(primaries: tuple[tuple[float, float], ...], gamma: float | None = None) -> bytes:
    """A profile of a screen; its curve is that of sRGB unless a gamma is given."""
    columns = (TO_D50 @ to_xyz(primaries)).T
    curve = _gamma(gamma) if gamma else _srgb_curve()
    tags = {name + b"XYZ": _xyz(column) for name, column in zip((b"r", b"g", b"b"), columns, strict=True)}
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    return profile(b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma)})


def ink_profile() -> bytes:
    """A printer with inks paler than Pillow's own formula has them: black ink alone gives a middle grey."""
    levels = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), -1).reshape(-1, 4)  # of cyan, magenta, yellow, black
    lightness = 255 - 30 * levels[:, :3].sum(1) - 128 * levels[:, 3]
    table = np.stack([lightness, np.full(16, 128), np.full(16, 128)], -1).clip(0, 255).astype(np.uint8)
    return profile(b"CMYK", b"Lab ", {b"A2B0": _table(4, 2, table.tobytes())}, b"prtr")


def endless_profile() -> bytes:
    """A profile that calculates each colour by 20,000 steps, written once and named 20,000 times."""
    step = b"matf" + bytes(4) + struct.pack(">HH12f", 3, 3, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0, 0)
    steps = 20_000
    place = struct.pack(">II", 16 + 8 * steps, len(step)) * steps
    endless = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, steps) + place + step
    return profile(b"RGB ", b"XYZ ", {b"D2B0": endless, b"D2B1": endless, b"A2B0": _table(3, 2, bytes(24))})


def profile(space: bytes, between: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    tags = {b"wtpt": _xyz(np.array([0.9642, 1, 0.8249])), **tags}
    table, body, first = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", first + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4s4s4s4s4s6H", first + len(body), b"test", b"\4\x40\0\0", kind, space, between, *[1] * 6)
    head += b"acsp" + bytes(28) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return head + bytes(128 - len(head)) + table + body


def _xyz(values: Matrix) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def _srgb_curve() -> bytes:
    values = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(value * 65536) for value in values))


def _table(channels: int, grid: int, colours: bytes) -> bytes:
    unit = struct.pack(">9i", *(65536 * (number % 4 == 0) for number in range(9)))
    ramp = bytes(range(256))
    return b"mft1" + bytes(4) + bytes([channels, 3, grid, 0]) + unit + ramp * channels + colours + ramp * 3
