"""Copies of one picture found under different labels: which label is right, by the picture and by all its labels.

A person decides, but sees first the copy whose label is likelier wrong, with the likelier label suggested.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from recognizer.clean.label_quality import LabelEstimate
from recognizer.store.rows import Issue, Photo

TINY = 1e-300  # the logarithm of a probability of 0 is not finite
Floats = npt.NDArray[np.floating]


def suggest_labels(conflicts: Sequence[Issue], photos: Sequence[Photo], estimate: LabelEstimate) -> list[Issue]:
    """Suggest a label for each conflict, and put it to the copy that is not under that label.

    Args:
        conflicts: issues about a photo and its twin; no twin has a conflict of its own.
        photos: those whose labels were estimated, n of them; a copy that is not among them was dropped, which settles
            its conflict.
        estimate: of their labels; copies have not taught each other's estimate.
    """
    places = {photo.sha256: place for place, photo in enumerate(photos)}
    settled: dict[str, Issue] = {}
    for issue in conflicts:
        turned = replace(issue, photo=issue.twin or "", twin=issue.photo)
        pair = [places.get(issue.photo), places.get(turned.photo)]
        known = [place for place in pair if place is not None]
        if len(known) == 2:
            truly = true_class_of_copies(estimate, known)
            label = estimate.classes[int(truly.argmax())]
            issue, turned = (replace(one, label=label, probability=float(truly.max())) for one in (issue, turned))
            is_other = photos[known[0]].found_as == label
        else:
            is_other = pair[0] is not None
        chosen = turned if is_other and turned.photo not in settled else issue
        settled[chosen.photo] = chosen
    return list(settled.values())


def true_class_of_copies(estimate: LabelEstimate, places: Sequence[int]) -> Floats:
    """Return the probabilities of a picture's truly being of each class, all labels that it has taken into account.

    The picture counts once, by the mean of what its copies tell; each label counts for itself (label_noise.py).

    Args:
        estimate: of labels, each by itself.
        places: of the picture's copies.

    Returns:
        Probabilities, (classes,).
    """
    rows = estimate.probabilities[list(places)]
    labels = estimate.noise.told_by(estimate.labels[list(places)])
    picture = (np.log(np.maximum(rows, TINY)) - labels).mean(axis=0)
    truly: Floats = softmax(picture + labels.sum(axis=0))
    return truly
