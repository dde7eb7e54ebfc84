"""The energy of logits, on drawn ones whose truth is known."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from recognizer.calibration.abstain import energy
from recognizer.calibration.calibrate import KEPT, Labels, Logits, calibrate

CLASSES, EACH = 6, 500


def drawn(seed: int) -> tuple[Logits, Labels, Logits]:
    """Logits of photos of the classes, their classes, and logits of photos of none."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), EACH)
    known = rng.normal(0, 1, (len(labels), CLASSES))
    known[np.arange(len(labels)), labels] += 6
    return known, labels, rng.normal(0, 1, (400, CLASSES))


def test_photos_of_no_class_have_more_energy() -> None:
    known, labels, _ = drawn(1)
    calibration = calibrate(known, labels)
    unseen, _, none = drawn(2)
    fresh, other = unseen / calibration.temperature, none / calibration.temperature
    energies = energy(np.concatenate([fresh, other]))
    assert roc_auc_score([0] * len(fresh) + [1] * len(other), energies) > 0.98
    assert (energy(fresh) > calibration.limit).mean() == pytest.approx(1 - KEPT, abs=0.005)
    assert (energy(other) > calibration.limit).mean() > 0.8


def test_energy_bears_large_logits_and_few_classes() -> None:
    logits = np.array([[1000.0, 999.0], [-1000.0, -2000.0], [0.0, 0.0]])
    assert energy(logits) == pytest.approx(-logsumexp(logits, axis=1))
    assert energy(logits.astype(np.float32)).dtype == np.float64


def test_what_is_added_to_all_logits_counts_though_probabilities_stay() -> None:
    logits = drawn(1)[0]
    assert energy(logits + 2) == pytest.approx(energy(logits) - 2)
