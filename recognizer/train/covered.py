"""Features of what a network learns from: views of photos, all or half of them without faces where the recipe says so.

It is judged, calibrated and served on photos as they are, since no visitor's photo is blurred before it is answered on.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recognizer.faces.copies import blurred_photos, blurring_key
from recognizer.networks.cache import Array
from recognizer.networks.extractors import Extractor
from recognizer.networks.forward import extract, filled_cache
from recognizer.recipe import TrainSettings
from recognizer.report import Watch
from recognizer.store.rows import Photo

_log = logging.getLogger(__name__)
GATHERED = 4096  # features of so many views are held twice at once
MOST_MAPS = 3 * 2**30  # bytes of maps that a branch learns from


def covered_features(
    photos: Sequence[Photo], extractor: Extractor, settings: TrainSettings, work: Path, watch: Watch
) -> tuple[Array, Array]:
    """Return what is learned from, (n, views, …), and the photos as they are served, (n, 1, …): features of n photos.

    Args:
        photos: the photos, at least one.
        extractor: the frozen layers; the last of their outputs counts.
        settings: of the recipe.
        work: the work folder, which keeps features, boxes and blurred copies.
        watch: told about photos.

    Raises:
        WeightsUnavailable: the detector is wanted and not installed.
    """
    output, views = extractor.outputs[-1], settings.views
    if settings.faces == "keep":
        features = extract(photos, extractor, work, views, watch)[output]
        return features, features[:, :1]
    covered = blurred_photos(photos, work, watch)
    is_blurred = blurred_views(photos, covered, settings).ravel()
    rows = [(photo.sha256, view) for photo in photos for view in range(views)]
    served = extract(photos, extractor, work, 1, watch)[output]
    features = np.empty((len(rows), *served.shape[2:]), served.dtype)
    without_faces = replace(extractor, key=f"{blurring_key()}-{extractor.key}")
    for chosen, shown, layers in ((~is_blurred, photos, extractor), (is_blurred, covered, without_faces)):
        cache = filled_cache(list(compress(rows, chosen)), shown, layers, work, watch)
        places = np.flatnonzero(chosen)
        for part in (places[start : start + GATHERED] for start in range(0, len(places), GATHERED)):
            features[part] = cache.gather([rows[place] for place in part], [output])[output]
    return features.reshape(len(photos), views, *served.shape[2:]), served


def covered_maps(
    photos: Sequence[Photo], extractor: Extractor, settings: TrainSettings, work: Path, watch: Watch
) -> tuple[Array, Array]:
    """Return what `covered_features` does of feature maps: of fewer views than the recipe wants, where memory is short.

    The more photos, the less a further view of each teaches. What it takes and raises is the same.
    """
    (row,) = extract(photos[:1], extractor, work, 1)[extractor.outputs[-1]]
    fit = MOST_MAPS // (row.nbytes * len(photos)) - (settings.faces != "keep")  # then, what is served is held as well
    views = max(1, min(settings.views, fit))
    if views < settings.views:
        _log.warning(
            "Of each of the %d photos, %d instead of %d views are learned from, since more would fill memory.",
            *(len(photos), views, settings.views),
        )
    return covered_features(photos, extractor, settings.model_copy(update={"views": views}), work, watch)


def blurred_views(photos: Sequence[Photo], covered: Sequence[Photo], settings: TrainSettings) -> npt.NDArray[np.bool_]:
    """Tell which views have their faces blurred, (photos, views): all, or every other one, of photos that show some.

    Args:
        photos: n photos.
        covered: the same without faces.
        settings: of the recipe.
    """
    shows = np.array([one.path != photo.path for one, photo in zip(covered, photos, strict=True)])
    if settings.faces == "blur":
        return np.repeat(shows[:, None], settings.views, axis=1)
    first = np.array([int(photo.sha256[-1], 16) for photo in photos])
    return np.asarray(shows[:, None] & ((first[:, None] + np.arange(settings.views)) % 2 == 0))
