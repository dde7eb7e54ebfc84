"""Colours for patterns, drawn at random in the same way for all of them."""

import colorsys

import numpy as np
from numpy.typing import NDArray

GROUND, FIGURE, SECOND, ACCENT, BLEND = range(5)


def palette(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw five RGB colours: ground and figure differ clearly in lightness, the others may not.

    Args:
        rng: decides the colours.

    Returns:
        (5, 3) RGB, from 0 to 255, in the order of `GROUND`, `FIGURE`, `SECOND`, `ACCENT` and `BLEND`.
    """
    dark, light = rng.uniform(0.12, 0.36), rng.uniform(0.66, 0.95)
    ground, figure = (dark, light) if rng.random() < 0.5 else (light, dark)
    lightness = [ground, figure, rng.uniform(0.35, 0.65), rng.uniform(0.15, 0.9)]
    chosen = np.array([_colour(rng, value) for value in lightness])
    blend = chosen[:2].mean(axis=0, keepdims=True)
    return np.concatenate([chosen, blend]).astype(np.uint8)


def _colour(rng: np.random.Generator, lightness: float) -> list[float]:
    red, green, blue = colorsys.hls_to_rgb(rng.random(), lightness, rng.uniform(0.0, 0.85))
    return [255 * red, 255 * green, 255 * blue]
