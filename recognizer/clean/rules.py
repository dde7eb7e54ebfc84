"""What rules decide without a person: as many labels as can be decided at a stated precision.

The probabilities that choose are the likeliest to be too high, so the rules go by the least that a photo has under all
noise that the labels do not speak against (label_noise.py), and in several dealings of folds. Where few labels are
wrong, or classes are hard to tell, that is too little for any decision. They relabel only where a new label by itself
is as sure as the precision wants, and else drop. Chosen by collections (docs/experiments.md).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recognizer.clean.label_quality import LabelEstimate
from recognizer.recipe import CleanSettings
from recognizer.store.rows import Decision, Photo
from recognizer.words.words import SOURCE, words_in

PRECISION = CleanSettings().precision
Mask = npt.NDArray[np.bool_]


def surest(probabilities: npt.NDArray[np.floating], precision: float) -> Mask:
    """Choose the longest head of a ranking that keeps a precision.

    Args:
        probabilities: of being right, calibrated, (n,).
        precision: the mean probability that the chosen ones keep.

    Returns:
        Which are chosen, (n,).
    """
    order = np.argsort(-probabilities, kind="stable")
    means = np.cumsum(probabilities[order]) / np.arange(1, len(order) + 1)
    chosen = np.zeros(len(order), dtype=bool)
    chosen[order[means >= precision]] = True
    return chosen


def decide_labels(
    photos: Sequence[Photo],
    estimate: LabelEstimate,
    allowed: Mask,
    precision: float = PRECISION,
    caution: float = 1.0,
) -> list[Decision]:
    """Relabel or drop the photos whose labels are surely wrong.

    Args:
        photos: the photos, n of them.
        estimate: of their labels.
        allowed: which of them may be decided about, (n,).
        precision: share of the decisions that shall be right.
        caution: how many times too seldom the estimate takes a label for wrong that is right.
    """
    places = np.flatnonzero(allowed)
    places = places[surest(estimate.surely_wrong[places], 1 - (1 - precision) / caution)]
    likely = estimate.probabilities[places, estimate.other[places]] * (1 - estimate.off_topic[places])
    renamed = places[likely >= precision]
    dropped = np.setdiff1d(places, renamed)
    return [
        *(_relabel(photos[place], estimate, place) for place in renamed.tolist()),
        *(_drop(photos[place], estimate, place) for place in dropped.tolist()),
    ]


def _relabel(photo: Photo, estimate: LabelEstimate, place: int) -> Decision:
    number = estimate.other[place]
    label, probability = estimate.classes[number], estimate.probabilities[place, number]
    return Decision(photo.sha256, "relabel", f"looks like {label} ({_sure(probability)})", label=label)


def _drop(photo: Photo, estimate: LabelEstimate, place: int) -> Decision:
    label = estimate.classes[estimate.labels[place]]
    return Decision(photo.sha256, "drop", f"does not look like {label} ({_sure(estimate.wrong[place])})")


def _sure(probability: float) -> str:
    return words_in(SOURCE).percent(probability)
