"""Fine-tuning of a recipe of classes: a branch learns of each photo what it likely is (tuning.py, likeliest.py).

Whether that helps is told by all photos: for each part of them, a branch learns from the others. By a tenth of some
hundred photos nobody could tell (docs/experiments.md). The branch that is kept learns from all of them.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.torch_core import set_seed

from recognizer.calibration.calibrate import FLOOR, LEAST_TEMPERATURE, MOST_TEMPERATURE, fit_temperature
from recognizer.networks.backbone import Backbone
from recognizer.networks.branch import Branch, make_branch
from recognizer.networks.extractors import maps_extractor
from recognizer.networks.lda import even_weights
from recognizer.recipe import Recipe, TrainSettings
from recognizer.report import Watch
from recognizer.splits.split import Labels, Split, deal_folds
from recognizer.splits.values import Floats
from recognizer.store.rows import Photo
from recognizer.train.covered import covered_maps
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import Examples, Quality, label_numbers, label_qualities
from recognizer.train.fitting import NoValidation, Progress, recorded
from recognizer.train.likeliest import as_likeliest
from recognizer.train.mixing import BEFORE, Choice, Step, choose
from recognizer.train.runs import OutOfFold
from recognizer.train.tuning import HALF, Task, Tuned, fit_branch, halve, say, together

PARTS = 3  # of the photos; for each, a branch learns from the others
Said = dict[Step, Floats]
FEWEST = 10  # photos that tell whether tuning helps; by fewer nobody could say


def tune_classes(
    recipe: Recipe, split: Split, found: OutOfFold, backbone: Backbone, work: Path, number: int, watch: Watch
) -> Tuned:
    """Fine-tune a branch beside the last layers of a backbone.

    Args:
        recipe: the recipe; it wants some epochs, for which there are not `too_few` photos.
        split: the photos; those of validation are learned from, too.
        found: what the last layers of the folds say of `split.learning`, calibrated.
        backbone: the backbone.
        work: the work folder, which keeps what the layers before the branch gave.
        number: of the round, from 1.
        watch: told about photos.

    Raises:
        RecognizerError: the backbone cannot be cut.
        WeightsUnavailable: the pretrained weights cannot be had.
    """
    settings, photos, seed = recipe.train, split.learning, recipe.train.seed + number
    learned = as_likeliest(photos, recipe.labels)
    set_seed(seed, reproducible=True)
    branch = make_branch(backbone, len(recipe.labels), settings)
    features = covered_maps(photos, maps_extractor(branch.frozen, backbone, settings), settings, work, watch)
    examples = Examples(*features, label_numbers(recipe.labels, learned), np.arange(len(learned)))
    tuning = _Tuning(settings, backbone, branch, examples, label_qualities(learned), found, seed, watch)
    # A part may have all photos of a small class: what its branch says then helps less, and is kept less often.
    parts = deal_folds(found.labels, [split.groups[photo.sha256] for photo in photos], PARTS, seed)
    said, curves = tuning.try_parts(parts)
    divisors = {step: tuning.divisors(logits) for step, logits in said.items()}
    both = {step: together(found.logits, logits / divisors[step]) for step, logits in said.items()}
    choice = _choose(said, both, found)
    step = choice.step
    tuning.progress.expect(step.epoch * len(photos))
    if step == BEFORE:
        return Tuned(None, np.ones(len(recipe.labels)), found.logits, choice, curves)
    tuned, divisor = tuning.fit_all(step.epoch), tuning.divisors(both[step])
    shares = halve(tuned, divisors[step], divisor, np.zeros(len(recipe.labels)))
    return Tuned(tuned, shares, both[step] / divisor, choice, curves)


def _choose(said: Said, both: Said, found: OutOfFold) -> Choice:
    """Choose the epoch that is kept by what head and branch say together; whether it diverged, by the branch alone."""
    labels, quality, last = found.labels, found.label_quality, max(said)
    choice = choose({BEFORE: found.logits, **both}, labels, quality)
    alone = choose({BEFORE: found.logits, last: said[last]}, labels, quality)
    return choice._replace(diverged=alone.diverged, finite=alone.finite)


def too_few(judging: Sequence[Photo], called: str = "photos") -> str:
    """Say that there are too few photos to tell whether fine-tuning helps; "" where there are enough.

    Args:
        judging: the photos that would tell it.
        called: what these are.
    """
    if len(judging) >= FEWEST:
        return ""
    return (
        f"Nothing was fine-tuned: {len(judging)} {called} are too few to tell whether that helps. Collect more photos, "
        "or set epochs = 0 under [train] in the recipe."
    )


class _Tuning:
    """Fine-tunes branches on some of the photos.

    Args:
        settings: of the recipe.
        backbone: the backbone.
        branch: which each begins as.
        examples: the photos, n of them.
        quality: how likely each is of the class that it is learned as, (n,).
        found: what is known of them and their labels.
        seed: of everything drawn.
        watch: told about photos learned from.
    """

    def __init__(
        self,
        settings: TrainSettings,
        backbone: Backbone,
        branch: Branch,
        examples: Examples,
        quality: Quality,
        found: OutOfFold,
        seed: int,
        watch: Watch,
    ) -> None:
        self.settings, self.backbone, self.branch = settings, backbone, branch
        self.examples, self.quality, self.found, self.seed = examples, quality, found, seed
        self.progress = Progress(watch, 0, "fine-tuning")

    def try_parts(self, parts: Labels) -> tuple[Said, Curves]:
        """Return what branches say, after each epoch, of the photos of the part that they have not learned from.

        Args:
            parts: the number of each photo's part, (n,).

        Returns:
            Logits, (n, classes), for each step, and how the trainings went.
        """
        said: Said = {}
        values: list[Any] = []
        # Each photo is learned from by the branches of all other parts; then, as far as is known yet, by the last one.
        self.progress.expect(len(np.unique(parts)) * len(parts) * self.settings.epochs)
        for part in np.unique(parts).tolist():
            chosen = parts == part
            telling = _Telling(self.examples.of(chosen))
            callbacks = [self.progress, telling]
            learned, quality = self.examples.of(~chosen), self.quality[~chosen]
            _, learner = self._fit(learned, telling.photos, quality, self.seed + 1 + part, callbacks)
            values.append(recorded(learner))
            for step, logits in telling.said.items():
                said.setdefault(step, np.zeros_like(self.found.logits))[chosen] = logits
        return said, make_curves(values)

    def fit_all(self, epoch: int) -> Branch:
        """Return a branch that has learned from all photos, up to an epoch."""
        callbacks = [self.progress, NoValidation(), _StopAfter(epoch)]
        return self._fit(self.examples, self.examples, self.quality, self.seed, callbacks)[0]

    def _fit(
        self, learned: Examples, others: Examples, label_quality: Quality, seed: int, callbacks: list[Callback]
    ) -> tuple[Branch, Learner]:
        set_seed(seed, reproducible=True)
        branch = copy.deepcopy(self.branch)
        drawn = even_weights(learned.labels, label_quality)  # all classes alike, however many photos they have
        task = Task(CrossEntropyLossFlat(), accuracy, drawn)
        return branch, fit_branch(branch, learned, others, task, self.backbone, self.settings, callbacks)

    def divisors(self, logits: Floats) -> Floats:
        """Return the temperature of logits of all photos, for each class, (classes,)."""
        if not np.isfinite(logits).all():
            return np.ones(logits.shape[1])
        weights = even_weights(self.found.labels, self.found.label_quality)
        bounds = LEAST_TEMPERATURE, MOST_TEMPERATURE
        _, temperature = fit_temperature(logits, self.found.labels, *bounds, FLOOR, weights)
        return np.full(logits.shape[1], temperature)


class _Telling(Callback):
    """Keeps what a branch says of photos after each epoch."""

    order = 70  # after the recorder

    def __init__(self, photos: Examples) -> None:
        self.photos = photos
        self.said: Said = {}

    def after_epoch(self) -> None:
        """Let it say."""
        self.said[Step(self.epoch + 1, HALF)] = say(self.model, self.photos)


class _StopAfter(Callback):
    """Ends a fine-tuning after an epoch, on the same way as one that goes on."""

    order = 70

    def __init__(self, epoch: int) -> None:
        self.last = epoch

    def after_epoch(self) -> None:
        """End it."""
        if self.epoch + 1 == self.last:
            raise CancelFitException
