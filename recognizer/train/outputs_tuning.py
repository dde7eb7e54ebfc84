"""Fine-tuning of a network with several outputs: a branch beside its last layers learns from what all outputs lose.

    tuned = tune(recipe, split, truths, before, backbone, work, watch)
    tuned.branch            # the branch, or None where nothing is kept of it
    tuned.choice            # which epoch is kept, and what that gains
    network = joined(backbone, heads, tuned, settings)

The pretrained layers and the heads on them stay as they are; what they say and what the branch says count alike
(networks/branch.py). The layers before both run once over each augmented view, as cached.py has it. The validation
photos, from which neither has learned, say whether the branch is kept, and after which epoch.
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

from recognizer.networks.backbone import Backbone
from recognizer.networks.branch import Branch, branch_head, join, make_branch, scale_logits
from recognizer.networks.extractors import maps_extractor
from recognizer.networks.forward import extract
from recognizer.networks.lda import Layer
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Split
from recognizer.splits.values import MISSING, Floats
from recognizer.train.cached_features import run_on
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import Examples, make_loaders
from recognizer.train.fitting import make_listener, make_tuner, recorded
from recognizer.train.mixing import BEFORE, Choice, State, Step, choose_by, stored
from recognizer.train.outputs_distributions import PERCENTILES
from recognizer.train.outputs_drawing import even_draw, shares_again
from recognizer.train.outputs_head import Truth
from recognizer.train.outputs_losses import Losses, known_values

FEWEST = 5  # values of an output among validation photos; of fewer nobody could say whether tuning helps
NEAR = 0.03  # of a number's range: percentiles that differ by less are near each other
HALF = 0.5  # that the branch counts


class Tuned(NamedTuple):
    """What a fine-tuning gives.

    Args:
        branch: the tuned layers, whose logits are halved and calibrated; None where nothing is kept.
        shares: by what each logit of the heads is to be multiplied before the branch's is added, (total,).
        logits: of the validation photos, by both together, or by the heads alone, (n, total).
        choice: which epoch is kept.
        curves: how it went, of the branch alone.
    """

    branch: Branch | None
    shares: Floats
    logits: Floats
    choice: Choice
    curves: Curves


def tune(
    recipe: Recipe, split: Split, truths: Sequence[Truth], before: Floats, backbone: Backbone, work: Path, watch: Watch
) -> Tuned:
    """Fine-tune a branch beside the last layers of a backbone.

    Args:
        recipe: the recipe; it wants some epochs, for which there are not `too_few` photos.
        split: the photos; those of validation are not learned from.
        truths: what is known of each output, of `split.learning`.
        before: what heads that learned from `split.training` say of the validation photos, calibrated, (n, total).
        backbone: the backbone.
        work: the work folder, which keeps what the layers before the branch gave.
        watch: told about photos.

    Raises:
        RecognizerError: the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    settings, learns = recipe.train, np.arange(len(split.learning)) < len(split.training)
    set_seed(settings.seed, reproducible=True)
    branch = make_branch(backbone, before.shape[1], settings)
    training, validation = _examples(split, truths, learns, branch, backbone, settings, work, watch)
    known = [truth.of(learns) for truth in truths]
    drawn = even_draw(known) if settings.balanced else np.ones(len(split.training))
    losses, shift = Losses(known), shares_again(known, drawn)
    network = nn.Sequential(branch.layers, branch_head(backbone, branch, settings))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third quicker on processors
    score = _Score(losses, validation)
    judging = _Judging(before, shift, validation, score, [truth.of(~learns) for truth in truths], settings.stop_by)
    learner = _make_learner(network, training, validation, losses, drawn, settings)
    watching = make_listener(settings, 1, len(split.training), watch)()
    with learner.no_logging():
        learner.fit_one_cycle(settings.epochs, settings.learning_rate, cbs=[watching, judging])
    return _kept(branch, learner, judging)


def _kept(branch: Branch, learner: Learner, judging: "_Judging") -> Tuned:
    """Return a branch as it was at its best, its logits halved and calibrated, if that helps."""
    choice = judging.choose(-judging.score.guess())
    logits, curves = judging.predicted[choice.step], make_curves([recorded(learner)])
    if choice.step == BEFORE:
        return Tuned(None, np.ones(logits.shape[1]), logits, choice, curves)
    learner.model.load_state_dict(judging.kept)  # which is the branch's own
    learner.model.cpu().eval()
    divisors = judging.score.divisors(logits)
    scale_logits(branch.last, (HALF / divisors / judging.divisors).numpy(), judging.shift)
    return Tuned(branch, HALF / divisors.numpy(), logits / divisors.numpy(), choice, curves)


def joined(backbone: Backbone, heads: Layer, tuned: Tuned, settings: TrainSettings) -> nn.Sequential:
    """Return the network whose logits are those of a backbone's heads and of its branch together.

    Args:
        backbone: the backbone.
        heads: of all places of its grid, calibrated.
        tuned: has a branch.
        settings: of the recipe.
    """
    assert tuned.branch is not None
    scaled = Layer(heads.weight * tuned.shares[:, None], heads.bias * tuned.shares)
    return join(backbone, tuned.branch, scaled, settings)


