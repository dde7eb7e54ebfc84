"""Between two rounds of training the network says which labels look wrong, and the next round learns from the rest.

The network judges only photos that it has not learned from (out of fold), and none that is held out.
"""

import numpy as np
from cleanlab.filter import find_label_issues

from recognizer.photos import AUTO, Decision, PhotoStore
from recognizer.runs import Judged

SURE = 0.9  # probability of another label from which the photo gets it
UNLIKELY = 0.05  # probability of its label below which a photo is dropped, where cleanlab agrees


def recheck_labels(store: PhotoStore, judged: Judged, names: list[str]) -> int:
    """Decide about labels by what a round's networks say; doing it twice changes nothing more.

    Confident learning: Northcutt et al., 2021, https://arxiv.org/abs/1911.00068. Where no rule has decided anything in
    this store, none is wanted and none decides here.

    Args:
        store: the photo store.
        judged: of the round.
        names: of the classes.

    Returns:
        How many photos were decided about.
    """
    standing = {decision.photo: decision for decision in store.decisions() if decision.by == AUTO}
    if not standing:
        return 0
    wrong = find_label_issues(judged.labels, judged.probabilities, n_jobs=1)
    own = judged.probabilities[np.arange(len(judged.labels)), judged.labels]
    places = np.flatnonzero(wrong & (own < UNLIKELY))
    found = [_decide(str(judged.photos[place]), judged.probabilities[place], names) for place in places]
    store.replace_automatic((standing | {decision.photo: decision for decision in found}).values())
    return len(found)


def _decide(photo: str, probabilities: np.ndarray, names: list[str]) -> Decision:
    best = int(probabilities.argmax())
    if probabilities[best] >= SURE:
        reason = f"looks like {names[best]} ({probabilities[best]:.0%}) to the trained network"
        return Decision(photo, "relabel", reason, label=names[best])
    return Decision(photo, "drop", "does not look like its label to the trained network")
