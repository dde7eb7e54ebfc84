"""The last layer of a network in closed form: linear discriminants of the features before it.

On few photos with some wrong labels they do better than a layer that is learned step by step (docs/experiments.md).
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.preprocessing import StandardScaler

from recognizer.discriminant import Floats, Sums, add_up, fit_discriminants

SHRINKAGES = (0.3, 0.5, 0.7, 0.9)
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
    folds = np.zeros(len(labels), dtype=int)
    folds[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % FOLDS  # of each class about as many
    parts = [_sums(views[folds == fold], labels[folds == fold], int(labels.max()) + 1) for fold in range(FOLDS)]
    everything = sum(parts[1:], parts[0])
    tried = [(*_surprise(views, labels, folds, parts, shrinkage), shrinkage) for shrinkage in SHRINKAGES]
    _, temperature, shrinkage = min(tried)
    weight, bias = (values / temperature for values in fit_discriminants(everything, shrinkage))
    weight = weight.T / scaler.scale_
    return weight, bias - weight @ scaler.mean_


def _sums(views: Floats, labels: Numbers, classes: int) -> Sums:
    return add_up(views.reshape(-1, views.shape[2]), np.repeat(labels, views.shape[1]), classes)


def _surprise(
    views: Floats, labels: Numbers, folds: Numbers, parts: list[Sums], shrinkage: float
) -> tuple[float, float]:
    """Return the mean negative log likelihood of the labels of unseen photos, and the best temperature for it."""
    everything = sum(parts[1:], parts[0])
    logits = np.zeros((*views.shape[:2], len(everything.counts)))
    for fold, part in enumerate(parts):
        weight, bias = fit_discriminants(everything - part, shrinkage)
        logits[folds == fold] = views[folds == fold] @ weight + bias

    def loss(log_temperature: float) -> float:
        rows = log_softmax(logits / np.exp(log_temperature), axis=2)
        return float(-rows[np.arange(len(labels)), :, labels].mean())

    best = minimize_scalar(loss, bounds=(0.0, np.log(MOST_TEMPERATURE)), method="bounded")
    return float(best.fun), float(np.exp(best.x))
