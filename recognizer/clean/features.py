"""The features of photos that cleaning goes by; computed once, and kept in the work folder (networks/cache.py).

features = photo_features(photos, recipe.train, work)
features.overall                        # (photos, channels): what is in the picture
features.placed                         # (photos, channels and cells): and where
networks = further_networks(recipe)     # what is wrong with their names is said here
for name, features in further_features(photos, networks, work): ...     # those of other networks
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recognizer.errors import WeightsUnavailable
from recognizer.networks.lda import Floats
from recognizer.recipe import CleanSettings, Recipe, TrainSettings
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

if TYPE_CHECKING:
    from recognizer.networks.extractors import Extractor

_log = logging.getLogger(__name__)


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

    load_for_training(settings, pretrained=False)  # what training would refuse is said before any photo is looked at
    backbone = load_backbone(settings.backbone, settings.weights, merged=settings.stages, size=SIZE)
    extractor = clean_extractor(backbone, settings)
    if shown:
        extractor = replace(extractor, key=f"{shown}-{extractor.key}")
    return _extract(photos, extractor, work, watch)


def further_networks(recipe: Recipe) -> dict[str, "Extractor"]:
    """Return the further networks that the recipe has judge labels, by name.

    One that nobody named is left out with a warning, where the package with its weights is not installed.

    Args:
        recipe: the recipe.

    Raises:
        WeightsUnavailable: the weights of a network that the recipe names cannot be had.
        RecipeError: one that it names gives no features of a photo.
    """
    from recognizer.networks.backbone import LITE0, load_backbone
    from recognizer.networks.extractors import SIZE, judging_extractor

    own, is_named, networks = recipe.train.backbone, "backbones" in recipe.clean.model_fields_set, {}
    names = [name for name in dict.fromkeys(recipe.clean.backbones) if name != own]
    for name in names if names or is_named else [LITE0]:  # so that two judge where training has the one left out
        settings = TrainSettings(backbone=name)
        try:
            networks[name] = judging_extractor(load_backbone(name, merged=settings.stages, size=SIZE), settings)
        except WeightsUnavailable as error:
            if is_named:
                raise WeightsUnavailable(_unavailable(name, error)) from error
            _log.warning("Labels are judged by %s alone, and fewer wrong ones are found: %s", own, error)
    return networks


def check_networks(recipe: Recipe) -> None:
    """See that the networks which a recipe names are known, before hours go into photos.

    Args:
        recipe: the recipe.

    Raises:
        WeightsUnavailable: one is not.
    """
    own, further = recipe.train.backbone, [] if recipe.has_outputs else recipe.clean.backbones
    known = {TrainSettings().backbone, *CleanSettings().backbones}
    for name in dict.fromkeys(name for name in (own, *further) if name not in known):
        from recognizer.networks.backbone import check_name  # for unknown ones only, since torch takes seconds

        try:
            check_name(name)
        except WeightsUnavailable as error:
            if name == own:
                raise
            raise WeightsUnavailable(_unavailable(name, error)) from error


def _unavailable(name: str, error: WeightsUnavailable) -> str:
    """Say that a further network cannot be had, with the ways out that it has, of which training has others."""
    from recognizer.networks.backbone import NotFetched

    out = f"take “{name}” out of backbones under [clean]"
    if isinstance(error, NotFetched):
        return f"{error.why} Have {error.place}, or {out}."
    return f"{error} Or {out}."


def further_features(
    photos: Sequence[Photo], networks: Mapping[str, "Extractor"], work: Path, watch: Watch = unwatched
) -> Iterator[tuple[str, PhotoFeatures]]:
    """Give the name and the features of each further network.

    Args:
        photos: the photos, n of them.
        networks: the further ones.
        work: the work folder, which keeps the features.
        watch: told about photos done.
    """
    for name, extractor in networks.items():
        yield name, _extract(photos, extractor, work, _naming(name, watch))


def _naming(name: str, watch: Watch) -> Watch:
    """Return what tells a watch the name of the network as well."""
    return lambda what, done, total: watch(f"{what} of {name}", done, total)


def _extract(photos: Sequence[Photo], extractor: "Extractor", work: Path, watch: Watch) -> PhotoFeatures:
    from recognizer.networks.forward import extract

    found = extract(photos, extractor, work, watch=watch)
    return PhotoFeatures(found["overall"][:, 0], found["placed"][:, 0])
