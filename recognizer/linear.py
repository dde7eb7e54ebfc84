"""A linear classifier on features: quick to fit, and the start of the network's head."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTH = 12.8  # inverse regularisation, spread over all features; there are more of them than photos

Floats = npt.NDArray[np.floating]


def linear_classifier(channels: int) -> Pipeline:
    """Return an unfitted classifier of features, with `fit` and `predict_proba`.

    Args:
        channels: how many features a photo has.
    """
    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH / channels, max_iter=500))


def fit_linear(features: Floats, labels: npt.NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Fit a linear classifier and give it as one layer.

    Args:
        features: (photos, channels).
        labels: the number of each photo's class, (photos,), every class present.

    Returns:
        Weight, (classes, channels), and bias, (classes,): logits are `features @ weight.T + bias`.
    """
    scaler, regression = linear_classifier(features.shape[1]).fit(features, labels)
    weight = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - weight @ scaler.mean_
    if len(bias) == 1:  # of two classes, scikit-learn keeps only the second's logit
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return weight, bias
