"""What the blind sample says: how accurate the network is, and how many labels are wrong, each with its interval.

A person named the class of randomly drawn held-out photos without knowing label or suggestion (splits/blind.py), so
neither wrong labels nor what the network doubts bends these figures. They are of the photos in which the person could
tell: one that shows none of the classes counts as wrongly labelled, and where the network answers, as wrongly answered;
accuracy itself is of the photos that show a class. One in which nothing could be told counts for nothing.

Intervals are exact. Those for the held-out part allow for the photos that were not drawn, and end in a point where all
were (hypergeometric); those for further photos found in the same way allow for these as well (binomial; Clopper and
Pearson, 1934). That each class has its share makes the sample less variable than they suppose (Hoeffding, 1956,
https://doi.org/10.1214/aoms/1177728178), so they hold the truth at least as often as they say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, hypergeom

from recognizer.store.rows import BlindAnswer, Photo

CONFIDENCE = 0.95
Mask = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]


def count_answers(sample: Sequence[Photo], population: int, answers: Mapping[str, BlindAnswer]) -> dict[str, int]:
    """Return how far the blind sample is: `population`, `drawn`, `answered` by people, and of these `unclear`, `none`
    and `decided_before` (a person had decided about the photo in review, and so had seen its label).

    Args:
        sample: as `draw_sample` draws it.
        population: how many photos it was drawn from.
        answers: what people saw, by the sha256 of the photos.
    """
    known = [answers[photo.sha256] for photo in sample if photo.sha256 in answers]
    return {
        "population": population,
        "drawn": len(sample),
        "answered": len(known),
        "unclear": sum(one.seen == "unclear" for one in known),
        "none": sum(one.seen == "none" for one in known),
        "decided_before": sum(one.decided_before for one in known),
    }


def blind_figures(
    sample: Sequence[Photo], unseen: int, answers: Mapping[str, BlindAnswer], likeliest: Names, is_answered: Mask
) -> dict[str, Any]:
    """Return what the sample says, once a person has answered for all of it.

    Args:
        sample: n photos, at least one.
        unseen: how many photos of the population are not in it.
        answers: what people saw, by the sha256 of the photos.
        likeliest: the name of the network's likeliest class, (n,).
        is_answered: whether the network gives an answer, (n,).

    Returns:
        `accuracy`, `selective_accuracy` and `label_noise` (share of wrong labels), each an object of `share`, `photos`
        (that it is of), `interval` (for all held-out photos) and `interval_further` (for further ones found in the same
        way), or None where it is of no photo.
    """
    known = [answers[photo.sha256] for photo in sample]
    told = np.array([one.seen != "unclear" for one in known])
    seen = np.array([one.label or "" for one in known])
    right = likeliest == seen
    return {
        "accuracy": _share(right[told & (seen != "")], unseen),
        "selective_accuracy": _share(right[told & is_answered], unseen),
        "label_noise": _share((np.array([photo.found_as for photo in sample]) != seen)[told], unseen),
    }


def finite_interval(found: int, drawn: int, unseen: int) -> list[float]:
    """Return the exact 95 % interval of a share in a finite population, of which a simple random sample was drawn.

    Args:
        found: how many of the drawn ones have it.
        drawn: how many were drawn, at least one.
        unseen: how many were not.
    """
    total, tail = drawn + unseen, (1 - CONFIDENCE) / 2
    having = np.arange(found, found + unseen + 1)
    likely = (hypergeom.sf(found - 1, total, having, drawn) > tail) & (
        hypergeom.cdf(found, total, having, drawn) > tail
    )
    low, high = having[likely][[0, -1]] / total
    return [round(float(low), 4), round(float(high), 4)]


def _share(found: Mask, unseen: int) -> dict[str, Any] | None:
    """Describe a share; those that were not drawn are all supposed to be of its kind, which makes it the wider."""
    if not len(found):
        return None
    count = int(found.sum())
    further = binomtest(count, len(found)).proportion_ci(CONFIDENCE, method="exact")
    return {
        "share": round(count / len(found), 4),
        "photos": len(found),
        "interval": finite_interval(count, len(found), unseen),
        "interval_further": [round(float(further.low), 4), round(float(further.high), 4)],
    }
