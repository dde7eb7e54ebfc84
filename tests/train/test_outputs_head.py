"""What the slices of the logits of several outputs mean."""

from dataclasses import asdict

import numpy as np
from scipy.special import softmax

from recognizer.outputs import Output, PhotoClass
from recognizer.splits.values import MISSING, Target
from recognizer.train.outputs_head import OutputCalibration, Truth, calibrate_outputs

WANTED = 0.9
CLASSES = [PhotoClass(name=name) for name in ("red", "green", "blue")]


def test_a_threshold_keeps_its_promise_on_the_probabilities_that_are_served() -> None:
    """Logits that are surer of themselves than they are right are served as they are, and need a higher threshold."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (4000, 3))
    drawn = (rng.random((4000, 1)) > softmax(logits, axis=1).cumsum(axis=1)).sum(axis=1)
    numbers = np.where(np.arange(4000) < 3900, drawn, MISSING)
    truth = Truth(Target(Output(name="colour", classes=CLASSES)), numbers, np.full(4000, np.nan))
    for sharpness in (1.0, 3.0):
        found = calibrate_outputs([truth], logits * sharpness, [0.1], WANTED)["colour"]
        served = found.of(logits * sharpness)
        given = (served.max(axis=1) >= found.threshold) & (numbers != MISSING)
        right = (served.argmax(axis=1) == numbers)[given]
        assert WANTED <= right.mean() < WANTED + 0.02 and len(right) > 1000
        assert found.photos == 3900
        assert found.checked is not None and abs(found.checked - right.mean()) < 0.02
    facts = asdict(found)
    del facts["checked"]  # as an earlier version wrote it
    assert OutputCalibration(**facts).checked is None
