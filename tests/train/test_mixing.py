"""What is kept of a fine-tuning: what photos that were not learned from gain by, beyond chance."""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import pytest
import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.losses import CrossEntropyLossFlat
from torch import nn

from recognizer.train.mixing import BEFORE, Logits, Mixing, Step, choose, likelihood, mix, stored

LABELS = np.arange(200) % 4
SURE = np.ones(200)
END = Step(3, 1.0)


def logits(evidence: float, seed: int = 0) -> Logits:
    return np.random.default_rng(seed).normal(0, 1, (200, 4)) + evidence * np.eye(4)[LABELS]


def test_what_gains_is_kept_and_an_earlier_step_where_that_is_best() -> None:
    steps = {BEFORE: logits(1), Step(1, 1.0): logits(2.5), Step(3, 0.5): logits(3), END: logits(2)}
    choice = choose(steps, LABELS, SURE)
    assert choice.step == Step(3, 0.5) and choice.gain > 2 * choice.error > 0 and not choice.diverged


@pytest.mark.parametrize("seed", range(3))
def test_what_gains_no_more_than_chance_would_is_not_kept(seed: int) -> None:
    steps = {BEFORE: logits(2, seed), Step(1, 0.5): logits(2, seed) + 0.01 * logits(0, 9), END: logits(1.5, seed)}
    assert choose(steps, LABELS, SURE).step == BEFORE


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_never_kept(value: float) -> None:
    choice = choose({BEFORE: logits(1), END: np.full((200, 4), value)}, LABELS, SURE)
    assert choice.step == BEFORE and choice.diverged and not choice.finite


def test_what_is_worse_than_guessing_still_gives_numbers() -> None:
    choice = choose({BEFORE: logits(1), END: logits(-3)}, LABELS, SURE)
    assert choice.step == BEFORE and choice.finite


def test_photos_count_as_far_as_their_labels_are_likely_right() -> None:
    doubtful = np.arange(200) < 100
    better = np.where(doubtful[:, None], logits(-3), logits(3))  # where labels are right
    steps = {BEFORE: logits(1), END: better}
    assert choose(steps, LABELS, SURE).step == BEFORE
    assert choose(steps, LABELS, np.where(doubtful, 0.01, 1.0)).step == END


def test_all_classes_count_alike_however_many_photos_they_have() -> None:
    many = np.flatnonzero(LABELS != 3)
    chosen = np.concatenate([many, np.flatnonzero(LABELS == 3)[:8]])
    labels = LABELS[chosen]
    worse = np.where((labels == 3)[:, None], logits(-3)[chosen], logits(3)[chosen])  # for the few
    assert choose({BEFORE: logits(1)[chosen], END: worse}, labels, np.ones(len(labels))).step == BEFORE


def tune(mixing: Mixing) -> nn.Module:
    """A small network after three epochs; the same at each call."""
    torch.manual_seed(0)
    rows, targets = torch.randn(32, 5), torch.arange(32) % 2
    loader = DataLoader(list(zip(rows, targets, strict=True)), bs=8, shuffle=False)
    learner = Learner(DataLoaders(loader, loader), nn.Linear(5, 2), CrossEntropyLossFlat())
    learner.remove_cb(ProgressCallback)
    mixing.begin(learner.model)
    with learner.no_logging():
        learner.fit_one_cycle(3, 0.1, cbs=[mixing])
    network: nn.Module = learner.model
    return network


def outputs(network: nn.Module) -> Logits:
    rows = torch.randn(20, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return np.asarray(network(rows).double().numpy())


def test_each_step_of_a_training_is_predicted() -> None:
    mixing = Mixing(outputs, likelihood(np.arange(20) % 2, np.ones(20)))
    whole = outputs(tune(mixing))
    assert list(mixing.predicted) == [BEFORE, *(Step(epoch, amount) for epoch in (1, 2, 3) for amount in (0.5, 1.0))]
    assert np.allclose(mixing.predicted[END], whole)


def test_weights_are_mixed_and_counters_are_not() -> None:
    before, after = stored(nn.BatchNorm1d(2)), stored(nn.BatchNorm1d(2))
    after["weight"] += 1
    after["num_batches_tracked"] += 3
    mixed = mix(before, after, 0.25)
    assert mixed["weight"].tolist() == [1.25, 1.25] and mixed["num_batches_tracked"] == 3
