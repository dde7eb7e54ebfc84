"""Copies of one picture, however changed: near in the backbone's features, and confirmed by laying one over the other.

The features find candidates, and see a mirrored picture much as the picture itself; but a border changes them, so that
thumbnails without borders find more. By both, photos of similar things are near as well. `registration.likeness` tells
these from copies, at first of small pictures, and then of larger ones: another shot of the same thing differs only in
its finest detail.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from recognizer.clean.registration import CLOSE, SIDE, Planes, detail, likeness, read_planes
from recognizer.report import Watch, unwatched
from recognizer.splits.groups import number_groups
from recognizer.store.rows import Decision, Issue, Photo

CHECK = "duplicate"
CONFLICT = "conflict"
TINY = 1e-6  # a picture that is plain all over has no direction
NEIGHBOURS = 3  # of each photo are looked at; the copies of a larger group are linked through each other
SEEMS_COPY = 0.6  # likeness of small pictures from which larger ones are compared
SURE_COPY = 0.9  # likeness of small pictures from which that is not needed
COPY = 0.7  # likeness of larger pictures from which two are one
THUMBNAIL = 16  # pixels, the side of the squares that find candidates
SAME_THUMBNAIL = 0.9  # cosine of thumbnails from which two are candidates
BLOCK = 1024  # photos compared with all others at once
Pair = tuple[int, int]


def find_duplicates(
    photos: Sequence[Photo], features: npt.NDArray[np.floating], planes: Planes, watch: Watch = unwatched
) -> list[Issue]:
    """Return an issue for each photo that is a copy of a better one.

    Args:
        photos: the photos, n of them.
        features: their features, (n, channels).
        planes: their pictures, as `registration.read_planes` gives them.
        watch: told about photos, and then about pairs of them.

    Returns:
        For all but the best copy of each group an issue: a `conflict` where the best one was found under another
        label, else a `duplicate`; the score is the likeness to the copy next to it, `twin` is the best copy.
    """
    links = _links(photos, features, planes, watch)
    best = _best_copies(photos, planes, links)
    score: dict[int, float] = {}
    for pair, value in links.items():
        for place in pair:
            score[place] = max(value, score.get(place, 0.0))
    return [_issue(photos[p], photos[best[p]], score[p]) for p in sorted(score) if best[p] != p]


def decide_duplicates(issues: Sequence[Issue]) -> list[Decision]:
    """Drop the worse copies; copies found under different labels are left for a person."""
    return [
        Decision(issue.photo, "drop", f"copy of {issue.twin[:16]} (likeness {issue.score:.2f})")
        for issue in issues
        if issue.twin and issue.check == CHECK
    ]


def near_pairs(features: npt.NDArray[np.floating], least: float = -1.0, watch: Watch = unwatched) -> list[Pair]:
    """Return the pairs of photos of which one is among the nearest to the other, by the cosine of their features.

    Args:
        features: (n, channels).
        least: cosine that a pair has.
        watch: told about photos.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = (features / np.maximum(lengths, TINY)).astype(np.float32)
    pairs: set[Pair] = set()
    for start in range(0, len(unit), BLOCK):
        pairs.update(_near(unit, start, least))
        watch("looking for copies", min(start + BLOCK, len(unit)), len(unit))
    return sorted(pairs)


def thumbnails(planes: Planes) -> npt.NDArray[np.float32]:
    """Return what is light and dark in pictures, mirrored or not, (n, cells)."""
    small = [cv2.resize(plane, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for plane in planes]
    cells = np.array(small, dtype=np.float32).reshape(-1, THUMBNAIL, THUMBNAIL)
    both = (cells + cells[:, :, ::-1]).reshape(len(cells), -1)
    return np.asarray(both - both.mean(axis=1, keepdims=True))


def _near(unit: npt.NDArray[np.float32], start: int, least: float) -> Iterator[Pair]:
    cosines = unit[start : start + BLOCK] @ unit.T
    own = np.arange(len(cosines))
    cosines[own, own + start] = -np.inf
    count = min(NEIGHBOURS, len(unit) - 1)
    nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count] if count else np.empty((len(own), 0), int)
    for place, others in enumerate(nearest.tolist(), start):
        near = (other for other in others if cosines[place - start, other] >= least)
        yield from ((min(place, other), max(place, other)) for other in near)


def _links(
    photos: Sequence[Photo], features: npt.NDArray[np.floating], planes: Planes, watch: Watch
) -> dict[Pair, float]:
    """Confirm the near pairs; OpenCV leaves Python's lock, so threads use all cores."""

    def confirmed(pair: Pair) -> float:
        seems = likeness(planes[pair[0]], planes[pair[1]])
        doubtful = SEEMS_COPY <= seems < SURE_COPY
        return _close_likeness(photos[pair[0]], photos[pair[1]]) if doubtful else seems

    pairs = sorted({*near_pairs(features, watch=watch), *near_pairs(thumbnails(planes), SAME_THUMBNAIL, watch)})
    links: dict[Pair, float] = {}
    with ThreadPoolExecutor() as pool:
        for done, (pair, value) in enumerate(zip(pairs, pool.map(confirmed, pairs), strict=True), start=1):
            watch("comparing likely copies", done, len(pairs))
            if value >= COPY:
                links[pair] = min(value, 1.0)
    return links


def _close_likeness(first: Photo, second: Photo) -> float:
    """Return the likeness of two photos in as much detail as the smaller one has."""
    smallest = min(first.width, first.height, second.width, second.height)
    return likeness(*read_planes([first.path, second.path], min(max(smallest, SIDE), CLOSE)))


def _best_copies(photos: Sequence[Photo], planes: Planes, links: dict[Pair, float]) -> list[int]:
    """Return for each photo the best one of its group."""
    groups = number_groups(links, len(photos))
    best: dict[int, int] = {}
    for place, group in enumerate(groups):
        rival = best.setdefault(group, place)
        if rival != place:
            best[group] = max(rival, place, key=lambda one: _goodness(photos[one], planes[one]))
    return [best[group] for group in groups]


def _goodness(photo: Photo, plane: Planes) -> tuple[int, float, str]:
    """Rank copies: more pixels are better, then sharper ones; the fingerprint settles ties."""
    return photo.width * photo.height, float(detail(plane.astype(np.float32)).std()), photo.sha256


def _issue(photo: Photo, best: Photo, score: float) -> Issue:
    check = CHECK if photo.found_as == best.found_as else CONFLICT
    return Issue(photo.sha256, check, score, twin=best.sha256)
