"""The last layer of a network in closed form: linear discriminants of the features before it.

On few photos with some wrong labels they do better than a layer that is learned step by step (docs/experiments.md).
"""

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from recognizer.calibrate import fit_temperature
from recognizer.discriminant import (
    SHRINKAGES,
    Floats,
    Sums,
    add_together,
    add_up,
    fit_discriminants,
    judge_folds,
)

FOLDS = 3
MOST_TEMPERATURE = 100.0
Numbers = npt.NDArray[np.int_]
Layer = tuple[Floats, Floats]


def fit_linear(features: Floats, labels: Numbers) -> Layer:
    """Fit the layer; the shrinkage and temperature are those under which labels of unseen photos are likeliest.

    Args:
        features: of all views of each photo, (n, views, channels).
        labels: the number of each photo's class, (n,), every class present.

    Returns:
        Weight, (classes, channels), and bias, (classes,): logits are `features @ weight.T + bias`.
    """
    scaler = StandardScaler().fit(features.reshape(-1, features.shape[2]))
    views = scaler.transform(features.reshape(-1, features.shape[2])).reshape(features.shape)
    order = np.argsort(labels, kind="stable")
    folds = [order[fold::FOLDS] for fold in range(FOLDS)]  # of each class about as many
    parts = [_sums(views[fold], labels[fold], int(labels.max()) + 1) for fold in folds]
    numbers = np.repeat(labels, views.shape[1])
    tried = []
    for shrinkage in SHRINKAGES:
        logits = judge_folds(views, folds, parts, shrinkage)
        loss, temperature = fit_temperature(logits.reshape(-1, logits.shape[2]), numbers, 1.0, MOST_TEMPERATURE)
        tried.append((loss, temperature, shrinkage))
    _, temperature, shrinkage = min(tried)
    weight, bias = (values / temperature for values in fit_discriminants(add_together(parts), shrinkage))
    weight = weight.T / scaler.scale_
    return weight, bias - weight @ scaler.mean_


def _sums(views: Floats, labels: Numbers, classes: int) -> Sums:
    return add_up(views.reshape(-1, views.shape[2]), np.repeat(labels, views.shape[1]), classes)
