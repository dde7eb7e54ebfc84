"""What comes first in a review, and what a choice leaves."""

import threading
from pathlib import Path

import pytest

from recognizer.clean.words import check_words
from recognizer.errors import NotFound, RecognizerError
from recognizer.review.neighbours import Neighbours
from recognizer.review.queue import Entry, Filter, person_name, priority, read_entries
from recognizer.review.review import reviewer_name
from recognizer.store.rows import Decision, Issue
from tests.review.review_work import CAPES, PERSON, PHOTOS, Work, entry_of


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def test_the_worst_comes_first_and_each_photo_once(work: Work) -> None:
    assert work.chosen() == work.waiting
    assert work.chosen(state="all")[:6] == work.worst_first
    assert sorted(work.chosen(state="all")) == sorted(work.ids)


def test_among_equals_conflicts_come_first_then_held_out_photos(work: Work) -> None:
    with work.open() as store:
        photo = entry_of(store, work.ids[0]).photo

    def entry(score: float, held_out: bool, rival: str) -> Entry:
        return Entry(photo, [Issue(photo.sha256, "label", score)], None, held_out, rival)

    wanted = [
        entry(0.96, False, ""),
        entry(0.90, False, "Batik"),
        entry(0.86, True, "Batik"),
        entry(0.86, True, ""),
        entry(0.93, False, ""),
        entry(0.60, True, "Batik"),
    ]
    by_value = sorted(wanted, key=priority)
    assert [(e.score, e.held_out, e.rival) for e in by_value] == [
        *((0.96, False, ""), (0.86, True, "Batik"), (0.90, False, "Batik")),
        *((0.86, True, ""), (0.93, False, ""), (0.60, True, "Batik")),
    ]


def test_held_out_photos_are_told_from_the_others(work: Work) -> None:
    with work.open() as store:
        assert not any(entry.held_out for entry in read_entries(store, held_out=0.0))
        assert all(entry.held_out for entry in read_entries(store, held_out=1.0))
        entries = read_entries(store, held_out=0.5)
    shown = [entry for entry in entries if Filter(state="all", held_out=True).matches(entry)]
    assert shown == [entry for entry in entries if entry.held_out]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"check": "duplicate"}, [5, 1]),
        ({"check": "label"}, [1, 2, 8]),
        ({"label": "Kilim"}, [1, 2]),
        ({"label": "Kilim", "check": "label", "state": "all"}, [1, 0, 2]),
        ({"state": "auto"}, [6]),
        ({"state": "person"}, [0]),
        ({"check": "empty", "label": CAPES}, []),
    ],
)
def test_filters(work: Work, wanted: dict[str, str], numbers: list[int]) -> None:
    with work.open() as store:
        store.decisions.add(Decision(work.ids[0], "keep", "looked at", by=PERSON))
    assert work.chosen(**wanted) == [work.ids[number] for number in numbers]


def test_a_conflict_names_the_other_label_until_the_twin_is_dropped(work: Work) -> None:
    with work.open() as store:
        assert entry_of(store, work.ids[5]).rival == CAPES
        assert entry_of(store, work.ids[0]).rival == ""
        store.decisions.add(Decision(work.ids[9], "drop", "looked at", by=PERSON))
        assert entry_of(store, work.ids[5]).rival == ""


def test_a_choice_about_many_is_undone_whole_and_leaves_everything_as_it_was(work: Work) -> None:
    with work.open() as store:
        store.decisions.add(Decision(work.ids[0], "drop", "looked at", by=PERSON))
        before = (read_entries(store, 0.2), store.photos.kept())
        store.decisions.add(*(Decision(photo, "keep", "looked at", by=PERSON) for photo in work.ids))
        store.decisions.add(Decision(work.ids[3], "drop", "looked at", by="bob"))
        assert store.decisions.undo(PERSON) == work.ids
        assert store.decisions.undo("bob") == [work.ids[3]]
        assert (read_entries(store, 0.2), store.photos.kept()) == before


def test_nothing_is_decided_where_one_photo_is_gone(work: Work) -> None:
    decided = work.decided()
    with work.open() as store, pytest.raises(NotFound, match="ffffffffffffffff is not stored any more"):
        store.decisions.add(*(Decision(photo, "keep", "looked at", by=PERSON) for photo in (work.ids[0], "f" * 64)))
    assert work.decided() == decided


def test_checks_have_words() -> None:
    assert check_words("duplicate") == "Copy of another photo"
    assert check_words("never_heard_of") == "Never heard of"


def test_no_person_is_called_like_the_rules() -> None:
    assert [person_name(name) for name in (" Auto ", "  ", "ada  l")] == ["", "", "ada l"]
    assert reviewer_name(" ada ") == "ada"
    with pytest.raises(RecognizerError, match="choose another --name"):
        reviewer_name("auto")


def test_neighbours_come_from_the_kept_features(work: Work) -> None:
    neighbours = Neighbours(work.folder, work.recipe.train)
    assert neighbours.of(work.ids[4]) is None
    work.add_features()
    near = neighbours.of(work.ids[4])
    assert near is not None
    assert {photo for photo, _ in near[:2]} == {work.ids[3], work.ids[5]}
    assert near[0][1] == pytest.approx(0.995, abs=1e-3)
    assert len(near) < PHOTOS and work.ids[4] not in dict(near)
    assert neighbours.of("f" * 64) is None


def test_threads_share_a_store(work: Work) -> None:
    def choose(by: str) -> None:
        for photo in work.ids:
            store.decisions.add(Decision(photo, "keep", "looked at", by=by))
            read_entries(store, 0.2)

    with work.open() as store:
        threads = [threading.Thread(target=choose, args=(f"person {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        undone = [store.decisions.undo(f"person {n}") for n in range(4) for _ in work.ids]
    assert sorted(undone) == sorted([photo] for photo in work.ids * 4)
