"""Wrong labels and photos of none of the classes, by discriminants that have not seen the photo that they judge.

Several discriminants, each taught by folds of the training part without the photo's copies, are averaged; the noise
that fits the labels best turns them into probabilities (`noise.py`). Whether they look at where things are in a
picture, and how much they are shrunk, is what makes the labels at hand likeliest. What a person is shown is judged by
all other photos. The rules go by a second judgement, which held-out photos have not taught, and never decide about
those, so the accuracy measured on them stays honest; nor do they have a say in the choice of the way for both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp

from recognizer.clean.cross_validation import FOLDS, deal_folds, normalised, out_of_fold
from recognizer.clean.label_noise import LabelNoise, fit_noise
from recognizer.clean.rules import PRECISION, surest
from recognizer.errors import RecognizerError
from recognizer.networks.discriminant import SHRINKAGES
from recognizer.networks.features import PhotoFeatures
from recognizer.store.rows import WORTH_A_LOOK, Decision, Issue, LabelQuality, Photo

CHECK = "label"
OFF_TOPIC = "off_topic"
REPEATS = 4
Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Judgement:
    """What is known of the labels of n photos.

    Args:
        classes: their names, in the order of the probabilities.
        numbers: the number of each photo's label, (n,).
        probabilities: of truly being of each class, the label taken into account, (n, classes).
        off_topic: how surely a photo is nearer to the middle of all photos than to any class, (n,).
        noise: the noise that fits.
    """

    classes: list[str]
    numbers: npt.NDArray[np.intp]
    probabilities: Floats
    off_topic: Floats
    noise: LabelNoise

    @property
    def wrong(self) -> Floats:
        """The probability that the label is wrong, (n,)."""
        wrong: Floats = 1 - self.probabilities[np.arange(len(self.numbers)), self.numbers]
        return wrong.clip(0, 1)

    @property
    def other(self) -> npt.NDArray[np.intp]:
        """The number of the likeliest class besides the label, (n,)."""
        rivals = self.probabilities.copy()
        rivals[np.arange(len(self.numbers)), self.numbers] = -1
        other: npt.NDArray[np.intp] = rivals.argmax(axis=1)
        return other


@dataclass(frozen=True)
class Way:
    """How labels are judged.

    Args:
        features: of n photos, (n, components).
        shrinkage: of their covariance, from 0 to 1.
    """

    features: Floats
    shrinkage: float


def reduce_features(features: PhotoFeatures) -> list[Floats]:
    """Return what labels are judged by, without and with the places of things, (n, components) each."""
    return [normalised(part) for part in (features.overall, features.whole)]


def choose_way(
    labels: Sequence[str], reductions: Sequence[Floats], groups: Sequence[str], held_out: Mask, seed: int
) -> Way:
    """Choose the features and the shrinkage under which the labels of the photos that teach are likeliest.

    Args:
        labels: the label of each photo: the one it was found as, or a person's, n of them.
        reductions: of their features, as `reduce_features` gives them.
        groups: the group of each; a group is never split between folds.
        held_out: which of them are held out and have no say, (n,).
        seed: of the folds.

    Raises:
        RecognizerError: a class has too few photos for folds.
    """
    classes, numbers = np.unique(np.array(labels), return_inverse=True)
    _check_enough(np.array(labels)[~held_out], classes)
    folds = deal_folds(numbers, groups, held_out, seed)
    ways = [Way(reduced, shrinkage) for reduced in reductions for shrinkage in SHRINKAGES]
    tried = [found for reduced in reductions for found in out_of_fold(reduced, numbers, folds, held_out, SHRINKAGES)]
    return ways[int(np.argmax([fit_noise(found[~held_out], numbers[~held_out]).likelihood for found in tried]))]


def judge_labels(labels: Sequence[str], way: Way, groups: Sequence[str], held_out: Mask, seed: int) -> Judgement:
    """Judge the label of every photo.

    Args:
        labels: the label of each: the one it was found as, or a person's, n of them.
        way: as `choose_way` gives it.
        groups: the group of each; a group is never split between folds.
        held_out: which of them are held out and teach nothing, (n,).
        seed: of the folds.
    """
    classes, numbers = np.unique(np.array(labels), return_inverse=True)
    dealt = [deal_folds(numbers, groups, held_out, seed + repeat) for repeat in range(REPEATS)]
    repeats = [out_of_fold(way.features, numbers, folds, held_out, [way.shrinkage])[0] for folds in dealt]
    discriminants = np.mean(repeats, axis=0)
    noise = fit_noise(discriminants[~held_out], numbers[~held_out])
    return Judgement(
        classes.tolist(),
        numbers,
        noise.true_class(discriminants, numbers),
        # Features are centred, so that the middle of all photos has a discriminant of zero.
        expit(-logsumexp(discriminants / noise.temperature, axis=1)),
        noise,
    )


def find_wrong_labels(photos: Sequence[Photo], judgement: Judgement) -> list[Issue]:
    """Return an issue for each photo: its score is the probability that its label is wrong; the label is the likeliest
    other one, with its probability, where that is likelier than its own."""
    issues = []
    rows = zip(photos, judgement.wrong, judgement.probabilities, judgement.other, judgement.numbers, strict=True)
    for photo, wrong, probabilities, other, own in rows:
        better = bool(probabilities[other] > probabilities[own])
        label, probability = (judgement.classes[other], float(probabilities[other])) if better else (None, None)
        issues.append(Issue(photo.sha256, CHECK, float(wrong), label=label, probability=probability))
    return issues


def find_off_topic(photos: Sequence[Photo], judgement: Judgement) -> list[Issue]:
    """Return an issue for each photo unlike its label that is nearer to the middle of all photos than to a class."""
    scores = np.minimum(judgement.off_topic, judgement.wrong)
    pairs = zip(photos, scores, strict=True)
    return [Issue(photo.sha256, OFF_TOPIC, float(score)) for photo, score in pairs if score >= WORTH_A_LOOK]


def decide_labels(
    photos: Sequence[Photo], judgement: Judgement, allowed: Mask, precision: float = PRECISION
) -> list[Decision]:
    """Relabel or drop the photos whose labels are surely wrong.

    Args:
        photos: the photos, n of them.
        judgement: of their labels.
        allowed: which of them may be decided about, (n,).
        precision: share of the decisions that shall be right, by the judgement's own probabilities.
    """
    places = np.flatnonzero(allowed)
    places = places[surest(judgement.wrong[places], precision)]
    likely = judgement.probabilities[places, judgement.other[places]] * (1 - judgement.off_topic[places])
    renamed = places[surest(likely, precision)]
    drops = np.setdiff1d(places, renamed).tolist()
    return [_relabel(photos[p], judgement, p) for p in renamed.tolist()] + [
        _drop(photos[p], judgement, p) for p in drops
    ]


def estimate_label_quality(
    photos: Sequence[Photo], judgement: Judgement, decisions: Iterable[Decision]
) -> list[LabelQuality]:
    """Say how likely the label of each photo is the right one: the judged label, or the one that a rule gives.

    Args:
        photos: the photos, n of them.
        judgement: of their labels.
        decisions: of the rules, so far as they stand.
    """
    given = {decision.photo: decision.label for decision in decisions if decision.label}
    qualities = []
    for photo, own, probabilities in zip(photos, judgement.numbers, judgement.probabilities, strict=True):
        label = given.get(photo.sha256, judgement.classes[own])
        qualities.append(LabelQuality(photo.sha256, label, float(probabilities[judgement.classes.index(label)])))
    return qualities


def _relabel(photo: Photo, judgement: Judgement, place: int) -> Decision:
    number = judgement.other[place]
    label, probability = judgement.classes[number], judgement.probabilities[place, number]
    return Decision(photo.sha256, "relabel", f"looks like {label} ({probability:.0%})", label=label)


def _drop(photo: Photo, judgement: Judgement, place: int) -> Decision:
    label = judgement.classes[judgement.numbers[place]]
    return Decision(photo.sha256, "drop", f"does not look like {label} ({judgement.wrong[place]:.0%})")


def _check_enough(labels: npt.NDArray[np.str_], classes: npt.NDArray[np.str_]) -> None:
    counts = {str(label): int((labels == label).sum()) for label in classes}
    few = min(counts, key=lambda label: counts[label], default="any class")
    if len(counts) < 2 or counts[few] < FOLDS:
        raise RecognizerError(
            f"There are too few photos of “{few}” to check labels: {FOLDS} for training are the least. Collect more."
        )
