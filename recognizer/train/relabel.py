"""Between two rounds of training the network says which labels look wrong, and the next round learns from the rest.

It decides only about photos that it has not learned from (out of fold), and none that is held out. Its probabilities
say how likely a class is by the picture alone, and are not calibrated; the label noise that fits best makes of them how
likely each label is wrong (clean/label_noise.py), and the recipe's precision says how many of those are decided. What
it decides stays with the run: the photo store, and what rules and people decided there, is left as it is.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues

from recognizer.calibration.calibrate import LEAST_TEMPERATURE
from recognizer.clean.label_noise import fit_noise
from recognizer.clean.label_quality import LabelEstimate
from recognizer.clean.rules import decide_labels
from recognizer.recipe import Recipe
from recognizer.splits.split import Split
from recognizer.store.decisions import kind_of
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, Decision, Photo
from recognizer.train.runs import OutOfFold

CAUTION = 2  # times as many decisions go wrong as these probabilities, which choose, say


class NetworkDecision(NamedTuple):
    """What a round's networks decide about a photo.

    Args:
        decision: to drop or to relabel it.
        label_quality: how likely the new label is right, by the same networks; 0 where it is dropped.
    """

    decision: Decision
    label_quality: float


def decide_by_network(recipe: Recipe, store: PhotoStore, out_of_fold: OutOfFold) -> list[NetworkDecision]:
    """Return what a round's networks decide about labels.

    Only labels that confident learning finds wrong as well are decided about (Northcutt et al., 2021,
    https://arxiv.org/abs/1911.00068), and none that a person has decided about. Where no rule has decided anything in
    this store, none is wanted and none decides here; what a person has undone is not decided again.

    Args:
        recipe: the recipe.
        store: the photo store; it is only read.
        out_of_fold: predictions of the round.
    """
    decisions = store.decisions.current()
    if not any(decision.by == AUTO for decision in decisions):
        return []
    people = [decision.photo for decision in decisions if decision.by != AUTO]
    photos = {photo.sha256: photo for photo in store.photos.all()}
    out_of_fold = out_of_fold.only(np.isin(out_of_fold.photos, list(photos)))
    wrong = find_label_issues(out_of_fold.labels, out_of_fold.probabilities, n_jobs=1)
    estimate, names = estimate_labels(recipe.labels, out_of_fold), out_of_fold.photos.tolist()
    allowed = wrong & ~np.isin(out_of_fold.photos, people)
    found = decide_labels([photos[name] for name in names], estimate, allowed, recipe.clean.precision, CAUTION)
    refused = store.decisions.refused()
    rows = dict(zip(names, estimate.probabilities, strict=True))
    return [_by_network(d, recipe.labels, rows[d.photo]) for d in found if kind_of(d) not in refused]


def _by_network(decision: Decision, classes: list[str], probabilities: npt.NDArray[np.floating]) -> NetworkDecision:
    quality = float(probabilities[classes.index(decision.label)]) if decision.label else 0.0
    return NetworkDecision(replace(decision, reason=f"{decision.reason} to the trained network"), quality)


def estimate_labels(classes: list[str], out_of_fold: OutOfFold) -> LabelEstimate:
    """Return how likely each label is wrong, by what a round's networks make of the pictures.

    Args:
        classes: the recipe's, in order.
        out_of_fold: predictions of the round.
    """
    evidence = np.log(np.clip(out_of_fold.probabilities, 1e-12, 1))
    noise = fit_noise(evidence, out_of_fold.labels, LEAST_TEMPERATURE)
    truly = noise.true_class(evidence, out_of_fold.labels)
    wrong = 1 - truly[np.arange(len(truly)), out_of_fold.labels]
    return LabelEstimate(classes, out_of_fold.labels, truly, wrong, np.zeros(len(truly)), noise)


def apply_decisions(split: Split, decisions: Iterable[NetworkDecision]) -> Split:
    """Return a split without the photos that are dropped, and with the labels that are given.

    Args:
        split: of the kept photos.
        decisions: about photos that are not held out.
    """
    decided = {one.decision.photo: one for one in decisions}

    def applied(photos: list[Photo]) -> list[Photo]:
        named = [(photo, decided.get(photo.sha256)) for photo in photos]
        return [_relabelled(photo, one) for photo, one in named if one is None or one.decision.label]

    return replace(split, training=applied(split.training), validation=applied(split.validation))


def _relabelled(photo: Photo, one: NetworkDecision | None) -> Photo:
    if one is None or not one.decision.label or one.decision.label == photo.label:
        return photo
    label, quality = one.decision.label, one.label_quality
    return replace(photo, label=label, label_quality=quality, label_rated=True, likelier="", likelier_quality=0.0)