def too_few(truths: Sequence[Truth], learns: npt.NDArray[np.bool_]) -> str:
    """Say of which output there are too few values to learn from, or to tell whether that helps; "" where of none.

    Args:
        truths: of each output, of n photos.
        learns: which of them are learned from; the others are those of validation, (n,).
    """
    for truth in truths:
        known = truth.numbers != MISSING
        fewest = int(min(known[learns].sum(), known[~learns].sum()))
        if fewest < FEWEST:
            return (
                f"Nothing was fine-tuned: {fewest} photos with a value of {truth.target.output.name} are too few to "
                "tell whether that helps. Bring more photos, or set epochs = 0 under [train] in the recipe."
            )
    return ""


def _examples(
    split: Split,
    truths: Sequence[Truth],
    learns: npt.NDArray[np.bool_],
    branch: Branch,
    backbone: Backbone,
    settings: TrainSettings,
    work: Path,
    watch: Watch,
) -> tuple[Examples, Examples]:
    """Run the layers before a branch over photos; return those that it learns from, and those of validation."""
    extractor = maps_extractor(branch.frozen, backbone, settings)
    maps = extract(split.learning, extractor, work, settings.views, watch)["maps"]
    known: Any = known_values(truths)  # what an output is, or how much, stands for labels
    examples = Examples(maps, known, np.empty((len(maps), 0)), np.ones(len(maps)), maps[:, :1])
    return examples.of(learns), examples.of(~learns)


def _make_learner(
    network: nn.Sequential,
    training: Examples,
    validation: Examples,
    losses: Losses,
    drawn: Floats,
    settings: TrainSettings,
) -> Learner:
    dls = make_loaders(training, validation, settings.batch, drawn)
    dls.train.drop_last = True  # batch normalisation can make nothing of a single photo
    return make_tuner(dls, network, losses, losses.right)


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

    def guess(self) -> float:
        """Return what the constant guess loses of a photo, in the mean."""
        return self.losses.guess(self.known)

    def divisors(self, logits: Floats) -> Tensor:
        """Return what each logit is to be divided by, (total,)."""
        return self.losses.divisors(self.losses.temperatures(torch.from_numpy(logits), self.known))


class _Judging(Callback):
    """Judges heads and branch together after each epoch, by validation photos, and keeps the best weights.

    By percentiles, it ends the fine-tuning once those of all predicted numbers are near those of the true ones. A
    network whose answers are distributed as the truth need not be right about any photo: this is for whoever wants the
    distributions alike.

    Args:
        before: what the heads say of the validation photos, (n, total).
        shift: to be added to what the branch says, (total,); see outputs_drawing.py.
        validation: these photos.
        score: of logits.
        truths: what is known of these photos.
        stop_by: as in the recipe.
    """

    order = 70  # after the recorder

    def __init__(
        self, before: Floats, shift: Floats, validation: Examples, score: _Score, truths: Sequence[Truth], stop_by: str
    ) -> None:
        self.shift, self.validation, self.score, self.truths, self.stop_by = shift, validation, score, truths, stop_by
        self.predicted = {BEFORE: before}
        self.best, self.reached = -np.inf, BEFORE
        self.kept: State = {}

    def after_epoch(self) -> None:
        """Predict, and stop where that is wanted."""
        device = next(self.model.parameters()).device
        alone = run_on(self.model.eval(), self.validation.served, device).cpu().double().numpy() + self.shift
        divisors, step = self.score.divisors(alone), Step(self.epoch + 1, HALF)
        self.predicted[step] = self.predicted[BEFORE] * (1 - HALF) + alone / divisors.numpy() * HALF
        found = self.score(self.predicted[step]).mean()
        near = self.stop_by == "percentiles" and self._all_near(self.predicted[step])
        if found > self.best or near:
            self.best, self.kept, self.divisors = found, stored(self.model), divisors
        if near:
            self.reached = step
            raise CancelFitException

    def choose(self, guess: float) -> Choice:
        """Choose the step that is kept, `guess` being the mean score of guessing."""
        scores = {step: self.score(logits) for step, logits in self.predicted.items()}
        if self.reached == BEFORE:
            return choose_by(scores, guess)
        chosen = choose_by({step: scores[step] for step in (BEFORE, self.reached)}, guess)
        return chosen._replace(step=self.reached)

    def _all_near(self, logits: Floats) -> bool:
        """Say whether the percentiles of all predicted numbers are near those of what is known."""
        if not np.isfinite(logits).all():
            return False
        rows, start = logits / self.score.divisors(logits).numpy(), 0
        for truth in self.truths:
            part = rows[:, start : start + truth.target.width]
            start += truth.target.width
            if truth.target.centres and not _near(truth, part):
                return False
        return True


def _near(truth: Truth, logits: Floats) -> bool:
    """Say whether the percentiles of a predicted number are near those of what is known."""
    known = ~np.isnan(truth.amounts)
    told = np.percentile(truth.values(logits)[known], PERCENTILES)
    low, high = truth.target.output.range
    return bool(np.abs(told - np.percentile(truth.amounts[known], PERCENTILES)).max() <= NEAR * (high - low))
