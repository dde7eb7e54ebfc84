"""What the features of a collection tell: cleaning by a judge whom the truth about all other photos teaches.

    judge_limit(recipe, store, known, test)

Such a judge errs only where features do not tell what a photo shows, so that no way to learn from labels of which some
are wrong can be expected to rank much better by the same features.
"""

import numpy as np
import numpy.typing as npt

from benchmarks.cleaning import Figures, Known, Test, linear_accuracy, rank
from recognizer.clean.cross_validation import out_of_fold, teaching_folds
from recognizer.clean.features import further_features, further_networks, photo_features
from recognizer.clean.label_noise import fit_noise
from recognizer.clean.label_quality import REPEATS, LdaSettings, choose_settings, reduce_features
from recognizer.clean.pair_noise import fit_pairs, is_by_pairs
from recognizer.networks.lda import Floats
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore

Labels = npt.NDArray[np.intp]


def judge_limit(recipe: Recipe, store: PhotoStore, known: Known, test: Test) -> Figures:
    """Return how well a judge ranks wrong labels whom right labels teach, with the noise that fits those listed.

    And how often a linear classifier is right that learns each photo as its likeliest class, as far as this judge takes
    that for likely.

    Args:
        recipe: the recipe.
        store: the photo store, cleaned.
        known: what is true of its photos.
        test: other photos, on which the classifier is judged.
    """
    names, listed = np.unique([photo.found_as for photo in known.photos], return_inverse=True)
    teaching = np.isin(known.truth, names)
    places = np.searchsorted(names, known.truth).clip(max=len(names) - 1)
    shown = np.where(teaching, places, listed)
    settings = _settings(recipe, store, known)
    dealings = [_taught(settings, shown, teaching, known.groups, seed) for seed in range(REPEATS)]
    discriminants = np.mean(dealings, axis=0)
    fit = fit_pairs if is_by_pairs(discriminants, listed) else fit_noise
    truly = fit(discriminants, listed).true_class(discriminants, listed)
    right = truly[np.arange(len(listed)), listed]
    accuracy = linear_accuracy(recipe, known, names[truly.argmax(axis=1)], truly.max(axis=1), test)
    return {**rank(1 - right, known.bad, "taught by truth, "), "cleaned, taught by truth": accuracy}


def _settings(recipe: Recipe, store: PhotoStore, known: Known) -> list[LdaSettings]:
    """Choose each network's features and shrinkage as cleaning does, but by the truth."""
    photos, names = known.photos, known.truth.tolist()
    others = (one for _, one in further_features(photos, further_networks(recipe), store.work))
    all_features = [photo_features(photos, recipe.train, store.work), *others]
    nothing = np.zeros(len(photos), dtype=bool)
    return [choose_settings(names, reduce_features(one), known.groups, nothing, 0) for one in all_features]


def _taught(
    settings: list[LdaSettings], shown: Labels, teaching: npt.NDArray[np.bool_], groups: list[str], seed: int
) -> Floats:
    """Return discriminants of photos by all others that show a class, the mean over the networks."""
    nothing = np.zeros(len(shown), dtype=bool)
    folds = teaching_folds(shown, groups, nothing, seed)
    weights = teaching.astype(np.float64)
    found = [out_of_fold(one.features, shown, folds, nothing, [one.shrinkage], weights)[0] for one in settings]
    mean: Floats = np.mean(found, axis=0)
    return mean
