"""How likely each label is right, by discriminants (LDA) that have not learned from the photo.

Several discriminants, each taught by folds of the training part without the photo's copies, are averaged, and so are
those of several networks' features; the label noise that fits best turns them into probabilities (label_noise.py, or
pair_noise.py where some classes are listed as some others). Half of the discriminants are taught anew, by each photo
only as far as the first half takes its label for right: wrong labels teach little then, and yet no error of the first
half decides alone (docs/experiments.md). Whether they take into account where things are in a picture, and how much
they are shrunk, is what makes the labels at hand likeliest, for each network by itself. What a person is shown is
estimated from all other photos. The rules go by a second estimate, which held-out photos have not taught, and never
decide about those, so the accuracy measured on them stays honest; nor do they have a say in the choice of settings for
both.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp

from recognizer.calibration.calibrate import Labels
from recognizer.clean.cross_validation import FOLDS, out_of_fold, reduce_components, teaching_folds
from recognizer.clean.features import PhotoFeatures
from recognizer.clean.label_noise import LabelNoise, fit_noise, least_wrong
from recognizer.clean.pair_noise import fit_pairs, is_by_pairs
from recognizer.errors import RecognizerError
from recognizer.networks.lda import SHRINKAGES, Floats
from recognizer.store.rows import WORTH_A_LOOK, Decision, Issue, LabelQuality, Photo

CHECK = "label"
OFF_TOPIC = "off_topic"
REPEATS = 4
Mask = npt.NDArray[np.bool_]
Fit = Callable[[Floats, Labels], LabelNoise]


@dataclass(frozen=True)
class LabelEstimate:
    """What is known of the labels of n photos.

    Args:
        classes: their names, in the order of the probabilities.
        labels: the number of each photo's class, (n,).
        probabilities: of truly being of each class, the label taken into account, (n, classes).
        surely_wrong: the least probability that the label is wrong, of those that each dealing of folds gives under
            uniform noise that labels do not speak against, (n,).
        off_topic: how surely a photo is nearer to the middle of all photos than to any class, (n,).
        noise: the label noise that fits.
    """

    classes: list[str]
    labels: Labels
    probabilities: Floats
    surely_wrong: Floats
    off_topic: Floats
    noise: LabelNoise

    @property
    def wrong(self) -> Floats:
        """The probability that the label is wrong, (n,)."""
        return 1 - _of_own(self.probabilities, self.labels)

    @property
    def other(self) -> Labels:
        """The number of the likeliest class besides the label, (n,)."""
        rivals = self.probabilities.copy()
        rivals[np.arange(len(self.labels)), self.labels] = -1
        other: Labels = rivals.argmax(axis=1)
        return other


@dataclass(frozen=True)
class LdaSettings:
    """What the discriminants of one network are made of.

    Args:
        features: of n photos, (n, components).
        shrinkage: of their covariance, from 0 to 1.
    """

    features: Floats
    shrinkage: float


def reduce_features(features: PhotoFeatures) -> list[Floats]:
    """Return the features to choose from of one network, without and with the places of things, (n, components)."""
    return [reduce_components(part) for part in (features.overall, features.whole)]


def choose_settings(
    names: Sequence[str], reductions: Sequence[Floats], groups: Sequence[str], held_out: Mask, seed: int
) -> LdaSettings:
    """Choose the features and the shrinkage under which the labels of the photos that teach are likeliest.

    Args:
        names: the label of each photo: the one it was found as, or a person's, n of them.
        reductions: of their features, as `reduce_features` gives them.
        groups: the group of each; a group is never split between folds.
        held_out: which of them are held out and have no say, (n,).
        seed: of the folds.
    """
    _, labels = np.unique(np.array(names), return_inverse=True)
    folds = teaching_folds(labels, groups, held_out, seed)
    settings = [LdaSettings(reduced, shrinkage) for reduced in reductions for shrinkage in SHRINKAGES]
    tried = [found for reduced in reductions for found in out_of_fold(reduced, labels, folds, held_out, SHRINKAGES)]
    return settings[int(np.argmax([fit_noise(found[~held_out], labels[~held_out]).likelihood for found in tried]))]


def estimate_labels(
    names: Sequence[str], settings: Sequence[LdaSettings], groups: Sequence[str], held_out: Mask, seed: int
) -> LabelEstimate:
    """Estimate of every photo which class it truly is of.

    Args:
        names: the label of each: the one it was found as, or a person's, n of them.
        settings: of each network, as `choose_settings` gives them.
        groups: the group of each; a group is never split between folds.
        held_out: which of them are held out and teach nothing, (n,).
        seed: of the folds.
    """
    classes, labels = np.unique(np.array(names), return_inverse=True)
    dealings = [teaching_folds(labels, groups, held_out, seed + repeat) for repeat in range(REPEATS)]
    tried = _taught_twice(settings, labels, dealings[0], held_out, fit_pairs)[~held_out]
    fit: Fit = fit_pairs if is_by_pairs(tried, labels[~held_out]) else fit_noise
    found = [_taught_twice(settings, labels, folds, held_out, fit) for folds in dealings]
    discriminants = np.mean(found, axis=0)
    # Shares of so many pairs are too little sure for rules to go by.
    if fit is fit_pairs:
        found = [_taught_twice(settings, labels, folds, held_out, fit_noise) for folds in dealings]
    noise = fit(discriminants[~held_out], labels[~held_out])
    return LabelEstimate(
        classes.tolist(),
        labels,
        noise.true_class(discriminants, labels),
        np.min([least_wrong(one, labels, ~held_out) for one in found], axis=0),
        # Features are centred, so that the middle of all photos has a discriminant of zero.
        expit(-logsumexp(discriminants / noise.temperature, axis=1)),
        noise,
    )


def _taught_twice(
    settings: Sequence[LdaSettings], labels: Labels, folds: Sequence[Labels], held_out: Mask, fit: Fit
) -> Floats:
    """Return discriminants, the mean of those that labels as found teach and of those that likely labels teach."""
    first = _taught(settings, labels, folds, held_out)
    noise = fit(first[~held_out], labels[~held_out])
    quality = _of_own(noise.true_class(first, labels), labels)
    return (first + _taught(settings, labels, folds, held_out, quality)) / 2


def _taught(
    settings: Sequence[LdaSettings],
    labels: Labels,
    folds: Sequence[Labels],
    held_out: Mask,
    weights: Floats | None = None,
) -> Floats:
    """Return out-of-fold discriminants, the mean over the networks."""
    found = [out_of_fold(one.features, labels, folds, held_out, [one.shrinkage], weights) for one in settings]
    mean: Floats = np.mean(found, axis=(0, 1))
    return mean


def _of_own(probabilities: Floats, labels: Labels) -> Floats:
    """Return the probability of each photo's own label, (n,)."""
    own: Floats = probabilities[np.arange(len(labels)), labels].clip(0, 1)
    return own


