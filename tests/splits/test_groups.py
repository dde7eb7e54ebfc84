"""Copies stay together, and a photo stays on its side when others come."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from recognizer.splits.groups import group_photos, is_held_out
from recognizer.store.rows import Issue, Photo

SHARE = 0.2


def sha256(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def photo(number: int) -> Photo:
    return Photo(sha256(number), "0" * 16, 400, 300, "Kilim", "Kilim", "", "", "", "", "", Path("none.jpg"))


def photos(numbers: Iterable[int]) -> list[Photo]:
    return [photo(number) for number in numbers]


def copy(number: int, original: int) -> Issue:
    return Issue(sha256(number), "duplicate", 0.9, twin=sha256(original))


def test_a_group_is_called_like_its_first_photo() -> None:
    groups = group_photos(photos(range(5)), [copy(3, 1), copy(4, 3)])
    assert groups == [sha256(number) for number in (0, 1, 2, 1, 1)]


def test_a_photo_alone_is_a_group() -> None:
    assert group_photos(photos(range(3)), []) == [sha256(number) for number in range(3)]
    assert group_photos([], []) == []


def test_issues_without_a_twin_or_with_a_lost_one_bind_nothing() -> None:
    issues = [Issue(sha256(0), "label", 1.0, label="Batik"), copy(1, 77), copy(77, 2)]
    assert group_photos(photos(range(3)), issues) == [sha256(number) for number in range(3)]


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_about_the_wanted_share_is_held_out(share: float) -> None:
    held_out = sum(is_held_out(sha256(number), share) for number in range(2000))
    assert held_out / 2000 == pytest.approx(share, abs=0.03)


def test_adding_photos_never_moves_an_existing_group() -> None:
    before = dict(zip(map(sha256, range(0, 400, 2)), group_photos(photos(range(0, 400, 2)), []), strict=True))
    # New photos stand among the old ones; every tenth is a copy of an old one that stands before it.
    issues = [copy(number, number - 1) for number in range(1, 400, 20)]
    after = dict(zip(map(sha256, range(400)), group_photos(photos(range(400)), issues), strict=True))
    assert all(after[one] == group for one, group in before.items())


def test_a_larger_share_only_adds_to_the_held_out_part() -> None:
    groups = [sha256(number) for number in range(500)]
    assert {g for g in groups if is_held_out(g, 0.2)} < {g for g in groups if is_held_out(g, 0.3)}
