"""One pass of the pretrained backbone over the photos, kept in the work folder.

    features = stage_features(photos, recipe.train, work)       # float32, (photos, channels)

A photo that has its features already is not computed again.
"""

import recognizer.torchvision_cure  # noqa: F401

import io
from collections.abc import Sequence
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
SAVED_AFTER = 64 * BATCH  # photos; a stop loses no more
ENLARGED = 9 / 7  # a network does better on pictures somewhat larger than those it learned from (FixRes, 1906.06423)
STEP = 32  # pixels; backbones halve their maps five times
FEWEST_STAGES = 3
Features = npt.NDArray[np.float32]


def stage_features(photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched) -> Features:
    """Return features of every stage of the network, on somewhat larger pictures than it is trained with.

    Args:
        photos: the photos, n of them.
        settings: which backbone, weights and size to use.
        work: the work folder, which keeps them.
        watch: told about photos done.

    Returns:
        The maps of all stages averaged over their area, the last ones first, (n, channels).
    """
    cache = work / "features" / f"{settings.backbone}-{settings.size}-stages.npz"
    known = _load(cache)
    missing = [photo for photo in photos if photo.sha256 not in known]
    if missing:
        _compute(missing, known, settings, cache, watch)
    return np.stack([known[photo.sha256] for photo in photos])


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
    photos: Sequence[Photo], known: dict[str, Features], settings: TrainSettings, cache: Path, watch: Watch
) -> None:
    """Add the features of photos to the known ones, and save them now and then."""
    backbone = load_backbone(settings.backbone, settings.weights)
    size = max(1, round(settings.size * ENLARGED / STEP)) * STEP
    run = runner(_AllMaps(backbone.body), backbone, size)
    for start in range(0, len(photos), BATCH):
        batch = photos[start : start + BATCH]
        rows = run(np.stack([_pixels(photo.path, size) for photo in batch])).astype(np.float32)
        known |= {photo.sha256: row for photo, row in zip(batch, rows, strict=True)}
        done = start + len(batch)
        watch("computing features", done, len(photos))
        if done % SAVED_AFTER == 0 or done == len(photos):
            _save(cache, known)


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


def _pixels(path: Path, size: int) -> Pixels:
    image = PILImage.create(path).resize((size, size), resample=2, reducing_gap=2.0)
    return np.ascontiguousarray(np.array(image).transpose(2, 0, 1))
