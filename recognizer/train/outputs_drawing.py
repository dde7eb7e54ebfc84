"""How often photos with several values are drawn while a branch learns, so that it sees rare classes as often.

    drawn = even_draw(truths)               # (n,), for examples.make_loaders
    shift = shares_again(truths, drawn)     # (total,), to be added to the logits of what learned from that

Weights that make the classes of all outputs count alike at once are found by raking (iterative proportional fitting;
Deming and Stephan, 1940, https://doi.org/10.1214/aoms/1177731829). Numbers have no say: their bins hold about as many
photos each as it is. A network that learned so takes every class for as likely; the shift tells it their shares again.
"""

from collections.abc import Sequence

import numpy as np

from recognizer.splits.values import MISSING, Floats
from recognizer.train.outputs_head import Truth

MOST_OFTEN = 10.0  # times as often as photos are in the mean; a class of few photos is learned by heart otherwise
REPEATS = 20


def even_draw(truths: Sequence[Truth]) -> Floats:
    """Return how often each photo is drawn, 1 in the mean, (n,).

    Args:
        truths: what is known of each output, of n photos.
    """
    drawn = np.ones(len(truths[0].numbers))
    for _ in range(REPEATS):
        for truth in truths:
            if not truth.target.centres:
                known = truth.numbers != MISSING
                wanted = drawn[known].sum() / max(len(np.unique(truth.numbers[known])), 1)
                drawn[known] *= (wanted / np.maximum(truth.counts(drawn), 1e-9))[truth.numbers[known]]
    for _ in range(REPEATS):
        drawn = np.minimum(drawn / drawn.mean(), MOST_OFTEN)
    return np.asarray(drawn)


def shares_again(truths: Sequence[Truth], drawn: Floats) -> Floats:
    """Return what is to be added to the logits of classes, so that they are as likely as they are, (total,).

    Args:
        truths: what is known of each output, of n photos.
        drawn: how often each of these was, (n,).
    """
    shifts = [
        np.zeros(truth.target.width) if truth.target.centres else truth.prior() - truth.log_shares(drawn)
        for truth in truths
    ]
    return np.concatenate(shifts)
