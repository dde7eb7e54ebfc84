"""Wrong labels, by confident learning (Northcutt et al., 2021, https://arxiv.org/abs/1911.00068, package cleanlab).

A classifier on the backbone's features is trained on folds of the training part; each photo is judged by one that
has not seen it or a copy of it. Held-out photos are judged by a classifier of the whole training part, for a person
to look at; no rule ever decides about them, so the accuracy measured on them stays honest.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from recognizer.errors import RecognizerError
from recognizer.features import Features
from recognizer.linear import linear_classifier
from recognizer.photos import Decision, Issue, Photo

CHECK = "label"
FOLDS = 5
WRONG = 0.5  # score from which a label is worth a look
SURE = 0.9  # probability of another label from which the photo gets it
UNLIKELY = 0.05  # probability of its label below which a photo is dropped, where cleanlab agrees
Probabilities = npt.NDArray[np.float64]


def find_wrong_labels(
    photos: Sequence[Photo],
    labels: Sequence[str],
    features: Features,
    groups: Sequence[str],
    held_out: npt.NDArray[np.bool_],
    seed: int,
) -> tuple[list[Issue], list[Decision]]:
    """Judge the label of every photo.

    Args:
        photos: the photos, n of them, copies and empty pictures left out.
        labels: the label of each: the one it was found as, or a person's.
        features: their features, (n, channels).
        groups: the group of each; a group is never split between folds.
        held_out: which of them are held out, (n,).
        seed: of the folds.

    Returns:
        An issue for each photo, with the likeliest other label; its score is over 0.5 where that is likelier than
        its own label, by the normalized margin of the two;
        and the decisions for photos of the training part where it is sure.

    Raises:
        RecognizerError: a class has too few photos for folds.
    """
    classes, numbers = np.unique(np.array(labels), return_inverse=True)
    _check_enough(np.array(labels)[~held_out])
    probabilities = _judge(features, numbers, np.array(groups), held_out, seed)
    quality = get_label_quality_scores(numbers, probabilities, method="normalized_margin")
    wrong = np.zeros(len(photos), dtype=bool)
    wrong[~held_out] = find_label_issues(numbers[~held_out], probabilities[~held_out], n_jobs=1)
    best = probabilities.argmax(axis=1)
    issues, decisions = [], []
    for place, photo in enumerate(photos):
        other = str(classes[best[place]]) if best[place] != numbers[place] else None
        issues.append(Issue(photo.sha256, CHECK, float(np.clip(1 - quality[place], 0, 1)), label=other))
        if other and wrong[place] and probabilities[place, numbers[place]] < UNLIKELY:
            decisions.append(_decide(photo, labels[place], other, float(probabilities[place].max())))
    return issues, decisions


def _decide(photo: Photo, label: str, other: str, probability: float) -> Decision:
    if probability >= SURE:
        return Decision(photo.sha256, "relabel", f"looks like {other} ({probability:.0%})", label=other)
    return Decision(photo.sha256, "drop", f"does not look like {label}")


def _judge(
    features: Features,
    numbers: npt.NDArray[np.intp],
    groups: npt.NDArray[np.str_],
    held_out: npt.NDArray[np.bool_],
    seed: int,
) -> Probabilities:
    """Return out-of-sample probabilities, (n, classes)."""
    training = ~held_out
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities = np.zeros((len(numbers), numbers.max() + 1))
    probabilities[training] = cross_val_predict(
        linear_classifier(),
        features[training],
        numbers[training],
        groups=groups[training],
        cv=folds,
        method="predict_proba",
    )
    if held_out.any():
        model = linear_classifier().fit(features[training], numbers[training])
        probabilities[held_out] = model.predict_proba(features[held_out])
    return probabilities


def _check_enough(labels: npt.NDArray[np.str_]) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if counts.size < 2 or counts.min() < FOLDS:
        few = classes[counts.argmin()] if counts.size else "any class"
        raise RecognizerError(
            f"There are too few photos of “{few}” to check labels: {FOLDS} for training are the least. Collect more."
        )
