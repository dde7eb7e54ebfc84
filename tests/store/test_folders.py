"""The folder of a class: its own whatever disk it is on, and found again whatever becomes of the recipe."""

import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from recognizer.store.photo_store import PhotoStore
from recognizer.store.renaming import rename_class
from recognizer.store.rows import Decision
from tests.small_store import ENGINE, hits, prepared

TYPED = ("Polish", "polish", "Café")
EACH = 3


def filled(work: Path, labels: Sequence[str] = TYPED) -> PhotoStore:
    store = PhotoStore(work, labels)
    for label in labels:
        store.hits.add_page(ENGINE, label, label, 1, hits(label, EACH))
        for waiting in store.hits.to_fetch(label, EACH, [ENGINE]):
            store.photos.add(waiting.id, prepared(f"{label} {waiting.id}"))
    return store


def assert_all_there(work: Path, labels: Sequence[str]) -> None:
    """The next collect finds every photo, and nothing that is no photo's."""
    with PhotoStore(work, labels) as store:
        photos = store.photos.all()
        assert len(photos) == EACH * len(TYPED) and all(photo.path.is_file() for photo in photos)
        store.repair()
        store.photos.remove_strays()
        assert store.photos.all() == photos and all(photo.path.is_file() for photo in photos)
        assert len({photo.path.parent.name.casefold() for photo in photos}) == len(TYPED)


def without_notes(work: Path) -> None:
    """A work folder as the version before left it."""
    with sqlite3.connect(work / "photos.db") as database:
        database.executescript("DROP TABLE folders; PRAGMA user_version = 10;")


def change(old: str, new: str) -> Callable[[Path], None]:
    def renamed(work: Path) -> None:
        assert rename_class(work, old, new)

    return renamed


def nothing(work: Path) -> None:
    assert work.is_dir()


@pytest.mark.parametrize("of_before", [False, True], ids=["noted", "of the version before"])
@pytest.mark.parametrize(
    ("happens", "labels"),
    [
        (nothing, ("polish", "Polish", "Café")),
        (nothing, ("polish", "Café")),
        (nothing, ("Café",)),
        (change("polish", "Nail polish"), ("Polish", "Nail polish", "Café")),
        (change("Polish", "Shoe polish"), ("Shoe polish", "polish", "Café")),
        (change("Café", "POLISH"), ("Polish", "polish", "POLISH")),
        (change("Café", "CAFÉ"), ("Polish", "polish", "CAFÉ")),
    ],
)
def test_classes_that_differ_in_case_keep_their_photos(
    tmp_path: Path, happens: Callable[[Path], None], labels: Sequence[str], of_before: bool
) -> None:
    filled(tmp_path).close()
    if of_before:
        without_notes(tmp_path)
    happens(tmp_path)
    assert_all_there(tmp_path, labels)


def test_a_renamed_class_has_a_folder_of_its_new_name(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        photo = store.photos.all()[-1]
        store.decisions.add(Decision(photo.sha256, "keep", "looked at", by="ann"))
    assert rename_class(tmp_path, "Café", "AC/DC") and not rename_class(tmp_path, "Polish", "AC/DC")
    with PhotoStore(tmp_path, ("Polish", "polish", "AC/DC")) as store:
        found = store.photos.get(photo.sha256)
        assert found and (found.path.parent.name, found.action) == ("AC%2FDC", "keep")
    assert {folder.name for folder in (tmp_path / "photos").iterdir()} >= {"Polish", "AC%2FDC"}


def test_a_folder_of_somebody_else_is_not_taken_by_a_renamed_class(tmp_path: Path) -> None:
    filled(tmp_path).close()
    mine = tmp_path / "photos" / "Tea" / "mine.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"somebody's photo")
    assert rename_class(tmp_path, "Café", "Tea")
    assert_all_there(tmp_path, ("Polish", "polish", "Tea"))
    assert mine.is_file()


def test_a_folder_that_another_system_spells_otherwise_is_found(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "photos" / "Café").rename(tmp_path / "photos" / unicodedata.normalize("NFD", "Café"))
    assert_all_there(tmp_path, TYPED)


def test_another_program_that_has_the_store_open_sees_the_folder_of_a_renamed_class(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        (tmp_path / "photos" / "Tea").mkdir()
        (tmp_path / "photos" / "Tea" / "mine.jpg").write_bytes(b"somebody's photo")
        assert rename_class(tmp_path, "Café", "Tea")
        assert all(photo.path.is_file() for photo in store.photos.all())
    assert_all_there(tmp_path, ("Polish", "polish", "Tea"))


@pytest.mark.parametrize("spelled", ["POLISH", "Polish"])
def test_on_a_disk_that_ignores_case_the_files_of_photos_are_no_strays(tmp_path: Path, spelled: str) -> None:
    """A link stands for such a disk: the same files are there under another name."""
    with filled(tmp_path, ("polish",)) as store:
        files = {photo.path for photo in store.photos.all()}
        (tmp_path / "photos" / spelled).symlink_to("polish")
        store.photos.remove_strays()
        assert len(files) == EACH and all(file.is_file() for file in files)
