"""What a person is to look at, and what becomes of the choice: the review page without its page.

    queue = read_queue(store, Filter())                 # who comes first, how much is left
    entry = read_entry(store, queue.photos[0])          # one photo with all that is known about it
    decide(store, entry, "drop", None, by="ann")        # saved when it returns

Everything is read from the store each time, so several pages can work on one store, and none has anything to lose.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from recognizer.photos import AUTO, Action, Decision, Issue, Photo, PhotoStore, Suspect

WORTH_A_LOOK = 0.5  # score; the value of clean.labels.WRONG, which cannot be had without loading torch
CHECKS = {"duplicate": "copy of another photo", "empty": "empty picture", "label": "label seems wrong"}
ANY = ""

State = Literal["waiting", "rules", "people", "all"]


@dataclass(frozen=True)
class Filter:
    """Which photos to look at.

    Args:
        check: a check's name, or `ANY`.
        label: the class that counts for the photo, or `ANY`.
        state: `waiting` for a person, `rules`: the part of these that rules decided, `people`: decided by a person.
    """

    check: str = ANY
    label: str = ANY
    state: State = "waiting"

    def matches(self, suspect: Suspect) -> bool:
        """Tell whether check and class are the wanted ones."""
        return self.check in (ANY, suspect.check) and self.label in (ANY, suspect.label)

    def has_state(self, suspect: Suspect) -> bool:
        """Tell whether the state is the wanted one."""
        by_person = suspect.by not in ("", AUTO)
        states = {"waiting": not by_person, "rules": suspect.by == AUTO, "people": by_person, "all": True}
        return states[self.state]


@dataclass(frozen=True)
class Queue:
    """The photos to look at, worst first.

    Args:
        photos: their sha256.
        keys: where each stands, ascending; see `key`.
        left: photos of the wanted check and class that wait for a person.
        done: those of them that a person decided about.
    """

    photos: list[str]
    keys: list[tuple[float, str]]
    left: int
    done: int

    def place(self, photo: str) -> int | None:
        """Return the place of a photo, counted from 0, or None where it is not in the queue."""
        return self.photos.index(photo) if photo in self.photos else None

    def after(self, entry: "Entry") -> str | None:
        """Return the photo that follows, be the entry in the queue or not; from the end on, the first one."""
        if not self.photos:
            return None
        return self.photos[bisect_right(self.keys, entry.key) % len(self.photos)]

    def before(self, entry: "Entry") -> str | None:
        """Return the photo in front; before the first one, the last one."""
        if not self.photos:
            return None
        worse = [key for key in self.keys if key < entry.key]
        return self.photos[len(worse) - 1]


@dataclass(frozen=True)
class Entry:
    """One photo with all that a person needs to decide.

    Args:
        photo: the photo.
        issues: what checks find suspicious, worst first.
        decision: what counts so far.
        twin: the photo that it is a copy of.
        key: its place in every queue of the filter that it was read for: worst first, then by fingerprint.
    """

    photo: Photo
    issues: list[Issue]
    decision: Decision | None
    twin: Photo | None
    key: tuple[float, str]

    @property
    def suggestion(self) -> str | None:
        """The class that it should perhaps be in."""
        labels = [issue.label for issue in self.issues if issue.label]
        if self.decision and self.decision.label:
            labels.insert(0, self.decision.label)
        if self.twin and self.twin.action != "drop" and self.twin.label != self.photo.found_as:
            labels.append(self.twin.label)
        return labels[0] if labels else None

    @property
    def version(self) -> str:
        """What a page shows: the photo and what is decided about it. It differs once someone decides otherwise."""
        decided = self.decision
        return f"{self.photo.sha256} " + (f"{decided.action} {decided.label} {decided.by}" if decided else "")


def read_queue(store: PhotoStore, wanted: Filter) -> Queue:
    """Find the photos to look at; each stands there once, with the worst issue that the filter leaves."""
    worst: dict[str, Suspect] = {}
    for suspect in store.suspects(WORTH_A_LOOK):
        if wanted.matches(suspect):
            worst.setdefault(suspect.photo, suspect)
    done = sum(suspect.by not in ("", AUTO) for suspect in worst.values())
    chosen = [suspect for suspect in worst.values() if wanted.has_state(suspect)]
    keys = [(-suspect.score, suspect.photo) for suspect in chosen]
    return Queue([suspect.photo for suspect in chosen], keys, len(worst) - done, done)


def read_entry(store: PhotoStore, sha256: str, check: str = ANY) -> Entry | None:
    """Read one photo.

    Args:
        store: the photo store.
        sha256: the photo's.
        check: the check that the queue is filtered by, or `ANY`.

    Returns:
        The photo, or None where it is no longer stored.
    """
    photo = store.photo(sha256)
    if photo is None:
        return None
    issues = [issue for issue in store.issues(sha256) if issue.score >= WORTH_A_LOOK]
    twins = [issue.twin for issue in issues if issue.twin]
    score = max((issue.score for issue in issues if check in (ANY, issue.check)), default=0.0)
    return Entry(
        photo,
        issues,
        next(iter(store.decisions(sha256)), None),
        store.photo(twins[0]) if twins else None,
        (-score, sha256),
    )


def decide(store: PhotoStore, entry: Entry, action: Action, label: str | None, by: str) -> None:
    """Save a person's choice.

    Args:
        store: the photo store.
        entry: the photo.
        action: what to do with it.
        label: the class of a `relabel`.
        by: the person's name.
    """
    seen = ", ".join(CHECKS.get(issue.check, issue.check) for issue in entry.issues)
    store.decide(Decision(entry.photo.sha256, action, f"looked at: {seen or 'no issue'}", label, by))
