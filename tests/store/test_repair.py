"""Damaged photos wait again; a damaged database is one sentence; an old one is brought up to date."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.errors import Damaged, NotFound
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Decision, LabelQuality
from tests.small_store import ENGINE, HITS, LABELS, files_of, fill, opened, prepared, rows, state

FIRST_SCHEMA = Path(__file__).with_name("first_schema.sql")


# Damaged photos


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def flip_unseen(file: Path) -> None:
    before = file.stat()
    flip(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip, flip_unseen, cut_off, empty, Path.unlink])
@pytest.mark.parametrize("looked_before", [False, True])
def test_a_damaged_photo_waits_again(tmp_path: Path, damage: Callable[[Path], None], looked_before: bool) -> None:
    with opened(tmp_path) as store:
        fill(store)
        before = state(store)
        if looked_before:
            store.repair()
        photo = store.photos.all()[4]
        damage(photo.path)
        store.repair()
        assert store.photos.get(photo.sha256) is None and not photo.path.exists()
        (waiting,) = store.hits.to_fetch("Kilim", 9, [ENGINE])
        assert waiting.image == photo.image
        store.photos.add(waiting.id, prepared("Kilim 5"))
        assert state(store) == before


def test_sound_photos_are_read_only_once(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
        store.repair()
        noted = rows(store, "SELECT * FROM sound_files ORDER BY photo")
        assert [row[0] for row in noted] == sorted(photo.sha256 for photo in store.photos.all())
        store.repair()
        assert rows(store, "SELECT * FROM sound_files ORDER BY photo") == noted


@pytest.mark.parametrize("mounted", [False, True], ids=["missing", "empty"])
def test_photos_on_a_disk_that_is_away_are_waited_for(tmp_path: Path, mounted: bool) -> None:
    place, away = tmp_path / "work" / "photos", tmp_path / "away"
    with opened(tmp_path / "work") as store:
        fill(store)
        before = state(store)
        place.rename(away)
        place.mkdir() if mounted else place.symlink_to(tmp_path / "unplugged")
        with pytest.raises(Damaged, match=f"18 photos is in {place}: .*plug it in; .*make the folder {place}/Kilim"):
            store.repair()
        place.rmdir() if mounted else place.unlink()
        away.rename(place)
        store.repair()
        assert state(store) == before
        place.rename(away)
        (place / "Kilim").mkdir(parents=True)
        store.repair()
        assert store.photos.all() == [] and store.hits.count("waiting") == HITS * len(LABELS)


# Damaged and old databases


def scribble(file: Path) -> None:
    """Spoil a page in the middle, as a failing disk does."""
    with file.open("r+b") as database:
        database.seek(4096 * 3)
        database.write(b"\xff" * 4096)


def overwrite(file: Path) -> None:
    file.write_bytes(b"This is no database. " * 500)


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("damage", [scribble, overwrite, halve])
def test_a_damaged_database_is_one_sentence(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with opened(tmp_path) as store:
        fill(store)
    damage(tmp_path / "photos.db")
    with pytest.raises(Damaged, match=f"{tmp_path}/photos.db is damaged .*; put a copy .* recognizer collect.*decided"):
        PhotoStore(tmp_path, LABELS).repair()


def test_a_damaged_database_can_be_moved_away(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
        before = state(store)
    overwrite(tmp_path / "photos.db")
    (tmp_path / "photos.db").rename(tmp_path / "photos.broken")
    with opened(tmp_path) as store:
        store.repair()
        store.photos.remove_strays()
        assert files_of(store) == before[1], "nothing is removed while there are no photos"
        fill(store)
        store.photos.remove_strays()
        assert state(store) == before


def old_store(work: Path) -> None:
    """A work folder as the first version of this program left it."""
    photo = prepared("old")
    with sqlite3.connect(work / "photos.db") as database:
        database.executescript(FIRST_SCHEMA.read_text())
        where = ("https://a.example/1.jpg", "https://a.example", "Old", "CC0", "Ann", "stored", "", photo.sha256)
        database.execute("INSERT INTO hits VALUES (1, 'Kilim', 1, 'e', 'q', ?, ?, ?, ?, ?, ?, ?, ?)", where)
        database.execute("INSERT INTO photos VALUES (?, ?, 4, 3, 'Kilim', 1)", (photo.sha256, photo.phash))
        database.execute("INSERT INTO issues VALUES (?, 'blurred', 0.5, NULL, NULL)", (photo.sha256,))
        database.execute("INSERT INTO decisions VALUES (1, ?, 'drop', NULL, 'ann', 'r', 'now', 0)", (photo.sha256,))
    path = work / "photos" / "Kilim" / f"{photo.sha256[:16]}.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(photo.jpeg)


def test_a_work_folder_of_the_first_version_still_opens(tmp_path: Path) -> None:
    old_store(tmp_path)
    for _ in range(2):
        with PhotoStore(tmp_path, LABELS) as store:
            store.repair()
            (photo,) = store.photos.all()
            assert (photo.title, photo.author, photo.action, store.photos.kept()) == ("Old", "Ann", "drop", [])
            assert [issue.check for issue in store.issues.all()] == ["blurred"]
            assert store.decisions.undo("ann") and len(store.photos.kept()) == 1
            assert photo.label_quality == 1
            store.decisions.add(Decision(photo.sha256, "drop", "again", by="ann"))


THIRD_SCHEMA = """
DROP VIEW kept_photos; DROP VIEW described_photos; DROP TABLE trust;
CREATE VIEW described_photos AS SELECT photos.sha256, photos.label FROM photos;
CREATE VIEW kept_photos AS SELECT * FROM described_photos;
PRAGMA user_version = 3;
"""


def test_a_work_folder_from_before_labels_were_trusted_still_opens(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        first = fill(store)[0]
        before = state(store)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.executescript(THIRD_SCHEMA)
    with PhotoStore(tmp_path, LABELS) as store:
        assert state(store) == before and {photo.label_quality for photo in store.photos.kept()} == {1.0}
        store.label_quality.replace([LabelQuality(first, "Kilim", 0.25)])
        assert store.photos.all()[0].label_quality == 0.25


SIXTH_SCHEMA = """
ALTER TABLE searches DROP COLUMN fresh; ALTER TABLE searches DROP COLUMN round; ALTER TABLE searches DROP COLUMN rank;
PRAGMA user_version = 6;
"""


def test_a_work_folder_from_before_queries_had_rounds_still_opens(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
        before = state(store)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.executescript(SIXTH_SCHEMA)
    with PhotoStore(tmp_path, LABELS) as store:
        store.repair()
        assert state(store) == before
        asked = store.hits.pages.asked("duckduckgo", "kilim", "Kilim")
        assert asked and (asked.page, asked.found, asked.fresh, asked.furthest) == (1, HITS, HITS, 1)
        store.hits.add_page("duckduckgo", "kilim", "Kilim", 2, [])
        asked = store.hits.pages.asked("duckduckgo", "kilim", "Kilim")
        assert asked and (asked.page, asked.found) == (2, 0)


def test_a_work_folder_from_before_blind_samples_still_opens(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        first, second, *_ = fill(store)
        before = state(store)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.executescript("DROP TABLE blind_answers; PRAGMA user_version = 7;")
    with PhotoStore(tmp_path, LABELS) as store:
        assert state(store) == before and store.blind_answers.all() == {}
        store.decisions.add(Decision(second, "drop", "looked at", by="bob"))
        seen = [BlindAnswer(first, "class", "Kilim", "ann"), BlindAnswer(second, "none", by="bob", decided_before=True)]
        for one in seen:
            store.blind_answers.add(one)
        assert list(store.blind_answers.all().values()) == seen
        with pytest.raises(NotFound, match="not stored any more"):
            store.blind_answers.add(BlindAnswer("f" * 64, "unclear", by="ann"))
    with PhotoStore(tmp_path, [*LABELS, "Suzani"]) as store:
        assert store.blind_answers.all() == {}, "other classes were on offer"
        assert store.blind_answers.undo("bob") is None
    with PhotoStore(tmp_path, LABELS[::-1]) as store:
        store.blind_answers.add(BlindAnswer(first, "unclear", by="bob"))
        assert store.blind_answers.undo("bob") == first and set(store.blind_answers.all()) == {second}
        assert store.blind_answers.undo("ann") is None


def test_a_work_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(Damaged, match=r"photos.db was made by a newer version"):
        PhotoStore(tmp_path, LABELS)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)


def test_what_only_a_program_does_wrong_is_no_sentence_for_people(tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(sqlite3.IntegrityError):
        store.decisions.add(Decision(fill(store)[0], "burn", "a reason"))  # type: ignore[arg-type]


def test_strays_of_classes_that_lack_photos_can_be_left(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        fill(store)
        strays = [store.photos.path(label, prepared(label).sha256) for label in LABELS]
        for label, stray in zip(LABELS, strays, strict=True):
            stray.parent.mkdir(exist_ok=True)
            stray.write_bytes(prepared(label).jpeg)
        store.photos.remove_strays(LABELS[:1])
        assert [stray.exists() for stray in strays] == [False, *(True for _ in LABELS[1:])]
