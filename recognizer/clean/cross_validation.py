"""Out-of-fold predictions: discriminants (LDA) of each photo that photos of other groups give."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from recognizer.calibration.calibrate import Labels
from recognizer.networks.lda import Floats, add_sums, fit_discriminants, predict_out_of_fold, sum_classes
from recognizer.splits.split import deal_folds

FOLDS = 5
COMPONENTS = 512  # of the features, at most
FITTED = 4096  # photos that the components are fitted to, at most; more of them change little and fill memory


def reduce_components(features: Floats) -> Floats:
    """Make features fit for discriminants: signed roots (Perronnin et al., 2010), unit variance, fewer components.

    Args:
        features: (n, channels).

    Returns:
        (n, components).
    """
    chosen = np.random.default_rng(0).permutation(len(features))[:FITTED]
    components = min(COMPONENTS, len(chosen), features.shape[1])
    reduction = make_pipeline(
        FunctionTransformer(_signed_roots), StandardScaler(), PCA(components, svd_solver="randomized", random_state=0)
    ).fit(features[chosen])
    starts = range(0, len(features), FITTED)
    return np.concatenate([reduction.transform(features[start : start + FITTED]) for start in starts])


def _signed_roots(features: Floats) -> Floats:
    wide = features.astype(np.float32)
    return np.asarray(np.sign(wide) * np.sqrt(np.abs(wide)))


def teaching_folds(labels: Labels, groups: Sequence[str], held_out: npt.NDArray[np.bool_], seed: int) -> list[Labels]:
    """Deal the photos that teach out into folds of like classes.

    Args:
        labels: the number of each photo's class, (n,).
        groups: the group of each; a group is never split.
        held_out: which of them teach nothing, and are in no fold, (n,).
        seed: of the dealing.

    Returns:
        The places of each fold's photos.
    """
    teaching = np.flatnonzero(~held_out)
    dealt = deal_folds(labels[teaching], np.array(groups)[teaching].tolist(), FOLDS, seed)
    return [teaching[dealt == fold] for fold in range(FOLDS)]


def out_of_fold(
    features: Floats,
    labels: Labels,
    folds: Sequence[Labels],
    held_out: npt.NDArray[np.bool_],
    shrinkages: Sequence[float],
    weights: Floats | None = None,
) -> list[Floats]:
    """Return the discriminants that other photos give each photo.

    Args:
        features: as `reduce_components` gives them, (n, channels).
        labels: the number of each photo's class, (n,).
        folds: of the photos that teach, as `teaching_folds` gives them.
        held_out: which of them teach nothing, and get what all others give, (n,).
        shrinkages: of the covariance, from 0 to 1.
        weights: how much each photo teaches, (n,); all teach 1 without.

    Returns:
        For each shrinkage discriminants, (n, classes): log probabilities of the classes, up to a number that all
        classes of a photo share.
    """
    classes = int(labels.max()) + 1
    teaching = np.ones(len(labels)) if weights is None else weights
    parts = [sum_classes(features[fold], labels[fold], classes, teaching[fold]) for fold in folds]
    everything = add_sums(parts)
    predictions = []
    for shrinkage in shrinkages:
        found = predict_out_of_fold(features, folds, parts, shrinkage)
        weight, bias = fit_discriminants(everything, shrinkage)
        found[held_out] = features[held_out] @ weight + bias
        predictions.append(found)
    return predictions
