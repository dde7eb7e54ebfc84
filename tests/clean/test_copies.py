"""Copies that the check finds are never on both sides of a split."""

from recognizer.clean.clean import clean
from recognizer.recipe import Recipe
from recognizer.splits.groups import group_photos
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from tests.clean.planting import COPIES, plant_copies


def test_a_planted_leak_never_lands_on_both_sides(copied: PhotoStore, recipe: Recipe) -> None:
    """The same photo twice under different names, found by the duplicate check itself."""
    twins = plant_copies(copied)
    assert len(set(twins)) == COPIES
    clean(recipe, copied, auto=False)
    parts = split_kept(recipe, copied)
    place = {p.sha256: "held_out" for p in parts.held_out} | {p.sha256: "learning" for p in parts.learning}
    for one, other in twins:
        assert {place.get(one), place.get(other)} != {"held_out", "learning"}
    assert {"held_out", "learning"} <= {place.get(sha256) for pair in twins for sha256 in pair}


def test_copies_are_never_on_both_sides(copied: PhotoStore, recipe: Recipe) -> None:
    copied.decisions.replace_automatic([])
    parts = split_kept(recipe, copied)
    photos = copied.photos.all()
    groups = dict(zip((p.sha256 for p in photos), group_photos(photos, copied.issues.all()), strict=True))
    sides = [{groups[p.sha256] for p in part} for part in (parts.training, parts.validation, parts.held_out)]
    assert all(sides)
    assert len(set.union(*sides)) == sum(len(side) for side in sides)
    assert len(set(groups.values())) < len(photos)
