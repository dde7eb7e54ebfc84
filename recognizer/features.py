"""Passes of the pretrained backbone over the photos, kept in the work folder.

    features = photo_features(photos, recipe.train, work)       # float32, (photos, channels): the last maps
    features = stage_features(photos, recipe.train, work)       # all stages of the network, for the checks

A photo that has its features already is not computed again.
"""

import recognizer.torchvision_cure  # noqa: F401

import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from fastai.vision.core import PILImage
from torch import Tensor, nn

from recognizer.backbone import load_backbone
from recognizer.files import write_whole
from recognizer.photos import Photo
from recognizer.recipe import TrainSettings
from recognizer.trunk import runner
from recognizer.views import Pixels
from recognizer.watch import Watch, unwatched

BATCH = 32
SAVED_AFTER = 2000  # photos; a stop loses no more
ENLARGED = 9 / 7  # a network does better on pictures somewhat larger than those it learned from (FixRes, 1906.06423)
STEP = 32  # pixels; backbones halve their maps five times
FEWEST_STAGES = 3
Features = npt.NDArray[np.float32]


def photo_features(photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched) -> Features:
    """Return the features of photos, computing those that are missing.

    Args:
        photos: the photos, n of them.
        settings: which backbone, weights and size to use.
        work: the work folder, which keeps them.
        watch: told about photos done.

    Returns:
        The last feature maps averaged over their area, (n, channels).
    """
    cache = work / "features" / f"{settings.backbone}-{settings.size}.npz"
    return _cached(cache, photos, partial(_compute, settings, settings.size, _LastMaps), watch)


def stage_features(photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched) -> Features:
    """Return features that tell more: of every stage of the network, on somewhat larger pictures.

    Args:
        photos: the photos, n of them.
        settings: which backbone, weights and size to use.
        work: the work folder, which keeps them.
        watch: told about photos done.

    Returns:
        The maps of all stages averaged over their area, the last ones first, (n, channels).
    """
    cache = work / "features" / f"{settings.backbone}-{settings.size}-stages.npz"
    size = max(1, round(settings.size * ENLARGED / STEP)) * STEP
    return _cached(cache, photos, partial(_compute, settings, size, _AllMaps), watch)


def _cached(
    cache: Path, photos: Sequence[Photo], compute: Callable[[Sequence[Photo], Watch], dict[str, Features]], watch: Watch
) -> Features:
    known = _load(cache)
    missing = [photo for photo in photos if photo.sha256 not in known]
    for start in range(0, len(missing), SAVED_AFTER):
        known |= compute(missing[start : start + SAVED_AFTER], partial(_told, watch, start, len(missing)))
        _save(cache, known)
    return np.stack([known[photo.sha256] for photo in photos])


def _told(watch: Watch, before: int, total: int, what: str, done: int, _: int) -> None:
    """Tell a watcher about all photos, where only a part of them is under way."""
    watch(what, before + done, total)


def _load(cache: Path) -> dict[str, Features]:
    if not cache.is_file():
        return {}
    with np.load(cache) as stored:
        return dict(zip(stored["photos"].tolist(), stored["features"], strict=True))


def _save(cache: Path, known: dict[str, Features]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, photos=np.array(list(known)), features=np.stack(list(known.values())))
    write_whole(cache, buffer.getvalue())


def _compute(
    settings: TrainSettings, size: int, summary: type[nn.Module], photos: Sequence[Photo], watch: Watch
) -> dict[str, Features]:
    backbone = load_backbone(settings.backbone, settings.weights)
    run = runner(summary(backbone.body), backbone, size)
    found: dict[str, Features] = {}
    for batch in _batches(photos):
        rows = run(np.stack([_pixels(photo.path, size) for photo in batch])).astype(np.float32)
        found |= {photo.sha256: row for photo, row in zip(batch, rows, strict=True)}
        watch("computing features", len(found), len(photos))
    return found


class _LastMaps(nn.Module):
    """The last maps, averaged over their area."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, pixels: Tensor) -> Tensor:
        averaged: Tensor = self.body(pixels).mean(dim=(2, 3))
        return averaged


class _AllMaps(nn.Module):
    """The averaged maps of the last layer and of each stage."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        self._maps: list[Tensor] = []
        for stage in _stages(body):
            stage.register_forward_hook(lambda *call: self._maps.append(call[2].mean(dim=(2, 3))))

    def forward(self, pixels: Tensor) -> Tensor:
        self._maps.clear()
        last = self.body(pixels).mean(dim=(2, 3))
        return torch.cat([last, *self._maps], dim=1)


def _stages(body: nn.Module) -> list[nn.Module]:
    """Find a network's stages: the first parts side by side that each hold several convolutions."""
    for module in body.modules():
        parts = [child for child in module.children() if _convolutions(child) > 1]
        if len(parts) >= FEWEST_STAGES:
            return parts
    return []


def _convolutions(module: nn.Module) -> int:
    return sum(isinstance(part, nn.Conv2d) for part in module.modules())


def _batches(photos: Sequence[Photo]) -> Iterator[Sequence[Photo]]:
    for start in range(0, len(photos), BATCH):
        yield photos[start : start + BATCH]


def _pixels(path: Path, size: int) -> Pixels:
    image = PILImage.create(path).resize((size, size), resample=2, reducing_gap=2.0)
    return np.ascontiguousarray(np.array(image).transpose(2, 0, 1))
