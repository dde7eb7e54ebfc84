"""The linear layer says what the classifier says that it was made of."""

import numpy as np
import numpy.typing as npt
import pytest

from recognizer.linear import fit_linear, linear_classifier

CHANNELS = 40


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def made_up(classes: int, kind: type[np.floating]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int_]]:
    """Features around a centre for each class, on different scales, and one that is always the same."""
    rng = np.random.default_rng(1)
    labels = np.arange(30 * classes) % classes
    features = rng.normal(0, 1, (classes, CHANNELS))[labels] + rng.normal(0, 2, (len(labels), CHANNELS))
    features = features * rng.uniform(0.1, 10, CHANNELS) + rng.uniform(-5, 5, CHANNELS)
    features[:, 7] = 4.0
    return features.astype(kind), labels


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 3, 12])
def test_the_layer_agrees_with_the_classifier(classes: int, kind: type[np.floating]) -> None:
    features, labels = made_up(classes, kind)
    weight, bias = fit_linear(features, labels)
    assert (weight.shape, bias.shape) == ((classes, CHANNELS), (classes,))
    expected = linear_classifier(CHANNELS).fit(features, labels).predict_proba(features)
    assert np.abs(softmax(features @ weight.T + bias) - expected).max() < (1e-6 if kind is np.float64 else 1e-5)


def test_the_layer_learns() -> None:
    features, labels = made_up(4, np.float64)
    weight, bias = fit_linear(features, labels)
    assert ((features @ weight.T + bias).argmax(axis=1) == labels).mean() > 0.9
