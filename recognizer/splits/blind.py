"""The blind sample: held-out photos in which a person names the class without knowing label or suggestion.

    sample = blind_sample(recipe, store)        # in the order in which people are asked
    hidden = awaited_photos(recipe, store)      # whose labels are not to be shown yet

It is drawn from the held-out photos as they were collected: a person's decisions, which the network's doubts may have
steered, take none out of it and change no label. Only what checks drop without a look at the label is not in it, unless
a person took it in again.

Every photo has the same chance, and each class its share (systematic rounding; Särndal, Swensson and Wretman, 1992,
sections 3.4 and 3.7). A photo's place in the order is a number of its own, made of its fingerprint (permanent random
numbers; Ohlsson, 1995), so the sample can be drawn again at any time: where photos have come or gone since, it is a
sample of those that are there now, most of it is as before, and what was answered counts on. So is the chance by which
shares are rounded, which is that of the first photo in the order: it stays as long as this one is the first.
"""

import hashlib
from collections.abc import Collection, Sequence
from itertools import groupby, pairwise

import numpy as np

from recognizer.recipe import Recipe
from recognizer.splits.groups import is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo

SIZE = 60  # photos that are asked for, or all where there are fewer


def blind_population(recipe: Recipe, store: PhotoStore) -> list[Photo]:
    """Return the held-out photos of the recipe's classes as they were collected, less those that rules dropped.

    Args:
        recipe: the recipe.
        store: the photo store.
    """
    dropped = store.decisions.dropped_by_rules()
    return [
        photo
        for photo in store.photos.all()
        if photo.found_as in recipe.labels
        and photo.sha256 not in dropped
        and is_held_out(photo.sha256, recipe.train.held_out)
        and photo.path.is_file()
    ]


def blind_sample(recipe: Recipe, store: PhotoStore) -> list[Photo]:
    """Return the blind sample, in the order in which people are asked.

    Args:
        recipe: the recipe.
        store: the photo store.
    """
    return draw_sample(blind_population(recipe, store), answered=store.blind_answers.all())


def awaited_photos(recipe: Recipe, store: PhotoStore) -> set[str]:
    """Return the sha256 of the photos of the blind sample that wait for an answer: reports leave them out.

    Args:
        recipe: the recipe.
        store: the photo store.
    """
    return {photo.sha256 for photo in blind_sample(recipe, store)} - store.blind_answers.all().keys()


def draw_sample(
    population: Sequence[Photo], size: int = SIZE, key: str = "blind", answered: Collection[str] = ()
) -> list[Photo]:
    """Return a random sample of photos, each class with its share, in a random order.

    Args:
        population: the photos to draw from.
        size: how many; all where there are no more.
        key: of the chance; another one draws another sample.
        answered: the sha256 of photos for which people have answered. Earlier versions rounded by one number for all;
            where more of what that draws is answered, it stays the sample, so that no answer is lost.
    """
    place = {photo.sha256: _number(key, photo.sha256) for photo in population}
    ordered = sorted(population, key=lambda photo: (photo.found_as, place[photo.sha256]))
    classes = [list(photos) for _, photos in groupby(ordered, key=lambda photo: photo.found_as)]
    first = min(place, key=lambda sha256: place[sha256], default="")
    samples = []
    for name in (f"rounding {first}", ""):
        shares = _share_out([len(photos) for photos in classes], min(size, len(population)), _number(key, name))
        samples.append([photo for photos, share in zip(classes, shares, strict=True) for photo in photos[:share]])
    drawn = max(samples, key=lambda sample: sum(photo.sha256 in answered for photo in sample))
    return sorted(drawn, key=lambda photo: place[photo.sha256])


def _share_out(counts: Sequence[int], size: int, chance: float) -> list[int]:
    """Return how many of each class are drawn: its share of the size, rounded up or down so that the mean is exact."""
    ends = np.cumsum([0, *counts]) * size
    marks = np.floor(ends / max(sum(counts), 1) + chance).astype(int).tolist()
    return [after - before for before, after in pairwise(marks)]


def _number(key: str, name: str) -> float:
    """Return a random number from 0 to 1 that is always the same for a name."""
    return int(hashlib.sha256(f"{key} {name}".encode()).hexdigest()[:12], 16) / 16**12
