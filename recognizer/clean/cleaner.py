"""The clean stage: every check writes its issues, and the rules decide where they are sure."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from recognizer.clean import duplicates, labels, quality
from recognizer.errors import RecognizerError
from recognizer.features import Features, photo_features
from recognizer.groups import group_photos, is_held_out
from recognizer.photos import AUTO, Decision, Issue, Photo, PhotoStore
from recognizer.recipe import Recipe
from recognizer.report import write_report
from recognizer.watch import Watch, unwatched


def clean(recipe: Recipe, store: PhotoStore, auto: bool = True, watch: Watch = unwatched) -> dict[str, Any]:
    """Check all stored photos, and decide by rule where that is sure.

    Args:
        recipe: the recipe.
        store: the photo store.
        auto: whether rules may decide; without it everything waits for a person.
        watch: told about photos done.

    Returns:
        The report, as written to `reports/clean.json`.

    Raises:
        RecognizerError: there are no photos, or too few of a class.
    """
    begun = time.monotonic()
    if not store.photos():
        raise RecognizerError(f"{store.work} has no photos yet; run recognizer collect {recipe.name} first.")
    decisions = _check(recipe, store, watch)
    store.replace_automatic(decisions if auto else [])
    return _report(recipe, store, time.monotonic() - begun)


def _check(recipe: Recipe, store: PhotoStore, watch: Watch) -> list[Decision]:
    photos = store.photos()
    features = photo_features(photos, recipe.train, store.work, watch)
    copies = duplicates.find_duplicates(photos, features)
    empty = quality.find_empty(photos)
    store.replace_issues(duplicates.CHECK, copies)
    store.replace_issues(quality.CHECK, empty)
    decisions = duplicates.decide_duplicates(photos, copies) + quality.decide_empty(empty)
    return decisions + _check_labels(recipe, store, features, {decision.photo for decision in decisions})


def _check_labels(recipe: Recipe, store: PhotoStore, features: Features, dropped: set[str]) -> list[Decision]:
    """Judge the labels of all photos that the other checks and people leave."""
    photos = store.photos()
    groups = group_photos(photos, store.issues())
    people = {decision.photo: decision for decision in store.decisions() if decision.by != AUTO}
    dropped = dropped | {photo for photo, decision in people.items() if decision.action == "drop"}
    chosen = [place for place, photo in enumerate(photos) if photo.sha256 not in dropped]
    issues, decisions = labels.find_wrong_labels(
        [photos[place] for place in chosen],
        [_label(photos[place], people) for place in chosen],
        features[chosen],
        [groups[place] for place in chosen],
        np.array([is_held_out(photos[place].sha256, recipe.train.held_out) for place in chosen]),
        recipe.train.seed,
    )
    store.replace_issues(labels.CHECK, issues)
    return decisions


def _label(photo: Photo, people: dict[str, Decision]) -> str:
    """Return the label that a person gave, or the one that the photo was found as."""
    decision = people.get(photo.sha256)
    return decision.label if decision and decision.label else photo.found_as


def _report(recipe: Recipe, store: PhotoStore, seconds: float) -> dict[str, Any]:
    decisions = store.decisions()
    found = _found(store.issues())
    counts = {
        "photos": len(store.photos()),
        "kept": len(store.kept()),
        "dropped": sum(decision.action == "drop" for decision in decisions),
        "relabelled": sum(decision.action == "relabel" for decision in decisions),
    }
    by = Counter("auto" if decision.by == AUTO else "person" for decision in decisions)
    return write_report(store.work, "clean", recipe.name, seconds, counts, issues=found, decisions=dict(by))


def _found(issues: Sequence[Issue]) -> dict[str, int]:
    """Count for each check the photos that are worth a look."""
    found = Counter(issue.check for issue in issues if issue.score >= labels.WRONG)
    return {check: found[check] for check in (duplicates.CHECK, quality.CHECK, labels.CHECK)}
