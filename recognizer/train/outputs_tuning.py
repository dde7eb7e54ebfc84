"""Fine-tuning of a network with several outputs: a branch learns from what all of them lose together (tuning.py)."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import Learner
from fastai.torch_core import set_seed

from recognizer.networks.backbone import Backbone
from recognizer.networks.branch import Branch, make_branch
from recognizer.networks.extractors import maps_extractor
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Split
from recognizer.splits.values import MISSING, Floats
from recognizer.train.covered import covered_maps
from recognizer.train.curves import make_curves
from recognizer.train.examples import Examples
from recognizer.train.fitting import of_round, recorded
from recognizer.train.mixing import BEFORE, Choice, State, Step, choose_by, stored
from recognizer.train.outputs_distributions import PERCENTILES
from recognizer.train.outputs_drawing import even_draw, shares_again
from recognizer.train.outputs_head import Truth
from recognizer.train.outputs_losses import Losses, known_values
from recognizer.train.tuning import HALF, Task, Tuned, fit_branch, halve, say, together

FEWEST = 5  # values of an output among validation photos; of fewer nobody could say whether tuning helps
NEAR = 0.03  # of a number's range: percentiles that differ by less are near each other


def tune_outputs(
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
    known, others = ([truth.of(some) for truth in truths] for some in (learns, ~learns))
    drawn = even_draw(known) if settings.balanced else np.ones(len(split.training))
    losses = Losses(known)
    judging = _Judging(
        before, shares_again(known, drawn), validation, _Score(losses, validation), others, settings.stop_by
    )
    listener = of_round(settings, 1, len(split.training), watch)
    task = Task(losses, losses.right, drawn)
    learner = fit_branch(branch, training, validation, task, backbone, settings, [listener, judging])
    return _kept(branch, learner, judging)


def _kept(branch: Branch, learner: Learner, judging: "_Judging") -> Tuned:
    """Return a branch as it was at its best, its logits halved and calibrated, if that helps."""
    choice = judging.choose()
    logits, curves = judging.predicted[choice.step], make_curves([recorded(learner)])
    if choice.step == BEFORE:
        return Tuned(None, np.ones(logits.shape[1]), logits, choice, curves)
    learner.model.load_state_dict(judging.kept)  # which is the branch's own
    divisors = judging.score.divisors(logits)
    shares = halve(branch, judging.divisors, divisors, judging.shift)
    return Tuned(branch, shares, logits / divisors, choice, curves)


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
    features = covered_maps(split.learning, extractor, settings, work, watch)
    known: Any = known_values(truths)  # what an output is, or how much, stands for labels
    examples = Examples(*features, known, np.arange(len(known)))
    return examples.of(learns), examples.of(~learns)


class _Score:
    """How little each validation photo loses, each output at its best temperature."""

    def __init__(self, losses: Losses, validation: Examples) -> None:
        self.losses, self.known = losses, torch.from_numpy(validation.labels)

    def __call__(self, logits: Floats) -> Floats:
        """Return scores, (n,), of logits, (n, total); higher is better."""
        if not np.isfinite(logits).all():
            return np.full(len(logits), -np.inf)
        rows = torch.from_numpy(logits / self.divisors(logits))
        return np.asarray(-self.losses.of_photos(rows, self.known).numpy(), dtype=np.float64)

    def divisors(self, logits: Floats) -> Floats:
        """Return what each logit is to be divided by, (total,)."""
        return self.losses.divisors(self.losses.temperatures(torch.from_numpy(logits), self.known)).numpy()

    def guess(self) -> float:
        """Return the mean score of the constant guess."""
        return -self.losses.guess(self.known)


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
        alone = say(self.model, self.validation) + self.shift
        divisors, step = self.score.divisors(alone), Step(self.epoch + 1, HALF)
        self.predicted[step] = together(self.predicted[BEFORE], alone / divisors)
        found = self.score(self.predicted[step]).mean()
        near = self.stop_by == "percentiles" and self._all_near(self.predicted[step])
        if found > self.best or near:
            self.best, self.kept, self.divisors = found, stored(self.model), divisors
        if near:
            self.reached = step
            raise CancelFitException

    def choose(self) -> Choice:
        """Choose the step that is kept."""
        scores, guess = {step: self.score(logits) for step, logits in self.predicted.items()}, self.score.guess()
        if self.reached == BEFORE:
            return choose_by(scores, guess)
        chosen = choose_by({step: scores[step] for step in (BEFORE, self.reached)}, guess)
        return chosen._replace(step=self.reached)

    def _all_near(self, logits: Floats) -> bool:
        """Say whether the percentiles of all predicted numbers are near those of what is known."""
        if not np.isfinite(logits).all():
            return False
        rows, start = logits / self.score.divisors(logits), 0
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
