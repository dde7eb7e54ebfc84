"""Which photos a person is shown, and in which order.

    entries = read_entries(store, held_out=0.2)                      # every photo, those that most need a person first
    waiting = [entry for entry in entries if Filter().matches(entry)]

Everything is read from the store each time, so several pages can work on one store, and none has anything to lose.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from recognizer.splits.groups import is_held_out
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import AUTO, WORTH_A_LOOK, Decision, Issue, Photo

ANY = ""
State = Literal["waiting", "auto", "person", "all"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Entry:
    """One photo with what checks and people think of it.

    Args:
        photo: the photo.
        issues: those with a score of at least `WORTH_A_LOOK`, worst first.
        decision: what counts so far.
        held_out: whether it is of the held-out part, which the model is measured on.
        rival: the other label of a photo that it is a copy of; an empty string where there is none.
    """

    photo: Photo
    issues: Sequence[Issue]
    decision: Decision | None
    held_out: bool
    rival: str

    @property
    def state(self) -> str:
        """`waiting` for a person, decided by `auto` or by a `person`, or an empty string: nothing is against it."""
        if self.decision:
            return "auto" if self.decision.by == AUTO else "person"
        return "waiting" if self.issues else ""

    @property
    def score(self) -> float:
        """The score of its worst issue, from 0 (fine) to 1 (surely wrong)."""
        return max((issue.score for issue in self.issues), default=0.0)


@dataclass(frozen=True)
class Filter:
    """Which photos are shown.

    Args:
        check: a check's name, or `ANY`.
        label: the class that counts for the photo, or `ANY`.
        state: `waiting` for a person, decided by `auto` or by a `person`, or `all` there are.
        held_out: whether only held-out photos are shown.
    """

    check: str = ANY
    label: str = ANY
    state: State = "waiting"
    held_out: bool = False

    def matches(self, entry: Entry) -> bool:
        """Tell whether a photo is shown."""
        return self.covers(entry) and self.state in ("all", entry.state)

    def covers(self, entry: Entry) -> bool:
        """Tell whether a photo has the check, the class and the part of the filter, whatever its state."""
        checked = self.check == ANY or any(issue.check == self.check for issue in entry.issues)
        return checked and self.label in (ANY, entry.photo.label) and entry.held_out >= self.held_out


def read_entries(store: PhotoStore, held_out: float) -> list[Entry]:
    """Return every photo of a store, those that most need a person first.

    Args:
        store: the photo store.
        held_out: the share of photos that is held out, from 0 to 1, as the recipe says.
    """
    photos, issues = store.photos.all(), store.issues.all()
    labels = {photo.sha256: photo.label for photo in photos if photo.action != "drop"}
    decisions = {decision.photo: decision for decision in store.decisions.current()}
    found = _by_photo(issue for issue in issues if issue.score >= WORTH_A_LOOK)
    entries = [
        Entry(
            photo,
            found[photo.sha256],
            decisions.get(photo.sha256),
            is_held_out(photo.sha256, held_out),
            _rival(photo, found[photo.sha256], labels),
        )
        for photo in photos
    ]
    return sorted(entries, key=priority)


def priority(entry: Entry) -> tuple[float, bool, bool, float, str]:
    """Return a photo's place in the order, smallest first: by its score, in steps of a tenth.

    Within a step, copies under two labels come first, because one of the two labels is wrong for sure, then held-out
    photos, because every figure is measured on them and no rule decides about their labels.
    """
    return -round(entry.score, 1), not entry.rival, not entry.held_out, -entry.score, entry.photo.sha256


def person_name(name: str) -> str:
    """Return a person's name in its plain form, or an empty string where it is none: the rules' own name is not."""
    name = " ".join(name.split())
    return "" if name.casefold() == AUTO else name


def _rival(photo: Photo, issues: Iterable[Issue], labels: Mapping[str, str]) -> str:
    others = [labels[issue.twin] for issue in issues if issue.twin and issue.twin in labels]
    return next((label for label in others if label != photo.label), "")


def _by_photo(issues: Iterable[Issue]) -> defaultdict[str, list[Issue]]:
    found: defaultdict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        found[issue.photo].append(issue)
    return found
