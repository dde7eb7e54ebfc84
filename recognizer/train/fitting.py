"""One fine-tuning of a fastai learner, and what it tells and keeps meanwhile."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fastai.callback.core import Callback, CancelValidException
from fastai.callback.schedule import Learner
from fastai.data.load import DataLoader
from fastai.torch_core import set_seed
from torch.nn.modules.batchnorm import _BatchNorm

from recognizer.recipe import TrainSettings
from recognizer.report import Watch
from recognizer.train import processes
from recognizer.train.examples import Quality, draw_by_quality


class KeepNorm(Callback):
    """Keeps batch normalisation at its pretrained statistics, which small batches of few photos would spoil."""

    def before_train(self) -> None:
        """Undo what fastai did when it set the network to training."""
        for module in self.learn.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


class NoValidation(Callback):
    """Leaves out the validation, where all photos are learned from."""

    def before_validate(self) -> None:
        """Skip it."""
        raise CancelValidException


class Progress(Callback):
    """Tells a watcher about photos learned from.

    Args:
        watch: the watcher.
        total: photos in all.
        what: it is called. Several trainings with one such callback count on together.
    """

    def __init__(self, watch: Watch, total: int, what: str = "training") -> None:
        self.watch, self.total, self.what, self.done = watch, total, what, 0

    def expect(self, photos: int) -> None:
        """Correct the total, and tell it, where it is known how many photos follow."""
        self.total = self.done + photos
        self.watch(self.what, self.done, self.total)

    def after_batch(self) -> None:
        """Say the loss, and the accuracy where it has been measured."""
        if not self.training:
            return
        self.done = min(self.done + len(self.y) * processes.count(), self.total)
        rows = self.learn.recorder.values
        accuracy = f", accuracy {rows[-1][-1]:.0%}" if rows and len(rows[-1]) == 3 else ""
        self.watch(f"{self.what}, loss {self.loss.item():.2f}{accuracy}", self.done, self.total)


def of_round(settings: TrainSettings, number: int, photos: int, watch: Watch) -> Progress:
    """Return what tells about one of the rounds; nobody knows how many there will be.

    Args:
        settings: epochs and rounds.
        number: of the round, from 1.
        photos: that are learned from in an epoch.
        watch: told about photos learned from.
    """
    what = "training" if settings.rounds == 1 else f"training round {number}"
    return Progress(watch, settings.epochs * photos, what)


def fit(learner: Learner, settings: TrainSettings, seed: int, callbacks: Sequence[Callback] = ()) -> None:
    """Fine-tune by one cycle of learning rates (Smith, 2018, https://arxiv.org/abs/1803.09820).

    Args:
        learner: its network is tuned; not at all, where the settings want no epoch.
        settings: epochs and learning rate.
        seed: of the order of photos.
        callbacks: for this training only.
    """
    if not settings.epochs:
        return
    set_seed(seed, reproducible=True)
    # The closed-form head starts at its best, and faster it would be led astray (docs/experiments.md).
    rates = slice(settings.learning_rate, settings.learning_rate / 10)
    with learner.no_logging():
        learner.fit_one_cycle(settings.epochs, rates, cbs=[KeepNorm(), *callbacks])


def recorded(learner: Learner) -> list[list[float]]:
    """Return what a learner's recorder wrote down of each epoch; none before the first."""
    values: list[list[float]] = getattr(learner.recorder, "values", [])
    return values


@contextmanager
def drawing_by_quality(loader: DataLoader, label_quality: Quality) -> Iterator[None]:
    """Let a fastai loader draw likely right labels more often; afterwards it is as it was.

    Args:
        loader: of the photos that are learned from, which it shuffles.
        label_quality: how likely each label is right, (n,).
    """
    loader.shuffle_fn = draw_by_quality(label_quality)
    try:
        yield
    finally:
        del loader.shuffle_fn
