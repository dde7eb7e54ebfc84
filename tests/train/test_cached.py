"""Cross-validation holds one fold's network at a time, however many folds there are."""

import recognizer.networks.torchvision_cure  # noqa: F401

import gc

import numpy as np
from fastai.callback.core import Callback
from fastai.learner import Learner
from torch import nn

from recognizer.networks.lda import fit_heads
from recognizer.recipe import TrainSettings
from recognizer.train.cached import cross_validate
from recognizer.train.examples import Examples
from recognizer.train.mixing import BEFORE, Step

FOLDS = 5


def test_the_networks_of_folds_are_not_all_in_memory() -> None:
    rng, labels = np.random.default_rng(0), np.arange(60) % 3
    rows = (np.eye(3)[labels] + rng.normal(0, 0.3, (60, 3)))[:, None]
    examples = Examples(rows.astype(np.float16), labels, rows.astype(np.float32), np.ones(60), rows.astype(np.float16))
    network = nn.Sequential(nn.Identity(), nn.Sequential(nn.Linear(3, 3)))
    alive: list[int] = []

    def listener() -> Callback:
        gc.collect()
        alive.append(sum(type(one) is Learner for one in gc.get_objects()))
        return Callback()

    before = sum(type(one) is Learner for one in gc.get_objects())
    folds = np.arange(60) // 3 % FOLDS
    heads = fit_heads(examples.embeddings, labels, folds).folds
    predicted, _ = cross_validate(network, examples, folds, heads, TrainSettings(epochs=1), listener)
    assert list(predicted) == [BEFORE, Step(1, 0.5), Step(1, 1.0)]
    assert all((logits.argmax(axis=1) == labels).mean() > 0.8 for logits in predicted.values())
    assert len(alive) == FOLDS and max(alive) <= before + 2  # the one at work, and the one that it replaces
