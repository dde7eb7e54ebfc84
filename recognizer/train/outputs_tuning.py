"""Fine-tuning of a network with several outputs: its last layers learn from what all outputs lose together.

    tuned = tune(recipe, split, truths, start, backbone, work, watch)
    tuned.network           # the whole network, or None where nothing is kept of it
    tuned.choice            # how much is kept, and what that gains

The layers before run once over each augmented view, as cached.py has it. The validation photos, from which neither the
tuned layers nor the heads that they start with have learned, say how much is kept (mixing.py).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import Learner
from fastai.torch_core import set_seed
from torch import Tensor, nn

from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone
from recognizer.networks.extractors import maps_extractor
from recognizer.networks.forward import extract
from recognizer.networks.grid import make_grid_head
from recognizer.networks.head import put_head, split_last
from recognizer.networks.lda import Layer
from recognizer.networks.stages import cut, freeze_early, put_back
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Split
from recognizer.splits.values import MISSING, Floats
from recognizer.train.cached_features import predict_features
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import Examples, make_loaders
from recognizer.train.fitting import fit, make_listener, make_tuner, recorded
from recognizer.train.mixing import BEFORE, Choice, Mixing, Step, choose_by, stored
from recognizer.train.outputs_distributions import PERCENTILES
from recognizer.train.outputs_head import Truth
from recognizer.train.outputs_losses import Losses, known_values

FEWEST = 5  # values of an output among validation photos; of fewer nobody could say whether tuning helps
NEAR = 0.03  # of a number's range: percentiles that differ by less are near each other


class Tuned(NamedTuple):
    """What a fine-tuning gives.

    Args:
        network: the whole network, its temperatures folded in; None where nothing is kept.
        logits: of the validation photos, by that network, or by the one that it began as, (n, total).
        choice: how much is kept.
        curves: how it went.
    """

    network: nn.Sequential | None
    logits: Floats
    choice: Choice
    curves: Curves


def tune(
    recipe: Recipe, split: Split, truths: Sequence[Truth], start: Layer, backbone: Backbone, work: Path, watch: Watch
) -> Tuned:
    """Fine-tune the last layers of a backbone and the heads of all outputs.

    Args:
        recipe: the recipe; it wants some epochs.
        split: the photos; those of validation are not learned from.
        truths: what is known of each output, of `split.learning`.
        start: the heads, of all places of the grid, learned from `split.training` only.
        backbone: the backbone; the tuned layers are put into it where they are kept.
        work: the work folder, which keeps what the frozen layers gave.
        watch: told about photos.

    Raises:
        RecognizerError: an output has too few values, or the backbone cannot be cut.
    """
    settings = recipe.train
    learns = np.arange(len(split.learning)) < len(split.training)
    _check_enough(truths, learns)
    network, examples = _prepare(split, truths, start, backbone, settings, work, watch)
    losses = Losses([truth.of(learns) for truth in truths])
    training, validation = examples.of(learns), examples.of(~learns)
    score = _Score(losses, validation)
    judging = Mixing(lambda trial: predict_features(trial, validation.served).logits, score)
    stopping = _StopByPercentiles(judging, score, [truth.of(~learns) for truth in truths])
    learner = _make_learner(network, training, validation, losses, settings)
    listener = make_listener(settings, 1, len(split.training), watch)
    fit(learner, settings, settings.seed, [listener(), judging, *([stopping] if settings.stop_by != "loss" else [])])
    scores, kept = {step: score(logits) for step, logits in judging.predicted.items()}, judging.kept
    choice = choose_by(scores, -len(truths))
    if stopping.reached:
        reached = choose_by({step: scores[step] for step in (BEFORE, stopping.reached)}, -len(truths))
        choice, kept = reached._replace(step=stopping.reached), stored(learner.model)
    logits, curves = judging.predicted[choice.step], make_curves([recorded(learner)])
    if choice.step == BEFORE:
        return Tuned(None, logits, choice, curves)
    learner.model.load_state_dict(kept)
    divisors = score.divisors(logits)
    return Tuned(_join(learner.model, divisors, backbone), logits / divisors.numpy(), choice, curves)


def _check_enough(truths: Sequence[Truth], learns: npt.NDArray[np.bool_]) -> None:
    """Refuse to tune where an output has too few values to learn from, or to tell whether that helps.

    Args:
        truths: of each output, of n photos.
        learns: which of them are learned from; the others are those of validation, (n,).
    """
    for truth in truths:
        known = truth.numbers != MISSING
        fewest = int(min(known[learns].sum(), known[~learns].sum()))
        if fewest < FEWEST:
            raise RecognizerError(
                f"{fewest} photos with a value of {truth.target.output.name} are too few to tell whether fine-tuning "
                "helps; set epochs = 0 under [train] in the recipe, or bring more photos."
            )


def _prepare(
    split: Split,
    truths: Sequence[Truth],
    start: Layer,
    backbone: Backbone,
    settings: TrainSettings,
    work: Path,
    watch: Watch,
) -> tuple[nn.Sequential, Examples]:
    """Cut a backbone, run its frozen layers over photos, and return what is tuned and what that learns from."""
    freeze_early(backbone.layers, settings.tuned)
    frozen, tuned = cut(backbone.layers, settings.tuned, settings.backbone)
    maps = extract(split.learning, maps_extractor(frozen, backbone, settings), work, settings.views, watch)["maps"]
    network = nn.Sequential(tuned, make_grid_head(backbone, settings.size, len(start.bias)))
    put_head(network, start)
    known: Any = known_values(truths)  # what an output is, or how much, stands for labels
    alike = np.ones(len(maps))
    return network, Examples(maps, known, np.empty((len(maps), 0)), alike, maps[:, :1])


def _make_learner(
    network: nn.Sequential, training: Examples, validation: Examples, losses: Losses, settings: TrainSettings
) -> Learner:
    set_seed(settings.seed, reproducible=True)
    dls = make_loaders(training, validation, settings.batch, training.label_quality)
    return make_tuner(dls, network, losses, losses.right)


def _join(fitted: nn.Sequential, divisors: Tensor, backbone: Backbone) -> nn.Sequential:
    """Put tuned layers and heads, with their temperatures, onto the layers that they were cut off."""
    tuned, head = fitted.cpu().children()
    put_back(tuned, backbone.layers)
    network = nn.Sequential(backbone.layers, head)
    _, last = split_last(network)
    with torch.no_grad():
        last.weight.div_(divisors[:, None])
        last.bias.div_(divisors)
    return network


class _Score:
    """How little each validation photo loses, each output at its best temperature."""

    def __init__(self, losses: Losses, validation: Examples) -> None:
        self.losses, self.known = losses, torch.from_numpy(validation.labels)

    def __call__(self, logits: Floats) -> Floats:
        """Return scores, (n,), of logits, (n, total); higher is better."""
        if not np.isfinite(logits).all():
            return np.full(len(logits), -np.inf)
        rows = torch.from_numpy(logits) / self.divisors(logits)
        return np.asarray(-self.losses.of_photos(rows, self.known).numpy(), dtype=np.float64)

    def divisors(self, logits: Floats) -> Tensor:
        """Return what each logit is to be divided by, (total,)."""
        return self.losses.divisors(self.losses.temperatures(torch.from_numpy(logits), self.known))


class _StopByPercentiles(Callback):
    """Ends a fine-tuning once the percentiles of all predicted numbers are near those of the true ones.

    A network whose answers are distributed as the truth need not be right about any photo: this is for whoever wants
    the distributions alike.
    """

    order = 71  # after the predictions

    def __init__(self, judging: Mixing, score: _Score, truths: Sequence[Truth]) -> None:
        self.judging, self.score, self.truths = judging, score, truths
        self.reached: Step | None = None

    def after_epoch(self) -> None:
        """Stop where they are near."""
        step = Step(self.epoch + 1, 1.0)
        logits = self.judging.predicted[step]
        if np.isfinite(logits).all() and _all_near(self.truths, logits / self.score.divisors(logits).numpy()):
            self.reached = step
            raise CancelFitException


def _all_near(truths: Sequence[Truth], logits: Floats) -> bool:
    """Say whether the percentiles of all predicted numbers are near those of what is known."""
    start = 0
    for truth in truths:
        rows = logits[:, start : start + truth.target.width]
        start += truth.target.width
        if truth.target.centres:
            known = ~np.isnan(truth.amounts)
            told = np.percentile(truth.values(rows)[known], PERCENTILES)
            low, high = truth.target.output.range
            if np.abs(told - np.percentile(truth.amounts[known], PERCENTILES)).max() > NEAR * (high - low):
                return False
    return True
