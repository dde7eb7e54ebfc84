"""What comes first in a review, and what a choice leaves."""

import threading
import time
from pathlib import Path

import pytest

from recognizer.clean.review import person_name
from recognizer.clean.review_queue import WORTH_A_LOOK, Filter, decide, read_queue
from recognizer.collect.search import Hit
from recognizer.photos import Decision, Issue, PhotoStore
from recognizer.prepare import PreparedPhoto
from tests.review_work import CAPES, PERSON, Work, entry_of

MANY = 5000


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def test_the_worst_comes_first_and_each_photo_once(work: Work) -> None:
    with work.open() as store:
        queue = read_queue(store, Filter())
    assert queue.photos == work.worst_first
    assert (queue.left, queue.done) == (6, 0)


def test_a_look_is_worth_what_the_label_check_says() -> None:
    from recognizer.clean.labels import WRONG

    assert WORTH_A_LOOK == WRONG


def test_filters(work: Work) -> None:
    expected = {
        Filter(check="duplicate"): [5, 1],
        Filter(check="label"): [1, 2, 8],
        Filter(label="Kilim"): [1, 2],
        Filter(label="Kilim", state="all"): [0, 1, 2],
        Filter(state="rules"): [6],
        Filter(state="people"): [0],
        Filter(check="empty", label=CAPES): [],
    }
    with work.open() as store:
        decide(store, entry_of(store, work.ids[0]), "keep", None, PERSON)
        found = {wanted: read_queue(store, wanted).photos for wanted in expected}
    assert found == {wanted: [work.ids[n] for n in numbers] for wanted, numbers in expected.items()}


def test_moving_goes_round_and_works_from_a_photo_that_has_left_the_queue(work: Work) -> None:
    first, second, third, *_, last = work.worst_first
    with work.open() as store:
        decide(store, entry_of(store, second), "drop", None, PERSON)
        queue = read_queue(store, Filter())
        assert (queue.before(entry_of(store, second)), queue.after(entry_of(store, second))) == (first, third)
        assert queue.after(entry_of(store, last)) == first
        assert queue.before(entry_of(store, first)) == last


def test_an_undone_choice_leaves_everything_as_it_was(work: Work) -> None:
    empty = work.ids[6]
    with work.open() as store:
        before = (entry_of(store, empty), read_queue(store, Filter()), store.kept())
        decide(store, entry_of(store, empty), "keep", None, PERSON)
        assert entry_of(store, empty).decision != before[0].decision
        assert store.undo(PERSON) == empty
        assert (entry_of(store, empty), read_queue(store, Filter()), store.kept()) == before


def test_a_decided_photo_stays_in_view_when_no_check_finds_it_suspicious_any_more(work: Work) -> None:
    with work.open() as store:
        decide(store, entry_of(store, work.ids[0]), "relabel", "Batik", PERSON)
        store.replace_issues("label", [])
        assert read_queue(store, Filter(state="people")).photos == [work.ids[0]]
        assert read_queue(store, Filter()).photos == [work.ids[n] for n in (6, 5, 1)]


def test_what_is_suggested(work: Work) -> None:
    with work.open() as store:
        assert entry_of(store, work.ids[0]).suggestion == "Batik"
        assert entry_of(store, work.ids[5]).suggestion == CAPES, "the class of the photo that it is a copy of"
        assert entry_of(store, work.ids[8]).suggestion is None
        store.decide(Decision(work.ids[9], "drop", "looked at", by=PERSON))
        assert entry_of(store, work.ids[5]).suggestion is None


def test_no_person_is_called_like_the_rules() -> None:
    assert [person_name(name) for name in (" Auto ", "  ", "ada  l")] == ["", "", "ada l"]


def test_threads_share_a_store(work: Work) -> None:
    def choose(by: str) -> None:
        for photo in work.ids:
            store.decide(Decision(photo, "keep", "looked at", by=by))
            read_queue(store, Filter())

    with work.open() as store:
        threads = [threading.Thread(target=choose, args=(f"person {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        undone = [store.undo(f"person {n}") for n in range(4) for _ in work.ids]
    assert None not in undone


def test_many_photos_open_quickly(tmp_path: Path) -> None:
    ids = [f"{number:016x}" * 4 for number in range(MANY)]
    with PhotoStore(tmp_path, ["Kilim"]) as store:
        store.add_page("test", "q", "Kilim", 1, [Hit(f"https://x.example/{photo}") for photo in ids])
        for hit, photo in zip(store.waiting("Kilim", MANY), ids, strict=True):
            store.add_photo(hit.id, PreparedPhoto(b"", photo, "0" * 16, 320, 240))
        store.replace_issues("label", [Issue(photo, "label", n / MANY) for n, photo in enumerate(ids)])
        begun = time.perf_counter()
        queue = read_queue(store, Filter())
        entry_of(store, queue.photos[0])
        assert time.perf_counter() - begun < 1
    assert len(queue.photos) == MANY / 2
