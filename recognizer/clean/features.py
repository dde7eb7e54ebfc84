"""The features of photos that cleaning goes by; computed once, and kept in the work folder (networks/cache.py).

features = photo_features(photos, recipe.train, work)
features.overall                        # (photos, channels): what is in the picture
features.placed                         # (photos, channels and cells): and where
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recognizer.networks.lda import Floats
from recognizer.recipe import TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo


class PhotoFeatures(NamedTuple):
    """Features of n photos.

    Args:
        overall: the feature maps of all stages averaged over the picture, (n, channels).
        placed: those of the last stages averaged over each cell of a grid, (n, channels * cells).
    """

    overall: Floats
    placed: Floats

    @property
    def whole(self) -> Floats:
        """Both, side by side."""
        return np.hstack(self)

    def of(self, places: Sequence[int]) -> "PhotoFeatures":
        """Return the features of some of the photos."""
        return PhotoFeatures(self.overall[places], self.placed[places])


def photo_features(
    photos: Sequence[Photo], settings: TrainSettings, work: Path, watch: Watch = unwatched, shown: str = ""
) -> PhotoFeatures:
    """Return features of photos.

    Args:
        photos: the photos, n of them.
        settings: which backbone and weights to use.
        work: the work folder, which keeps them.
        watch: told about photos done.
        shown: names how the photos are changed, where their files are not those that are stored.

    Raises:
        WeightsUnavailable: the pretrained weights cannot be had.
        RecipeError: the backbone does not take what training would give it.
    """
    from recognizer.networks.backbone import load_backbone, load_for_training
    from recognizer.networks.extractors import SIZE, clean_extractor
    from recognizer.networks.forward import extract

    load_for_training(settings, pretrained=False)  # what training would refuse is said before any photo is looked at
    backbone = load_backbone(settings.backbone, settings.weights, merged=settings.stages, size=SIZE)
    extractor = clean_extractor(backbone, settings)
    if shown:
        extractor = replace(extractor, key=f"{shown}-{extractor.key}")
    found = extract(photos, extractor, work, watch=watch)
    return PhotoFeatures(found["overall"][:, 0], found["placed"][:, 0])
