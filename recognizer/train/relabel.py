"""Between two rounds of training the network says which labels look wrong, and the next round learns from the rest.

It decides only about photos that it has not learned from (out of fold), and none that is held out. Its probabilities
say how likely a class is by the picture alone, and are not calibrated; the label noise that fits best makes of them how
likely each label is wrong (clean/label_noise.py), and the recipe's precision says how many of those are decided. What
it decides stays with the run: the photo store, and what rules and people decided there, is left as it is.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
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


def decide_by_network(recipe: Recipe, store: PhotoStore, out_of_fold: OutOfFold) -> list[Decision]:
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
    found = decide_labels(
        [photos[sha256] for sha256 in out_of_fold.photos.tolist()],
        estimate_labels(recipe.labels, out_of_fold),
        wrong & ~np.isin(out_of_fold.photos, people),
        recipe.clean.precision,
    )
    refused = store.decisions.refused()
    return [replace(d, reason=f"{d.reason} to the trained network") for d in found if kind_of(d) not in refused]


def estimate_labels(classes: list[str], out_of_fold: OutOfFold) -> LabelEstimate:
    """Return how likely each label is wrong, by what a round's networks make of the pictures.

    Args:
        classes: the recipe's, in order.
        out_of_fold: predictions of the round.
    """
    evidence = np.log(np.clip(out_of_fold.probabilities, 1e-12, 1))
    noise = fit_noise(evidence, out_of_fold.labels, LEAST_TEMPERATURE)
    truly = noise.true_class(evidence, out_of_fold.labels)
    return LabelEstimate(classes, out_of_fold.labels, truly, np.zeros(len(truly)), noise)


def apply_decisions(split: Split, decisions: Iterable[Decision]) -> Split:
    """Return a split without the photos that are dropped, and with the labels that are given.

    Args:
        split: of the kept photos.
        decisions: about photos that are not held out.
    """
    decided = {decision.photo: decision for decision in decisions}

    def applied(photos: list[Photo]) -> list[Photo]:
        named = [(photo, decided.get(photo.sha256)) for photo in photos]
        return [_relabelled(photo, decision) for photo, decision in named if not _drops(decision)]

    return replace(split, training=applied(split.training), validation=applied(split.validation))


def _drops(decision: Decision | None) -> bool:
    return decision is not None and decision.action == "drop"


def _relabelled(photo: Photo, decision: Decision | None) -> Photo:
    if decision is None or not decision.label or decision.label == photo.label:
        return photo
    return replace(photo, label=decision.label, label_quality=1.0)
