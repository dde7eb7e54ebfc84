"""What a network learns from: features of photos, with their labels and how likely each label is right."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from torch import Tensor

from recognizer.calibration.calibrate import Labels
from recognizer.networks import device
from recognizer.store.rows import Photo

BATCH = 64  # of photos that are only predicted
Quality = npt.NDArray[np.float64]
Features = npt.NDArray[np.float16]
Draw = Callable[[Sequence[int]], list[int]]


class Examples(NamedTuple):
    """What is learned from: n of the photos whose features are in memory, once, however many learn from some of them.

    Args:
        features: what frozen layers gave, (all, views, channels, height, width).
        served: features of each photo as the finished network will see it, (all, 1, …): whole, with its faces.
        labels: the number of each one's class, (n,).
        places: where each is among all, (n,).
    """

    features: Features
    served: Features
    labels: Labels
    places: npt.NDArray[np.intp]

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Examples":
        """Return some of them, (n,) telling which."""
        return self._replace(labels=self.labels[chosen], places=self.places[chosen])

    def seen(self, numbers: Sequence[int], views: npt.NDArray[np.int_]) -> Features:
        """Return the features of a view of each of some of them, (len(numbers), …)."""
        return np.asarray(self.features[self.places[numbers], views])

    def as_served(self, numbers: Sequence[int]) -> Features:
        """Return the features of some of them as the finished network will see them, (len(numbers), …)."""
        return np.asarray(self.served[self.places[numbers], 0])


def label_numbers(labels: Sequence[str], photos: Sequence[Photo]) -> Labels:
    """Return the number of each photo's class, (photos,).

    Args:
        labels: the classes, in order.
        photos: the photos.
    """
    return np.array([labels.index(photo.label) for photo in photos])


def label_qualities(photos: Sequence[Photo]) -> Quality:
    """Return how likely each photo's label is right, (photos,)."""
    return np.array([photo.label_quality for photo in photos])


def make_loaders(training: Examples, validation: Examples, batch: int, drawn: Quality) -> DataLoaders:
    """Return fastai loaders; every epoch takes another view of each photo.

    Args:
        training: what is learned from.
        validation: what progress is measured on.
        batch: photos that are learned from at once.
        drawn: how often each photo is, (n,), compared with others.
    """

    def create(places: list[int]) -> tuple[Tensor, Tensor]:
        views = torch.randint(training.features.shape[1], (len(places),)).numpy()
        return _tensors(training.seen(places, views), training.labels[places])

    draw = draw_by_quality(drawn)
    loader = _loader(training, min(batch, len(training.labels)), create, shuffle=True, shuffle_fn=draw)
    whole = _loader(validation, BATCH, lambda places: _tensors(validation.as_served(places), validation.labels[places]))
    return DataLoaders(loader, whole)


def draw_by_quality(label_quality: Quality) -> Draw:
    """Return what a fastai loader may call instead of shuffling: as many places, likely right labels more often.

    Marks at equal distances along the summed quality keep each epoch near to that (systematic resampling; Kitagawa,
    1996, https://doi.org/10.1080/10618600.1996.10474692); where all are alike, every photo is drawn once.

    Args:
        label_quality: how likely each label is right, (n,), or another weight.
    """
    return partial(_draw, np.cumsum(label_quality))


def _draw(ends: Quality, places: Sequence[int]) -> list[int]:
    """Return places; at the top level, since a loader's workers get it pickled where processes are not forked."""
    marks = (np.random.random() + np.arange(len(places))) / len(places) * ends[-1]
    chosen: list[int] = np.random.permutation(np.searchsorted(ends, marks, side="right")).tolist()
    return chosen


def _loader(examples: Examples, batch: int, create: Any, **how: Any) -> DataLoader:
    places = range(len(examples.labels))
    chosen = device.chosen_device()
    return DataLoader(places, bs=batch, create_batch=create, retain=lambda made, _: made, device=chosen, **how)


def _tensors(features: Features, labels: Labels) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(features).float(), torch.from_numpy(labels)
