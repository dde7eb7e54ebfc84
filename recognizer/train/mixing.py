"""How much of a fine-tuning is kept: which epoch's weights, and how far from those that it began with.

    mixing = Mixing(predict, likelihood(labels, quality))       # a fastai callback, for one fine-tuning
    choice = choose(mixing.predicted, labels, label_quality)
    network.load_state_dict(mixing.before if choice.step == BEFORE else mixing.kept)

Weights between those before and after are often better than either (WiSE-FT; Wortsman et al., 2022,
https://arxiv.org/abs/2109.01903), and an earlier epoch can be better than the last. Photos that were not learned from
decide, by how likely their labels are. What gains no more than chance would is not kept, so that a network which is
fine-tuned is no worse than the one that it began as, the closed-form head on pretrained layers.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback
from scipy.special import log_softmax
from torch import Tensor, nn

from recognizer.calibration.calibrate import FLOOR, LEAST_TEMPERATURE, MOST_TEMPERATURE, Labels, fit_temperature
from recognizer.networks.lda import even_weights
from recognizer.train.examples import Quality

Logits = npt.NDArray[np.float64]
Score = Callable[[Logits], Logits]
State = dict[str, Tensor]


class Step(NamedTuple):
    """A place on the way of a fine-tuning.

    Args:
        epoch: after which it is; 0 is before the first.
        amount: of the change since the beginning, 0 to 1; of a branch, how much it counts beside the head.
    """

    epoch: int
    amount: float


BEFORE = Step(0, 0.0)
AMOUNTS = (0.5, 1.0)
SURE = 2.0  # standard errors; with one, a step out of many was kept that cost accuracy (docs/experiments.md)


class Choice(NamedTuple):
    """What is kept of a fine-tuning.

    Args:
        step: where on its way; `BEFORE` where nothing is kept.
        gain: in the mean log-likelihood of a label, in nats, of the best step; below 0 where all lose.
        error: the standard error of the gain.
        diverged: whether the last step is worse than guessing; so is one that learned too little, too.
        finite: whether the last step gives numbers at all.
    """

    step: Step
    gain: float
    error: float
    diverged: bool
    finite: bool


class Mixing(Callback):
    """Predicts photos that are not learned from: before a fine-tuning, and at each step of its way.

    Args:
        predict: takes a network and returns its logits of these photos, (n, classes).
        score: says of logits how well they tell each photo, (n,); higher is better.
    """

    order = 70  # after the recorder

    def __init__(self, predict: Callable[[nn.Module], Logits], score: Score) -> None:
        self.predict, self.score = predict, score
        self.predicted: dict[Step, Logits] = {}
        self.before: State = {}
        self.kept: State = {}

    def begin(self, network: nn.Module) -> None:
        """Keep the weights that training begins with, and predict with them."""
        self.trial = copy.deepcopy(network)  # predicting may move a network to another device
        self.before = self.kept = stored(self.trial)
        self.best = -np.inf
        self._try(BEFORE)

    def after_epoch(self) -> None:
        """Predict with each amount of what has changed so far."""
        after = stored(_plain(self.model))
        for amount in AMOUNTS:
            self.trial.load_state_dict(mix(self.before, after, amount))
            self._try(Step(self.epoch + 1, amount))

    def _try(self, step: Step) -> None:
        self.predicted[step] = self.predict(self.trial)
        found = self.score(self.predicted[step])
        if found.mean() > self.best:
            self.best, self.kept = found.mean(), stored(self.trial)


def _plain(network: nn.Module) -> nn.Module:
    """Return the network itself where torch wraps it for several processes."""
    inner: nn.Module = getattr(network, "module", network)
    return inner


def stored(network: nn.Module) -> State:
    """Return a copy of a network's state dict, on the processor."""
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def mix(before: State, after: State, amount: float) -> State:
    """Return weights between two state dicts of one network; whole numbers, which count batches, are those after."""
    return {
        name: torch.lerp(before[name], tensor, amount) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


def choose(predicted: Mapping[Step, Logits], labels: Labels, label_quality: Quality) -> Choice:
    """Choose the step under which labels are likeliest, or `BEFORE` where no gain is beyond chance.

    Args:
        predicted: step to logits of photos that were not learned from, (n, classes); `BEFORE` is among them.
        labels: the number of each one's class, (n,).
        label_quality: how likely each label is right, (n,); each photo counts that much, and all classes alike.
    """
    score = likelihood(labels, label_quality)
    found = {step: score(logits) for step, logits in predicted.items()}
    return choose_by(found, -np.log(predicted[BEFORE].shape[1]))


def choose_by(found: Mapping[Step, Logits], guess: float) -> Choice:
    """Choose the step with the best scores, or `BEFORE` where no gain is beyond chance.

    Args:
        found: step to the score of each photo that was not learned from, (n,); `BEFORE` is among them.
        guess: the mean score of guessing.
    """
    best = max((step for step in found if step != BEFORE), key=lambda step: found[step].mean(), default=BEFORE)
    gain, error = _compare(found[BEFORE], found[best])
    last = found[max(found)]
    kept = best if gain > SURE * error else BEFORE
    return Choice(kept, gain, error, bool(last.mean() < guess), bool(np.isfinite(last).all()))


def is_better(before: Logits, after: Logits, labels: Labels, label_quality: Quality) -> bool:
    """Tell whether labels are likelier by one network's logits than by another's, by more than chance.

    Args:
        before: of photos that this network has not learned from, (n, classes).
        after: of the same photos.
        labels: the number of each one's class, (n,).
        label_quality: how likely each label is right, (n,).
    """
    gain, error = _compare(*map(likelihood(labels, label_quality), (before, after)))
    return gain > SURE * error


def _compare(before: Logits, after: Logits) -> tuple[float, float]:
    """Return the mean difference of paired values, (n,), and its standard error."""
    difference = after - before
    if not np.isfinite(difference).all() or len(difference) < 2:
        return -np.inf, 0.0
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


def likelihood(labels: Labels, label_quality: Quality) -> Score:
    """Return a score of logits: the log-likelihood of each label, where all classes count alike.

    Args:
        labels: the number of each photo's class, (n,).
        label_quality: how likely each label is right, (n,).
    """
    return partial(_log_likelihoods, labels=labels, weights=even_weights(labels, label_quality))


def _log_likelihoods(logits: Logits, labels: Labels, weights: Quality) -> Logits:
    """Return the log-likelihood of each label at the best temperature, times its weight, (n,)."""
    if not np.isfinite(logits).all() or not weights.any():
        return np.full(len(labels), -np.inf)
    _, temperature = fit_temperature(logits, labels, LEAST_TEMPERATURE, MOST_TEMPERATURE, FLOOR, weights)
    logs = log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels]
    return np.asarray(np.maximum(logs, FLOOR) * weights / weights.mean())
