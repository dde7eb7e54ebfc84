"""The clean stage of a recipe with several outputs: copies are found; labels that a data set gives are left alone."""

import time
from typing import Any

from recognizer.clean import duplicates
from recognizer.clean.clean import count_checks
from recognizer.clean.features import photo_features
from recognizer.clean.registration import read_planes
from recognizer.errors import NothingYet
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.store.photo_store import PhotoStore


def clean_outputs(recipe: Recipe, store: PhotoStore, auto: bool = True, watch: Watch = unwatched) -> dict[str, Any]:
    """Find copies among the photos of a data set, and keep the best one of each.

    Copies whose values contradict each other are left out of training and evaluation (splits/values.py).

    Args:
        recipe: the recipe; it has outputs.
        store: the photo store.
        auto: whether the worse copies are dropped.
        watch: told about photos done.

    Returns:
        The report, as written to `reports/clean.json`.

    Raises:
        NothingYet: there are no photos.
        WorkInUse: another run is at work in the work folder.
    """
    begun = time.monotonic()
    with store.locked():
        stored = store.photos.all()
        lost = store.sound_files.renew(stored)
        photos = [photo for photo in stored if photo.sha256 not in lost]
        if not photos:
            raise NothingYet(store.work, "photos", recipe.command("collect"))
        features = photo_features(photos, recipe.train, store.work, watch)
        planes = read_planes([photo.path for photo in photos], watch=watch)
        copies = duplicates.find_duplicates(photos, features.overall, planes, watch)
        store.issues.replace(duplicates.CHECK, copies)
        store.decisions.replace_automatic(duplicates.decide_duplicates(copies) if auto else [])
        kept = len(store.photos.kept())
        counts = {"photos": len(stored), "kept": kept, "dropped": len(stored) - kept, "relabelled": 0}
        checks = count_checks([duplicates.CHECK], copies, {one.photo for one in store.decisions.current()})
        more = {"checks": checks, "missing": len(stored) - len(photos)}
        return write_report(store.work, "clean", recipe.name, time.monotonic() - begun, counts, **more)
