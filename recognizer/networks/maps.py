"""What the trunk of a backbone makes of every view of every photo, kept in the work folder.

    maps = photo_maps(photos, trunk, backbone, settings, work)      # float16, (photos, views, channels, h, w)

One file a photo, so that a stop loses nothing and a new photo costs only itself.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from torch import nn

from recognizer.files import write_whole
from recognizer.networks.augmentation import Pixels, photo_views
from recognizer.networks.backbone import Backbone
from recognizer.networks.trunk import Maps, Run, runner
from recognizer.recipe import TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

BATCH = 8  # photos, each with all its views


def photo_maps(
    photos: Sequence[Photo],
    trunk: nn.Module,
    backbone: Backbone,
    settings: TrainSettings,
    work: Path,
    watch: Watch = unwatched,
) -> Maps:
    """Return the trunk's output for all views of photos, computing what is missing.

    Args:
        photos: the photos, n of them.
        trunk: the layers that are not tuned.
        backbone: whose trunk it is; it knows how pixels are normalised.
        settings: which views there are, and of what size.
        work: the work folder, which keeps the maps.
        watch: told about photos done.

    Returns:
        (n, views, channels, height, width).
    """
    folder = work / "features" / _folder(trunk, settings)
    missing = [photo for photo in photos if not _file(folder, photo).is_file()]
    if missing:
        _compute(missing, runner(trunk, backbone, settings.size), settings, folder, watch)
    return np.stack([np.load(_file(folder, photo)) for photo in photos])


def _compute(photos: Sequence[Photo], run: Run, settings: TrainSettings, folder: Path, watch: Watch) -> None:
    done = 0
    with ThreadPoolExecutor() as pool:
        for batch in _ahead(pool, photos, settings):
            maps = run(np.concatenate([views for _, views in batch]))
            for (photo, _), rows in zip(batch, np.split(maps, len(batch)), strict=True):
                _write(_file(folder, photo), rows)
            done += len(batch)
            watch("looking at photos", done, len(photos))


def _ahead(
    pool: ThreadPoolExecutor, photos: Sequence[Photo], settings: TrainSettings
) -> Iterator[list[tuple[Photo, Pixels]]]:
    """Decode the next photos while the trunk runs on these."""

    def views(photo: Photo) -> tuple[Photo, Pixels]:
        return photo, photo_views(photo, settings.size, settings.views)

    batches = [photos[start : start + BATCH] for start in range(0, len(photos), BATCH)]
    waiting = [[pool.submit(views, photo) for photo in batch] for batch in batches[:2]]
    for number in range(len(batches)):
        if number + 2 < len(batches):
            waiting.append([pool.submit(views, photo) for photo in batches[number + 2]])
        yield [future.result() for future in waiting.pop(0)]


def _folder(trunk: nn.Module, settings: TrainSettings) -> str:
    """Name the maps after all that they depend on, besides the photos."""
    weights = hashlib.sha256()
    for name, tensor in trunk.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.cpu().numpy().tobytes())
    key = json.dumps([settings.size, settings.views, weights.hexdigest()])
    return f"{settings.backbone}-{settings.size}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _file(folder: Path, photo: Photo) -> Path:
    return folder / f"{photo.sha256[:32]}.npy"


def _write(file: Path, maps: Maps) -> None:
    buffer = io.BytesIO()
    np.save(buffer, maps)
    write_whole(file, buffer.getvalue())
