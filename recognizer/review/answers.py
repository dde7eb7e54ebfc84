"""What the review page is told, as values for JSON; the page relies on these keys.

describe_queue(entries, Filter(), recipe, checked=True, to_train=True)  # the list, what the filter may be set to
describe_photo(store, photo, neighbours.of(photo.sha256))               # what one photo shows beside that

Strangers' texts stay texts: the page never runs them.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from recognizer.clean.words import check_words
from recognizer.recipe import Recipe
from recognizer.review.queue import Entry, Filter
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, WORTH_A_LOOK, Decision, Issue, Photo

Json = dict[str, Any]
HELD_OUT = "held_out"  # the part of the photos that the page can be asked for


def describe_queue(entries: Sequence[Entry], wanted: Filter, recipe: Recipe, checked: bool, to_train: bool) -> Json:
    """Describe the list that a filter leaves, and what the filter may be set to.

    Args:
        entries: every photo of the store, in the order of `read_entries`.
        wanted: the filter.
        recipe: the recipe, for its name, title and classes.
        checked: whether any check has run.
        to_train: whether training comes next, before evaluating.
    """
    waiting = [entry for entry in entries if entry.state == "waiting"]
    checks = {issue.check for entry in entries for issue in entry.issues}
    by_check = Counter(check for entry in waiting for check in {issue.check for issue in entry.issues})
    return {
        "next": {stage: recipe.command(stage) for stage in ("clean", "train", "evaluate")},
        "title": recipe.title,
        "to_train": to_train,
        "labels": _options({label: label for label in recipe.labels}, Counter(e.photo.label for e in waiting)),
        "checks": _options({check: check_words(check) for check in sorted(checks)}, by_check),
        "parts": _options({HELD_OUT: "Held out"}, Counter({HELD_OUT: sum(entry.held_out for entry in waiting)})),
        "photos": [_describe_entry(entry) for entry in entries if wanted.matches(entry)],
        "left": sum(wanted.covers(entry) for entry in waiting),
        "totals": {"checked": checked, **_totals(entries, recipe.labels)},
    }


def describe_decision(decision: Decision | None) -> Json | None:
    """Describe what was decided, and by whom; a rule also has its reason.

    Args:
        decision: the one that counts for a photo; None where nothing is decided.
    """
    if decision is None:
        return None
    by_rule = decision.by == AUTO
    return {"action": decision.action, "label": decision.label, "by": decision.by, "auto": by_rule} | (
        {"reason": decision.reason} if by_rule else {}
    )


def describe_photo(store: PhotoStore, photo: Photo, neighbours: Sequence[tuple[str, float]] | None) -> Json:
    """Describe one photo: what counts for it now, its origin, its twins and its neighbours.

    Args:
        store: the photo store.
        photo: the photo.
        neighbours: sha256 and cosine similarity of each, nearest first; None where no features are kept.
    """
    issues = [issue for issue in store.issues.all(photo.sha256) if issue.score >= WORTH_A_LOOK]
    twins = dict.fromkeys(issue.twin for issue in issues if issue.twin)
    near = (
        None if neighbours is None else [_describe_beside(store, sha256, likeness) for sha256, likeness in neighbours]
    )
    return {
        "id": photo.sha256,
        "width": photo.width,
        "height": photo.height,
        "decision": describe_decision(next(iter(store.decisions.current(photo.sha256)), None)),
        "origin": {"page": photo.page or photo.image, "link": _link(photo), **_rights(photo)},
        "twins": [other for twin in twins if (other := _describe_beside(store, twin))],
        "neighbours": None if near is None else [other for other in near if other],
    }


def _options(words: dict[str, str], waiting: Counter[str]) -> list[Json]:
    return [{"name": name, "words": text, "waiting": waiting[name]} for name, text in words.items()]


def _totals(entries: Sequence[Entry], labels: Sequence[str]) -> Json:
    """Count the photos that wait, and those of the recipe's classes by what is decided about them, and by whom."""
    own = [entry for entry in entries if entry.photo.label in labels]
    decisions = [entry.decision for entry in own if entry.decision]
    actions = Counter(decision.action for decision in decisions)
    return {
        "photos": len(own),
        "waiting": sum(entry.state == "waiting" for entry in entries),
        "keep": actions["keep"],
        "drop": actions["drop"],
        "relabel": actions["relabel"],
        "auto": sum(decision.by == AUTO for decision in decisions),
        "person": sum(decision.by != AUTO for decision in decisions),
    }


def _describe_entry(entry: Entry) -> Json:
    return {
        "id": entry.photo.sha256,
        "found": entry.photo.found_as,
        "issues": [_describe_issue(issue, entry) for issue in entry.issues],
        "decision": describe_decision(entry.decision),
        "heldOut": entry.held_out,
        "rival": entry.rival,
    }


def _describe_issue(issue: Issue, entry: Entry) -> Json:
    return {
        "check": issue.check,
        "score": round(issue.score, 3),
        "label": issue.label or (entry.rival or None if issue.twin else None),
        "probability": issue.probability,
        "twin": issue.twin,
    }


def _describe_beside(store: PhotoStore, sha256: str, likeness: float | None = None) -> Json | None:
    """Describe a photo that stands beside another one; None where it is no longer stored."""
    photo = store.photos.get(sha256)
    if photo is None:
        return None
    return {
        "id": sha256,
        "label": photo.label,
        "dropped": photo.action == "drop",
        "width": photo.width,
        "height": photo.height,
        "likeness": likeness,
    }


def _link(photo: Photo) -> bool:
    """Tell whether the origin may be opened: only web addresses are."""
    return (photo.page or photo.image).lower().startswith(("http://", "https://"))


def _rights(photo: Photo) -> Json:
    return {"licence": photo.licence, "author": photo.author}