def find_wrong_labels(photos: Sequence[Photo], estimate: LabelEstimate) -> list[Issue]:
    """Return an issue for each photo: its score is the probability that its label is wrong; the label is the likeliest
    other one, with its probability, where that is likelier than its own."""
    issues = []
    rows = zip(photos, estimate.wrong, estimate.probabilities, estimate.other, estimate.labels, strict=True)
    for photo, wrong, probabilities, other, own in rows:
        better = bool(probabilities[other] > probabilities[own])
        label, probability = (estimate.classes[other], float(probabilities[other])) if better else (None, None)
        issues.append(Issue(photo.sha256, CHECK, float(wrong), label=label, probability=probability))
    return issues


def find_off_topic(photos: Sequence[Photo], estimate: LabelEstimate) -> list[Issue]:
    """Return an issue for each photo unlike its label that is nearer to the middle of all photos than to a class."""
    scores = np.minimum(estimate.off_topic, estimate.wrong)
    pairs = zip(photos, scores, strict=True)
    return [Issue(photo.sha256, OFF_TOPIC, float(score)) for photo, score in pairs if score >= WORTH_A_LOOK]


def rate_labels(photos: Sequence[Photo], estimate: LabelEstimate, decisions: Iterable[Decision]) -> list[LabelQuality]:
    """Return how likely the label of each photo is right: the estimated label, or the one that a rule gives.

    And which class is likelier, where another one is.

    Args:
        photos: the photos, n of them.
        estimate: of their labels.
        decisions: of the rules, so far as they stand.
    """
    given = {decision.photo: decision.label for decision in decisions if decision.label}
    qualities = []
    for photo, own, probabilities in zip(photos, estimate.labels, estimate.probabilities, strict=True):
        label = given.get(photo.sha256, estimate.classes[own])
        quality = LabelQuality(photo.sha256, label, float(probabilities[estimate.classes.index(label)]))
        best = int(probabilities.argmax())
        if probabilities[best] > quality.probability:
            likelier, probability = estimate.classes[best], float(probabilities[best])
            quality = replace(quality, likelier=likelier, likelier_probability=probability)
        qualities.append(quality)
    return qualities


def without_likelier(qualities: Iterable[LabelQuality]) -> list[LabelQuality]:
    """Return them without the classes that are likelier."""
    return [replace(one, likelier="", likelier_probability=0.0) for one in qualities]


def small_classes(names: Sequence[str], held_out: Mask) -> dict[str, int]:
    """Return the classes that have too few photos for folds, with how many they have.

    Args:
        names: the label of each photo, n of them.
        held_out: which of them are held out, (n,).

    Raises:
        RecognizerError: fewer than two classes have enough, so that nothing can be compared.
    """
    taught = Counter(name for name, is_held_out in zip(names, held_out, strict=True) if not is_held_out)
    small = {name: taught[name] for name in sorted(set(names)) if taught[name] < FOLDS}
    if len(set(names)) - len(small) < 2:
        few = f", and “{min(small, key=lambda name: small[name])}” has {min(small.values())}" if small else ""
        raise RecognizerError(
            f"There are too few photos to check labels: at least two classes need {FOLDS} training photos{few}; "
            "collect more."
        )
    return small
