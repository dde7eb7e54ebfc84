"""One pass of the pretrained backbone over the photos, kept in the work folder.

    features = photo_features(photos, recipe.train, work)
    features.overall                        # (photos, channels): what is in the picture
    features.placed                         # (photos, channels and cells): and where

A photo that has its features already is not computed again.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from fastai.vision.core import PILImage
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from recognizer.files import features_file, write_whole
from recognizer.networks.augmentation import Pixels
from recognizer.networks.backbone import Backbone, load_backbone, windows
from recognizer.networks.trunk import runner
from recognizer.recipe import TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

SIZE = 288  # pixels, the side of what the network sees; it tells more than the usual 224 (docs/experiments.md)
BATCH = 32
SAVED_AFTER = 64 * BATCH  # photos; a stop loses no more
PLACED_STAGES = 3  # of the network, the last ones, are kept with their places
CELLS = 4  # along each side of a picture
Rows = npt.NDArray[np.floating]


class PhotoFeatures(NamedTuple):
    """What a network sees in n photos.

    Args:
        overall: the maps of all stages averaged over the picture, (n, channels).
        placed: the maps of the last stages averaged over each cell of a grid, as in a spatial pyramid (Lazebnik et al.,
            2006); a cell and its mirror image count as one, (n, channels * cells).
    """

    overall: Rows
    placed: Rows

    @property
    def whole(self) -> Rows:
        """Both, side by side."""
        return np.hstack(self)

    def of(self, places: Sequence[int]) -> "PhotoFeatures":
        """Return the features of some of the photos."""
        return PhotoFeatures(self.overall[places], self.placed[places])


def photo_features(
    photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched
) -> PhotoFeatures:
    """Return features of photos.

    Args:
        photos: the photos, n of them.
        settings: which backbone and weights to use.
        work: the work folder, which keeps them.
        watch: told about photos done.
    """
    cache = features_file(work, settings)
    known = _load(cache)
    missing = [photo for photo in photos if photo.sha256 not in known]
    if missing:
        _compute(missing, known, settings, cache, watch)
    return _stack([known[photo.sha256] for photo in photos])


def _stack(rows: Sequence[PhotoFeatures]) -> PhotoFeatures:
    return PhotoFeatures(*(np.stack(part) for part in zip(*rows, strict=True)))


def _load(cache: Path) -> dict[str, PhotoFeatures]:
    if not cache.is_file():
        return {}
    with np.load(cache) as stored:
        rows = zip(stored["overall"], stored["placed"], strict=True)
        return {photo: PhotoFeatures(*row) for photo, row in zip(stored["photos"].tolist(), rows, strict=True)}


def _save(cache: Path, known: dict[str, PhotoFeatures]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, photos=np.array(list(known)), **_stack(list(known.values()))._asdict())
    write_whole(cache, buffer.getvalue())


def _compute(
    photos: Sequence[Photo], known: dict[str, PhotoFeatures], settings: TrainSettings, cache: Path, watch: Watch
) -> None:
    """Add the features of photos to the known ones, and save them now and then."""
    backbone = load_backbone(settings.backbone, settings.weights)
    network = _Pyramid(backbone)
    run = runner(network, backbone, SIZE)
    for start in range(0, len(photos), BATCH):
        batch = photos[start : start + BATCH]
        rows = run(np.stack([_pixels(photo.path) for photo in batch]))
        parts = zip(rows[:, : network.channels], rows[:, network.channels :], strict=True)
        known |= {photo.sha256: PhotoFeatures(*part) for photo, part in zip(batch, parts, strict=True)}
        done = start + len(batch)
        watch("computing features", done, len(photos))
        if done % SAVED_AFTER == 0 or done == len(photos):
            _save(cache, known)


class _Pyramid(nn.Module):
    """The maps of each stage averaged over the picture, then those of the last stages averaged over cells.

    `channels` says how many of the first kind there are, once the network has run.
    """

    channels = 0

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.body = backbone.body
        self._maps: list[Tensor] = []
        for stage in backbone.stages:
            stage.register_forward_hook(lambda *call: self._maps.append(call[2]))

    def forward(self, pixels: Tensor) -> Tensor:
        self._maps.clear()
        self.body(pixels)
        overall = [maps.mean(dim=(2, 3)) for maps in self._maps]
        self.channels = sum(rows.shape[1] for rows in overall)
        return torch.cat([*overall, *(_cells(maps) for maps in self._maps[-PLACED_STAGES:])], dim=1)


def _cells(maps: Tensor) -> Tensor:
    """Average maps over cells, each together with its mirror image, and lay these side by side."""
    cells = avg_pool2d(maps, *windows(maps.shape[3], CELLS))
    return ((cells + cells.flip(3)) / 2)[..., : -(-cells.shape[3] // 2)].flatten(1)


def _pixels(path: Path) -> Pixels:
    image = PILImage.create(path).resize((SIZE, SIZE), resample=2, reducing_gap=2.0)
    return np.ascontiguousarray(np.array(image).transpose(2, 0, 1))
