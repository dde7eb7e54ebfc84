"""Fine-tunes the tail of a network on cached maps, and says what it makes of photos.

learner = tail_learner(network, training, validation, settings, seed)
fit(learner, settings, seed)
outputs = look(network, maps)           # of the whole photos, not of parts
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.callback.core import Callback, CancelValidException
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.losses import LabelSmoothingCrossEntropyFlat
from fastai.metrics import accuracy
from fastai.torch_core import default_device, set_seed
from fastai.vision.learner import default_split
from scipy.special import softmax
from torch import Tensor, nn

from recognizer.networks.trunk import Maps
from recognizer.recipe import TrainSettings

BATCH = 64  # of photos that are only looked at
SMOOTHING = 0.1  # share of the target spread over all classes (Szegedy et al., 2016, arXiv 1512.00567)
Numbers = npt.NDArray[np.int_]
Trust = npt.NDArray[np.float64]


class Examples(NamedTuple):
    """What is learned from.

    Args:
        maps: of n photos, (n, views, channels, height, width).
        labels: the number of each one's class, (n,).
        features: what the last layer takes before anything is tuned, (n, views, channels).
        label_quality: how likely each label is right, (n,).
    """

    maps: Maps
    labels: Numbers
    features: npt.NDArray[np.float32]
    label_quality: Trust

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Examples":
        """Return some of them."""
        return Examples(self.maps[chosen], self.labels[chosen], self.features[chosen], self.label_quality[chosen])


class Outputs(NamedTuple):
    """What a network makes of n photos.

    Args:
        logits: what its last layer gives, (n, classes).
        features: what its last layer takes, (n, channels).
    """

    logits: npt.NDArray[np.float64]
    features: npt.NDArray[np.float32]

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """How likely each class is, (n, classes)."""
        return np.asarray(softmax(self.logits, axis=1))


class KeepNorm(Callback):
    """Keeps batch normalisation at its pretrained statistics, which small batches of few photos would spoil."""

    def before_train(self) -> None:
        """Undo what fastai did when it set the network to training."""
        for module in self.learn.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


class Unwatched(Callback):
    """Leaves out the validation, where all photos are learned from."""

    def before_validate(self) -> None:
        """Skip it."""
        raise CancelValidException


def tail_learner(
    network: nn.Sequential, training: Examples, validation: Examples, settings: TrainSettings, seed: int
) -> Learner:
    """Return a fastai learner of a tail and its head.

    Args:
        network: the tail, then the head.
        training: what it learns from; every epoch takes another view of each photo, as often as its label is trusted.
        validation: what its progress is measured on.
        settings: the size of a batch.
        seed: of the order of photos.
    """
    set_seed(seed, reproducible=True)
    dls = DataLoaders(_training_loader(training, settings.batch), _loader(validation))
    # Some labels are wrong, and soft targets keep them from being learned by heart (docs/experiments.md).
    loss = LabelSmoothingCrossEntropyFlat(eps=SMOOTHING)
    learner = Learner(dls, network, loss, metrics=accuracy, splitter=default_split)
    learner.remove_cb(ProgressCallback)
    return learner


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
    # The head starts at its best in closed form, and faster it would be led astray (docs/experiments.md).
    rates = slice(settings.learning_rate, settings.learning_rate / 10)
    with learner.no_logging():
        learner.fit_one_cycle(settings.epochs, rates, cbs=[KeepNorm(), *callbacks])


@contextmanager
def drawn_by_trust(loader: DataLoader, trust: Trust) -> Iterator[None]:
    """Let a fastai loader draw photos as often as their labels are trusted; afterwards it is as it was.

    Args:
        loader: of the photos that are learned from, which it shuffles.
        label_quality: how likely each label is right, (n,).
    """
    loader.shuffle_fn = draw_by_trust(trust)
    try:
        yield
    finally:
        del loader.shuffle_fn


def draw_by_trust(trust: Trust) -> Callable[[Sequence[int]], list[int]]:
    """Return what a fastai loader may call instead of shuffling: as many places, each as often as it is trusted.

    Marks at equal distances along the summed trust keep each epoch near to that (systematic resampling; Kitagawa, 1996,
    https://doi.org/10.1080/10618600.1996.10474692); where all is trusted alike, every photo is drawn once.

    Args:
        label_quality: how likely each label is right, (n,).
    """
    ends = np.cumsum(trust)

    def draw(places: Sequence[int]) -> list[int]:
        marks = (np.random.random() + np.arange(len(places))) / len(places) * ends[-1]
        chosen: list[int] = np.random.permutation(np.searchsorted(ends, marks, side="right")).tolist()
        return chosen

    return draw


@torch.inference_mode()
def look(network: nn.Sequential, maps: Maps) -> Outputs:
    """Return what a network makes of at least one photo as a whole, the first view."""
    pooled, last = halves(network)
    device = next(network.parameters()).device
    batches = (torch.from_numpy(maps[start : start + BATCH, 0]) for start in range(0, len(maps), BATCH))
    rows = torch.cat([pooled(batch.float().to(device)) for batch in batches])
    return Outputs(last(rows).double().cpu().numpy(), rows.cpu().numpy())


def halves(network: nn.Sequential) -> tuple[nn.Module, nn.Linear]:
    """Return what gives features, and the last layer; both are still the network's own, ready to look."""
    tail, head = network.eval().children()
    *pool, last = head.children()
    assert isinstance(last, nn.Linear)
    return nn.Sequential(tail, *pool).eval(), last


def _training_loader(examples: Examples, batch: int) -> DataLoader:
    def create(places: list[int]) -> tuple[Tensor, Tensor]:
        views = torch.randint(examples.maps.shape[1], (len(places),)).numpy()
        return _tensors(examples.maps[places, views], examples.labels[places])

    draw = draw_by_trust(examples.label_quality)
    return _over(examples, min(batch, len(examples.labels)), create, shuffle=True, shuffle_fn=draw)


def _loader(examples: Examples) -> DataLoader:
    return _over(examples, BATCH, lambda places: _tensors(examples.maps[places, 0], examples.labels[places]))


def _over(examples: Examples, batch: int, create: Any, **how: Any) -> DataLoader:
    places = range(len(examples.labels))
    device = default_device()
    return DataLoader(places, bs=batch, create_batch=create, retain=lambda made, _: made, device=device, **how)


def _tensors(maps: Maps, labels: Numbers) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(maps).float(), torch.from_numpy(labels)
