"""Fine-tuning of a recipe of classes: a branch learns from labels, as far as they are likely right (tuning.py).

Whether that helps is told by all photos: for each part of them, a branch learns from the others. By a tenth of some
hundred photos nobody could tell (docs/experiments.md). The branch that is kept learns from all of them.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fastai.callback.core import Callback, CancelFitException
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.torch_core import set_seed

from recognizer.calibration.calibrate import FLOOR, LEAST_TEMPERATURE, MOST_TEMPERATURE, fit_temperature
from recognizer.networks.backbone import Backbone
from recognizer.networks.branch import Branch, make_branch
from recognizer.networks.extractors import maps_extractor
from recognizer.networks.head import CELLS
from recognizer.networks.lda import even_weights
from recognizer.recipe import Recipe
from recognizer.report import Watch
from recognizer.splits.split import Labels, Split, deal_folds
from recognizer.splits.values import Floats
from recognizer.train.covered import covered_features
from recognizer.train.curves import Curves, make_curves
from recognizer.train.examples import Examples
from recognizer.train.fitting import Listener, make_listener, recorded
from recognizer.train.mixing import BEFORE, Step, choose
from recognizer.train.runs import OutOfFold
from recognizer.train.tuning import HALF, Task, Tuned, fit_branch, halve, say, together

PARTS = 3  # of the photos; for each, a branch learns from the others
FEWEST = 10  # photos to learn from; of fewer nobody could say whether tuning helps


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
    extractor = maps_extractor(make_branch(backbone, 1, settings).frozen, backbone, settings)
    maps, served = covered_features(photos, extractor, settings, work, watch)
    tuning = _Tuning(recipe, backbone, Examples(maps, found.labels, served), found)
    parts = deal_folds(found.labels, [split.groups[photo.sha256] for photo in photos], PARTS, seed)
    listener = make_listener(settings, number, len(np.unique(parts)) * len(photos), watch)
    said, curves = tuning.try_parts(parts, seed, listener)
    divisors = {step: tuning.divisors(logits) for step, logits in said.items()}
    both = {step: together(found.logits, logits / divisors[step]) for step, logits in said.items()}
    predicted = {BEFORE: found.logits, **both}
    choice = choose(predicted, found.labels, found.label_quality)
    step, last = choice.step, max(said)
    alone = choose({BEFORE: found.logits, last: said[last]}, found.labels, found.label_quality)
    choice = choice._replace(diverged=alone.diverged, finite=alone.finite)  # both together hide what one lacks
    if step == BEFORE:
        return Tuned(None, np.ones(len(recipe.labels)), found.logits, choice, curves)
    branch, _ = tuning.fit(np.full(len(photos), True), seed, [listener(), _StopAfter(step.epoch)])
    divisor = tuning.divisors(predicted[step])
    shares = halve(branch, divisors[step], divisor, np.zeros(len(recipe.labels)))
    return Tuned(branch, shares, predicted[step] / divisor, choice, curves)


def too_few(split: Split) -> str:
    """Say that there are too few photos to tell whether fine-tuning helps; "" where there are enough."""
    if len(split.learning) >= FEWEST:
        return ""
    return (
        f"Nothing was fine-tuned: {len(split.learning)} photos are too few to tell whether that helps. Collect more "
        "photos, or set epochs = 0 under [train] in the recipe."
    )


class _Tuning:
    """Fine-tunes branches on some of the photos.

    Args:
        recipe: the recipe.
        backbone: the backbone.
        examples: the photos, n of them.
        found: what is known of these.
    """

    def __init__(self, recipe: Recipe, backbone: Backbone, examples: Examples, found: OutOfFold) -> None:
        self.recipe, self.backbone, self.examples, self.found = recipe, backbone, examples, found

    def try_parts(self, parts: Labels, seed: int, listener: Listener) -> tuple[dict[Step, Floats], Curves]:
        """Return what branches say, after each epoch, of the photos of the part that they have not learned from.

        Args:
            parts: the number of each photo's part, (n,).
            seed: of everything drawn.
            listener: makes a callback for each branch.

        Returns:
            Logits, (n, classes), for each step, and how the trainings went.
        """
        said: dict[Step, Floats] = {}
        values: list[Any] = []
        for part in np.unique(parts).tolist():
            telling = _Telling(self.examples.of(parts == part))
            values.append(self.fit(parts != part, seed + 1 + part, [listener(), telling])[1])
            for step, logits in telling.said.items():
                said.setdefault(step, np.zeros_like(self.found.logits))[parts == part] = logits
        return said, make_curves(values)

    def fit(
        self, chosen: npt.NDArray[np.bool_], seed: int, callbacks: list[Callback]
    ) -> tuple[Branch, list[list[float]]]:
        """Return a branch that has learned from some photos, (n,) telling which, and what was recorded."""
        set_seed(seed, reproducible=True)
        settings = self.recipe.train
        branch = make_branch(self.backbone, len(self.recipe.labels), settings)
        learned, others = self.examples.of(chosen), self.examples.of(~chosen if not chosen.all() else chosen)
        drawn = even_weights(learned.labels, self.found.label_quality[chosen])  # all classes alike
        task = Task(CrossEntropyLossFlat(), accuracy, drawn)
        learner = fit_branch(branch, learned, others, task, self.backbone, settings, CELLS, callbacks)
        return branch, recorded(learner)

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
        self.said: dict[Step, Floats] = {}

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
