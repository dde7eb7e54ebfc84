"""What is told of a class that is no class any more."""

from pathlib import Path

from recognizer.store.renaming import count_photos, rename_class
from recognizer.store.rows import Decision, LabelQuality
from tests.small_store import HITS, LABELS, fill, opened


def test_photos_that_went_to_another_class_are_not_counted_and_those_that_came_are(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
        first, *others, _ = [photo.sha256 for photo in store.photos.all() if photo.found_as == LABELS[0]]
        store.decisions.add(*(Decision(one, "relabel", "looked at", LABELS[1], by="ann") for one in others))
        store.decisions.add(Decision(first, "drop", "looked at", by="ann"))
    assert [count_photos(tmp_path, label) for label in LABELS] == [2, 2 * HITS - 2, HITS]


def test_a_likelier_class_has_the_new_name(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        photo = fill(store)[0]
        store.label_quality.replace([LabelQuality(photo, LABELS[0], 0.25, LABELS[1], 0.5)])
    assert rename_class(tmp_path, LABELS[1], "Another name")
    with opened(tmp_path) as store:
        assert {one.likelier for one in store.photos.all() if one.sha256 == photo} == {"Another name"}
