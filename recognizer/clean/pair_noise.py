"""Wrong labels by pairs of classes: how often each class is listed under each other one.

Where a class is listed mostly as one that looks like it, uniform noise takes these labels for right ones of photos that
are hard to tell. Here each pair has a share of its own, found by expectation maximisation (Dawid and Skene, 1979,
https://doi.org/10.2307/2346806) and drawn to the uniform share by a few photos that are made up. So many numbers fit
anything somewhat: they count only where labels that had no say in them are likelier by them than by uniform noise.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from recognizer.calibration.calibrate import Labels
from recognizer.clean.label_noise import LEAST_SHARE, LabelNoise, fit_noise, uniform
from recognizer.networks.lda import Floats

MADE_UP = 5  # photos of each class, listed as uniform noise would list them
TEMPERATURES = np.geomspace(1, 15, 10)
STEPS = 15  # of expectation maximisation at each temperature; they begin with what the one before gave
PARTS = 3  # of the photos; each is judged by the noise of the others


def is_by_pairs(discriminants: Floats, labels: Labels) -> bool:
    """Tell whether labels are likelier by pairs of classes than under uniform noise, each fitted without them.

    Args:
        discriminants: as `cross_validation.out_of_fold` gives them, (n, classes).
        labels: the labels, (n,).
    """
    parts = np.random.default_rng(0).permutation(len(labels)) % PARTS
    gain = 0.0
    for part in range(PARTS):
        own, others = parts == part, parts != part
        pairs, plain = (fit(discriminants[others], labels[others]) for fit in (fit_pairs, fit_noise))
        gain += _likelihood(pairs, discriminants[own], labels[own]) - _likelihood(
            plain, discriminants[own], labels[own]
        )
    return gain > 0


def fit_pairs(discriminants: Floats, labels: Labels) -> LabelNoise:
    """Fit noise by pairs of classes to labels; see `fit_noise`."""
    return max(_tried(discriminants, labels), key=lambda tried: tried[0])[1]


def _tried(discriminants: Floats, labels: Labels) -> Iterator[tuple[float, LabelNoise]]:
    """Give for each temperature the noise, after how likely it makes the labels and the photos that are made up."""
    transitions = uniform(0.1, discriminants.shape[1])
    for temperature in TEMPERATURES:
        looks = softmax(discriminants / temperature, axis=1)
        for _ in range(STEPS):
            transitions, made_up = _step(looks, labels, transitions)
        likelihood = _log_sum(looks, labels, transitions)
        noise = LabelNoise(float(temperature), transitions, likelihood / len(labels))
        yield likelihood + float((made_up * np.log(transitions)).sum()), noise


def _step(looks: Floats, labels: Labels, transitions: Floats) -> tuple[Floats, Floats]:
    """Return likelier transitions, and the photos that were made up for them, by true class and label."""
    joint, classes = looks * transitions.T[labels], len(transitions)
    counts = (joint / joint.sum(axis=1, keepdims=True)).T @ np.eye(classes)[labels]
    share = float(np.clip(1 - np.trace(counts) / len(labels), LEAST_SHARE, (classes - 1) / classes))
    made_up = MADE_UP * uniform(share, classes)
    counts += made_up
    return counts / counts.sum(axis=1, keepdims=True), made_up


def _likelihood(noise: LabelNoise, discriminants: Floats, labels: Labels) -> float:
    return _log_sum(softmax(discriminants / noise.temperature, axis=1), labels, noise.transitions)


def _log_sum(looks: Floats, labels: Labels, transitions: Floats) -> float:
    """Return the log likelihood of all labels."""
    return float(np.log((looks * transitions.T[labels]).sum(axis=1)).sum())
