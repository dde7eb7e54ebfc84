"""One pass of the pretrained backbone over the photos, kept in the work folder.

    features = photo_features(photos, recipe.train, work)       # float32, (photos, channels)

A photo that has its features already is not computed again.
"""

import recognizer.torchvision_cure  # noqa: F401

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from fastai.vision.core import PILImage

from recognizer.backbone import Backbone, load_backbone
from recognizer.photos import Photo
from recognizer.recipe import TrainSettings
from recognizer.watch import Watch, unwatched

BATCH = 32
Features = npt.NDArray[np.float32]


def photo_features(photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched) -> Features:
    """Return the features of photos, computing those that are missing.

    Args:
        photos: the photos, n of them.
        settings: which backbone, weights and size to use.
        work: the work folder, which keeps them.
        watch: told about photos done.

    Returns:
        Feature maps averaged over their area, (n, channels).
    """
    cache = work / "features" / f"{settings.backbone}-{settings.size}.npz"
    known = _load(cache)
    missing = [photo for photo in photos if photo.sha256 not in known]
    if missing:
        known |= _compute(missing, load_backbone(settings.backbone, settings.weights), settings.size, watch)
        _save(cache, known)
    return np.stack([known[photo.sha256] for photo in photos])


def _load(cache: Path) -> dict[str, Features]:
    if not cache.is_file():
        return {}
    with np.load(cache) as stored:
        return dict(zip(stored["photos"].tolist(), stored["features"], strict=True))


def _save(cache: Path, known: dict[str, Features]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    half = cache.with_suffix(".part.npz")
    np.savez(half, photos=np.array(list(known)), features=np.stack(list(known.values())))
    half.replace(cache)


def _compute(photos: Sequence[Photo], backbone: Backbone, size: int, watch: Watch) -> dict[str, Features]:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (backbone.mean, backbone.std))
    backbone.body.eval()
    found: dict[str, Features] = {}
    with torch.inference_mode():
        for batch in _batches(photos):
            pixels = torch.stack([_pixels(photo.path, size) for photo in batch])
            rows = backbone.body((pixels - mean) / std).mean(dim=(2, 3)).numpy()
            found |= {photo.sha256: row for photo, row in zip(batch, rows, strict=True)}
            watch("computing features", len(found), len(photos))
    return found


def _batches(photos: Sequence[Photo]) -> Iterator[Sequence[Photo]]:
    for start in range(0, len(photos), BATCH):
        yield photos[start : start + BATCH]


def _pixels(path: Path, size: int) -> torch.Tensor:
    image = PILImage.create(path).resize((size, size), resample=2, reducing_gap=2.0)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255
