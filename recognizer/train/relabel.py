"""Between two rounds of training the network says which labels look wrong, and the next round learns from the rest.

The network judges only photos that it has not learned from (out of fold), and none that is held out. Its probabilities
say how likely a class is by the picture alone, and are not calibrated; the noise that fits the labels best makes of
them how likely each label is wrong (clean/noise.py), and the recipe's precision says how many of those are decided.
"""

from dataclasses import replace

import numpy as np
from cleanlab.filter import find_label_issues

from recognizer.calibration.calibrate import LEAST_TEMPERATURE
from recognizer.clean.label_noise import fit_noise
from recognizer.clean.label_quality import Judgement, decide_labels
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO
from recognizer.train.runs import Judged


def recheck_labels(recipe: Recipe, store: PhotoStore, judged: Judged) -> int:
    """Decide about labels by what a round's networks say; doing it twice changes nothing more.

    Only labels that confident learning finds wrong as well are decided about (Northcutt et al., 2021,
    https://arxiv.org/abs/1911.00068), and none that a person has decided about. Where no rule has decided anything in
    this store, none is wanted and none decides here.

    Args:
        recipe: the recipe.
        store: the photo store.
        judged: of the round.

    Returns:
        How many photos were decided about.
    """
    decisions = store.decisions.current()
    standing = {decision.photo: decision for decision in decisions if decision.by == AUTO}
    if not standing:
        return 0
    people = [decision.photo for decision in decisions if decision.by != AUTO]
    photos = {photo.sha256: photo for photo in store.photos.all()}
    judged = judged.only(np.isin(judged.photos, list(photos)))
    wrong = find_label_issues(judged.labels, judged.probabilities, n_jobs=1)
    found = decide_labels(
        [photos[sha256] for sha256 in judged.photos.tolist()],
        judge_round(recipe.labels, judged),
        wrong & ~np.isin(judged.photos, people),
        recipe.clean.precision,
    )
    by_network = {d.photo: replace(d, reason=f"{d.reason} to the trained network") for d in found}
    store.decisions.replace_automatic((standing | by_network).values())
    return len(found)


def judge_round(classes: list[str], judged: Judged) -> Judgement:
    """Return how likely each label is wrong, by what a round's networks make of the pictures.

    Args:
        classes: the recipe's, in order.
        judged: of the round.
    """
    evidence = np.log(np.clip(judged.probabilities, 1e-12, 1))
    noise = fit_noise(evidence, judged.labels, LEAST_TEMPERATURE)
    truly = noise.true_class(evidence, judged.labels)
    return Judgement(classes, judged.labels, truly, np.zeros(len(truly)), noise)
