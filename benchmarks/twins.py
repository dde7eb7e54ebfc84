"""Twins of a work folder: the same photos as they were found, or as they truly are, to train on.

with twin(work, "uncleaned", recipe) as store:      # no rule has decided anything, and every label is trusted
    store.decisions.add(*decide_by_truth(recipe, store, truth))
    train(recipe, store)
"""

import shutil
from dataclasses import replace
from pathlib import Path

from recognizer.clean.duplicates import decide_duplicates
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision


def twin(work: Path, name: str, recipe: Recipe) -> PhotoStore:
    """Open a twin of a work folder, beside it, in which no rule has decided anything, and every label is trusted.

    Args:
        work: the work folder.
        name: what is added to its name.
        recipe: its recipe.
    """
    folder = work.with_name(f"{work.name}-{name}")
    if not folder.exists():
        shutil.copytree(work, folder, symlinks=True, ignore=shutil.ignore_patterns("runs", "model", "reports"))
    store = PhotoStore(folder, recipe.labels)
    store.decisions.replace_automatic([])
    store.label_quality.replace([])
    return store


def decide_by_truth(recipe: Recipe, store: PhotoStore, truth: dict[str, str]) -> list[Decision]:
    """Drop the copies that `clean` would drop and photos of no class, and put other labels right.

    These are a person's decisions, so that no rule changes them between rounds of training.

    Args:
        recipe: the recipe.
        store: the twin.
        truth: address of a photo to what it shows.
    """
    copies = [replace(decision, by="truth") for decision in decide_duplicates(store.issues.all())]
    dropped = {decision.photo for decision in copies}
    others = [
        photo for photo in store.photos.all() if photo.sha256 not in dropped and truth[photo.image] != photo.found_as
    ]
    return copies + [
        Decision(photo.sha256, "relabel", "the truth", label=truth[photo.image], by="truth")
        if truth[photo.image] in recipe.labels
        else Decision(photo.sha256, "drop", "of no class", by="truth")
        for photo in others
    ]
