"""The clean stage: every check writes its issues, and the rules decide where they are sure."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, compress
from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.clean import duplicates, label_quality, no_person, quality
from recognizer.clean.conflicts import suggest_labels
from recognizer.clean.contact_sheet import Shown, write_sheet
from recognizer.clean.features import PhotoFeatures, further_features, further_networks, photo_features
from recognizer.clean.registration import read_measured
from recognizer.clean.rules import decide_labels
from recognizer.errors import NothingYet
from recognizer.faces.copies import blurred_photos, blurring_key, check_faces
from recognizer.faces.detector import INSTALL, is_installed
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_report
from recognizer.splits.blind import awaited_photos
from recognizer.splits.groups import tested_groups
from recognizer.splits.split import group_together, take_sides
from recognizer.store.decisions import kind_of
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, WORTH_A_LOOK, Decision, Issue, Photo

_log = logging.getLogger(__name__)
CHECKS = (duplicates.CHECK, duplicates.CONFLICT, *quality.CHECKS, label_quality.CHECK, label_quality.OFF_TOPIC)
Others = Callable[[Sequence[Photo]], Iterable[tuple[str, PhotoFeatures]]]  # give the features of further networks
OF_PEOPLE = (no_person.CHECK,)  # further checks, where a recipe's classes are groups of people


def clean(recipe: Recipe, store: PhotoStore, auto: bool = True, watch: Watch = unwatched) -> dict[str, Any]:
    """Check all stored photos, and decide by rule where that is sure.

    Args:
        recipe: the recipe.
        store: the photo store.
        auto: whether rules may decide; without it everything waits for a person, and photos are learned as their label.
        watch: told about photos done.

    Returns:
        The report, as written to `reports/clean.json`.

    Raises:
        NothingYet: there are no photos.
        RecognizerError: fewer than two classes have enough.
        WeightsUnavailable: the recipe wants faces blurred later on, and no detector is installed.
        WorkInUse: another run is at work in the work folder.
    """
    with store.locked():
        return _clean(recipe, store, auto, watch)


def _clean(recipe: Recipe, store: PhotoStore, auto: bool, watch: Watch) -> dict[str, Any]:
    begun = time.monotonic()
    check_faces(recipe.train)
    wanted = [photo for photo in store.photos.all() if {photo.found_as, photo.label} & set(recipe.labels)]
    lost = store.sound_files.renew(wanted)
    photos = [photo for photo in wanted if photo.sha256 not in lost]
    if not photos:
        raise NothingYet(store.work, "photos", recipe.command("collect"))
    decisions, estimated = _check(recipe, store, photos, watch)
    store.decisions.replace_automatic(decisions if auto else [])
    standing = [decision for decision in store.decisions.current() if decision.by == AUTO]  # less what a person undid
    rated = label_quality.rate_labels(estimated.photos, estimated.estimate, standing)
    store.label_quality.replace(rated if auto else label_quality.without_likelier(rated))
    sheets = _write_sheets(recipe, store)
    return _report(recipe, store, time.monotonic() - begun, len(wanted) - len(photos), estimated.networks, sheets)


def _check(
    recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], watch: Watch
) -> tuple[list[Decision], "_Estimated"]:
    """Run all checks on the stored photos; return what rules would decide, and what is known of the labels."""
    networks = further_networks(recipe)  # what cannot be had is said before any photo is looked at
    others = partial(further_features, networks=networks, work=store.work, watch=watch)
    features = photo_features(photos, recipe.train, store.work, watch)
    planes, drawing = read_measured([photo.path for photo in photos], quality.measure_drawing, watch=watch)
    copies = duplicates.find_duplicates(photos, features.overall, planes, watch)
    poor = quality.find_poor(photos, planes, drawing, recipe.train.size)
    _replace(store, (duplicates.CHECK, duplicates.CONFLICT), copies)
    _replace(store, quality.CHECKS, poor)
    _replace(store, OF_PEOPLE, _find_no_person(recipe, store, photos, features, watch))
    decisions = duplicates.decide_duplicates(copies) + quality.decide_poor(poor)
    # What a person has undone is not dropped again, so its label counts, and is checked.
    refused = store.decisions.refused()
    dropped = {decision.photo for decision in decisions if kind_of(decision) not in refused}
    estimated = _estimate_labels(recipe, store, photos, features, dropped, others)
    return decisions + _decide_labels(recipe, store, estimated), estimated


def _find_no_person(
    recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], features: PhotoFeatures, watch: Watch
) -> list[Issue]:
    """Find photos without people, where the recipe is about people."""
    if not recipe.people:
        return []
    if not is_installed():
        _log.warning("Photos without people are not looked for, since that needs a package: %s.", INSTALL)
        return []
    covered = blurred_photos(photos, store.work, watch)
    shows_face = np.array([one.path != photo.path for one, photo in zip(covered, photos, strict=True)])
    scenes = features.overall.astype(np.float64)
    if shows_face.any():
        shown = list(compress(covered, shows_face))
        scenes[shows_face] = photo_features(shown, recipe.train, store.work, watch, blurring_key()).overall
    return no_person.find_no_person(photos, scenes, shows_face)


@dataclass(frozen=True)
class _Estimated:
    """Photos with what the rules go by where they decide about labels.

    Args:
        photos: n of them.
        held_out: those that have not taught the estimate, (n,).
        by_people: those that people decided about, (n,).
        estimate: of their labels.
        networks: that judged them.
    """

    photos: list[Photo]
    held_out: npt.NDArray[np.bool_]
    by_people: npt.NDArray[np.bool_]
    estimate: label_quality.LabelEstimate
    networks: list[str]


def _estimate_labels(
    recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], features: PhotoFeatures, dropped: set[str], more: Others
) -> _Estimated:
    """Estimate the labels of all photos that the other checks and people leave; store what a person is to see."""
    people = {decision.photo: decision for decision in store.decisions.current() if decision.by != AUTO}
    groups = group_together(photos, store.issues.all())
    stay = [place for place, photo in enumerate(photos) if photo.sha256 not in dropped]
    tested = tested_groups([photos[place] for place in stay], [groups[place] for place in stay], recipe.train.held_out)
    dropped = dropped | {photo for photo, decision in people.items() if decision.action == "drop"}
    labelled = [_label(photo, people) for photo in photos]
    counting = [
        place for place, photo in enumerate(photos) if photo.sha256 not in dropped and labelled[place] in recipe.labels
    ]
    chosen, held_out = _checkable(recipe, photos, groups, labelled, counting, tested)
    left, names = [photos[place] for place in chosen], [groups[place] for place in chosen]
    labels, seed = [labelled[place] for place in chosen], recipe.train.seed
    networks = chain([(recipe.train.backbone, features.of(chosen))], more(left))
    settings = {
        name: label_quality.choose_settings(labels, label_quality.reduce_features(one), names, held_out, seed)
        for name, one in networks
    }
    shown, decisive = (
        label_quality.estimate_labels(labels, list(settings.values()), names, teaching_nothing, seed)
        for teaching_nothing in (np.zeros_like(held_out), held_out)
    )
    _show(store, left, shown)
    by_people = np.array([photo.sha256 in people for photo in left])
    return _Estimated(left, held_out, by_people, decisive, list(settings))


def _checkable(
    recipe: Recipe,
    photos: Sequence[Photo],
    groups: Sequence[str],
    labels: Sequence[str],
    places: Sequence[int],
    tested: Collection[str],
) -> tuple[list[int], npt.NDArray[np.bool_]]:
    """Return the places of photos whose class has enough for its labels to be checked, and which are held out."""
    own = [photos[place] for place in places]
    sides = take_sides(own, [groups[place] for place in places], recipe.train.held_out, tested)
    held_out = np.array([side != "training" for side in sides])
    names = [labels[place] for place in places]
    small = label_quality.small_classes(names, held_out)
    if small:
        counts = ", ".join(f"“{name}” ({count})" for name, count in small.items())
        _log.warning("There are too few training photos to check the labels of %s.", counts)
    enough = [name not in small for name in names]
    return list(compress(places, enough)), held_out[enough]


def _show(store: PhotoStore, photos: Sequence[Photo], estimate: label_quality.LabelEstimate) -> None:
    """Store what an estimate makes of labels, and of copies under different ones."""
    _replace(store, (label_quality.CHECK,), label_quality.find_wrong_labels(photos, estimate))
    _replace(store, (label_quality.OFF_TOPIC,), label_quality.find_off_topic(photos, estimate))
    conflicts = [issue for issue in store.issues.all() if issue.check == duplicates.CONFLICT]
    _replace(store, (duplicates.CONFLICT,), suggest_labels(conflicts, photos, estimate))


def _decide_labels(recipe: Recipe, store: PhotoStore, estimated: _Estimated) -> list[Decision]:
    """Decide about labels, but not about those of held-out photos, which people decided about or which are disputed."""
    allowed = ~estimated.held_out & ~estimated.by_people & ~_disputed(estimated.photos, store.issues.all())
    return decide_labels(estimated.photos, estimated.estimate, allowed, recipe.clean.precision)


def _disputed(photos: Sequence[Photo], issues: Sequence[Issue]) -> npt.NDArray[np.bool_]:
    """Tell which photos have a copy under another label, so that a person has to look."""
    disputes = [issue for issue in issues if issue.check == duplicates.CONFLICT]
    disputed = {photo for issue in disputes for photo in (issue.photo, issue.twin)}
    return np.array([photo.sha256 in disputed for photo in photos])


def _label(photo: Photo, people: dict[str, Decision]) -> str:
    """Return the label that a person gave, or the one that the photo was found as."""
    decision = people.get(photo.sha256)
    return decision.label if decision and decision.label else photo.found_as


def _replace(store: PhotoStore, checks: Sequence[str], issues: Sequence[Issue]) -> None:
    for check in checks:
        store.issues.replace(check, [issue for issue in issues if issue.check == check])


def _write_sheets(recipe: Recipe, store: PhotoStore) -> list[str]:
    """Write `reports/<check>.html` for each check that found something, and remove the sheets of those that did not.

    Return the files that were written.
    """
    photos = {photo.sha256: photo for photo in store.photos.all()}
    decisions = {decision.photo: decision for decision in store.decisions.current()}
    found = [issue for issue in store.issues.all() if issue.score >= WORTH_A_LOOK]
    waiting = {issue.photo for issue in found} - decisions.keys()
    shown = Shown(recipe, photos, decisions, awaited_photos(recipe, store), waiting)
    sheets = []
    for check in (*CHECKS, *OF_PEOPLE):
        path = store.work / "reports" / f"{check}.html"
        path.with_suffix(".jpg").unlink(missing_ok=True)  # as earlier versions drew it
        issues = [issue for issue in found if issue.check == check]
        if issues:
            write_sheet(path, check, issues, shown)
            sheets.append(str(path))
        else:
            path.unlink(missing_ok=True)
    return sheets


def _report(
    recipe: Recipe, store: PhotoStore, seconds: float, missing: int, networks: Sequence[str], sheets: Sequence[str]
) -> dict[str, Any]:
    """Write what there is now of the recipe's classes; it may have had others before."""
    photos = {photo.sha256: photo for photo in store.photos.all() if photo.label in recipe.labels}
    decisions = [decision for decision in store.decisions.current() if decision.photo in photos]
    issues = [issue for issue in store.issues.all() if issue.photo in photos]
    looked_for = (*CHECKS, *OF_PEOPLE) if recipe.people and is_installed() else CHECKS
    checks = count_checks(looked_for, issues, {decision.photo for decision in decisions})
    counts = {
        "photos": len(photos),
        "kept": sum(photo.action != "drop" for photo in photos.values()),
        "dropped": sum(decision.action == "drop" for decision in decisions),
        "relabelled": sum(decision.action == "relabel" for decision in decisions),
    }
    by = Counter("auto" if decision.by == AUTO else "person" for decision in decisions)
    found = {check: row["found"] for check, row in checks.items()}
    more = {"issues": found, "decisions": dict(by), "checks": checks, "missing": missing, "networks": networks}
    return write_report(store.work, "clean", recipe.name, seconds, counts, **more, sheets=sheets)


def count_checks(checks: Sequence[str], issues: Sequence[Issue], decided: set[str]) -> dict[str, dict[str, int]]:
    """Count for each check the photos that are worth a look, those decided about, and those that wait."""
    table = {}
    for check in checks:
        found = {issue.photo for issue in issues if issue.check == check and issue.score >= WORTH_A_LOOK}
        done = len(found & decided)
        table[check] = {"found": len(found), "decided": done, "waiting": len(found) - done}
    return table
