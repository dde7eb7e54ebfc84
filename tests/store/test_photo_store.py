"""The photo store: rows and files that agree, whatever comes in which order and wherever it stopped."""

import itertools
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Action, Decision, Hit, Issue, LabelQuality
from tests.small_store import (
    ENGINE,
    HITS,
    LABELS,
    assert_rows_and_files_agree,
    fill,
    hit,
    hits,
    ids,
    opened,
    prepared,
    rows,
    state,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PhotoStore]:
    with opened(tmp_path) as found:
        yield found


# Searching


def test_a_page_of_results_becomes_rows_in_order(store: PhotoStore) -> None:
    assert [waiting.image for waiting in store.hits.to_fetch("Kilim", 4, [ENGINE])] == [
        one.image for one in hits("Kilim", 4)
    ]
    assert store.hits.count("waiting") == HITS * len(LABELS) and store.hits.count("waiting", "Kilim") == HITS
    found = rows(store, "SELECT image, page, title, licence, author FROM hits WHERE label = 'Kilim' ORDER BY rank")
    one = hit("Kilim", 0)
    assert found[0] == (one.image, one.page, one.title, one.licence, one.author)


def test_the_same_address_is_a_duplicate_within_a_label_only(store: PhotoStore) -> None:
    store.hits.add_page("duckduckgo", "kilim", "Kilim", 2, [hit("Kilim", 0), hit("Kilim", 9), hit("Kilim", 9)])
    found = rows(store, "SELECT rank, status, reason FROM hits WHERE label = 'Kilim' AND rank > 6 ORDER BY rank")
    same = ("duplicate", "same_address")
    assert found == [(7, *same), (8, "waiting", ""), (9, *same)]
    store.hits.add_page("duckduckgo", "batik", "Batik", 2, [hit("Kilim", 0)])
    assert store.hits.count("waiting", "Batik") == HITS + 1


def test_pages_are_counted_until_one_is_empty(store: PhotoStore) -> None:
    query = ("sample", "tartan", "Kilim")
    assert store.hits.pages.asked(*query) is None
    for page, found in enumerate((hits("Tartan", 3), hits("Tartan", 2), []), start=1):
        store.hits.add_page(*query, page, found)
        asked = store.hits.pages.asked(*query)
        assert asked and (asked.page, asked.found, asked.furthest) == (page, len(found), page)
    for other in (("duckduckgo", "tartan", "Kilim"), ("sample", "plaid", "Kilim"), ("sample", "tartan", "Batik")):
        assert store.hits.pages.asked(*other) is None


def test_a_query_asked_again_adds_only_what_is_new(store: PhotoStore) -> None:
    query, old, new = ("duckduckgo", "kilim", "Kilim"), hits("Kilim"), hit("Kilim", 50)
    store.hits.add_page(*query, 2, [])
    store.hits.add_page(*query, 1, [new, *old[:-1]])
    asked = store.hits.pages.asked(*query)
    assert asked and (asked.page, asked.found, asked.fresh, asked.furthest) == (1, HITS, 1, 2)
    store.hits.add_page(*query, 2, [old[-1]])
    assert [one.image for one in store.hits.to_fetch("Kilim", 99, [ENGINE])] == [one.image for one in (*old, new)]
    assert rows(store, "SELECT page FROM searches WHERE label = 'Kilim' ORDER BY page") == [(1,), (2,)]


def test_in_a_later_round_pages_of_stored_photos_are_of_use(store: PhotoStore) -> None:
    query = ("bing", "rug", "Kilim")
    pages = [[hit("Kilim", 100 + 10 * page + number) for number in range(3)] for page in range(5)]
    for page, found in enumerate(pages, 1):
        store.hits.add_page(*query, page, found)
    for waiting in store.hits.to_fetch("Kilim", 99, ["bing"]):
        if waiting.image == pages[4][2].image:
            store.photos.add(waiting.id, prepared("the only photo"))
        else:
            store.hits.fail(waiting.id, "http_404")
    useless = []
    for page, found in enumerate(pages, 1):
        store.hits.add_page(*query, page, found)
        useless.append(store.hits.pages.are_useless(*query, most=2))
    assert useless == [False, True, True, True, False], "the last one has the photo"


def test_hits_to_fetch_are_those_that_wait_and_those_that_may_be_there_today(store: PhotoStore) -> None:
    reasons = ("http_404", "timeout", "http_503", "not_an_image")
    for number, reason in zip(ids(store, "Kilim"), reasons, strict=False):
        store.hits.fail(number, reason)
    first, *rest = [one.id for one in store.hits.to_fetch("Kilim", HITS, ["bing", "duckduckgo"])]
    assert len(rest) == HITS - 3 and rest == sorted(rest)
    assert store.hits.count_again(LABELS, ["bing", "duckduckgo"]) == 2 and store.hits.count_again([], ["bing"]) == 0
    assert [one.id for one in store.hits.to_fetch("Kilim", 2, ["duckduckgo"], after=first)] == rest[:2]
    assert store.hits.to_fetch("Kilim", HITS, ["bing"]) == []
    assert store.hits.left_waiting(["bing"]) == {"duckduckgo": len(LABELS) * HITS - len(reasons)}


def test_a_page_is_recorded_whole_or_not_at_all(store: PhotoStore) -> None:
    def breaking() -> Iterator[Hit]:
        yield hit("Kilim", 50)
        raise OSError("the engine left")

    before = rows(store, "SELECT * FROM hits")
    with pytest.raises(OSError, match="engine left"):
        store.hits.add_page("duckduckgo", "kilim", "Kilim", 2, breaking())
    assert rows(store, "SELECT * FROM hits") == before
    asked = store.hits.pages.asked("duckduckgo", "kilim", "Kilim")
    assert asked and asked.page == 1


# Storing


def test_a_photo_keeps_the_way_back_to_its_page(store: PhotoStore) -> None:
    number = ids(store, "Batik")[2]
    store.photos.add(number, prepared("a"))
    (photo,) = store.photos.all()
    source = hit("Batik", 2)
    assert (photo.image, photo.page, photo.licence, photo.author) == (source.image, source.page, "CC0-1.0", "Ann")
    assert (photo.sha256, photo.label, photo.found_as, photo.action) == (prepared("a").sha256, "Batik", "Batik", "")
    assert photo.path == store.work / "photos" / "Batik" / f"{photo.sha256[:16]}.jpg"
    assert_rows_and_files_agree(store)


def test_a_failure_is_a_row_with_its_reason(store: PhotoStore) -> None:
    for number, reason in zip(ids(store, "Kilim"), ("http_404", "timeout", "http_404"), strict=False):
        store.hits.fail(number, reason)
    assert store.hits.failures() == {"http_404": 2, "timeout": 1}
    count = store.hits.count
    assert (count("failed"), count("failed", "Kilim"), count("failed", "Batik")) == (
        3,
        3,
        0,
    )
    assert store.hits.count("waiting", "Kilim") == HITS - 3


def test_the_same_bytes_are_stored_once(store: PhotoStore) -> None:
    first, second, third = ids(store, "Kilim")[:3]
    for number in (second, first, third):
        store.photos.add(number, prepared("same"))
    found = rows(store, "SELECT id, status, reason FROM hits WHERE photo IS NOT NULL ORDER BY id")
    assert found == [(first, "stored", ""), (second, "duplicate", "same_bytes"), (third, "duplicate", "same_bytes")]
    assert_rows_and_files_agree(store)


def test_storing_a_hit_again_changes_nothing(store: PhotoStore) -> None:
    number = ids(store, "Kilim")[0]
    store.photos.add(number, prepared("a"))
    before = state(store)
    store.photos.add(number, prepared("a"))
    assert state(store) == before
    assert_rows_and_files_agree(store)


def test_the_order_of_downloads_makes_no_difference(tmp_path: Path) -> None:
    """The same bytes come from two hits of one class and one of each other."""
    states = []
    for turn, order in enumerate(itertools.permutations(range(4))):
        with opened(tmp_path / str(turn)) as store:
            same = [ids(store, "Kilim")[3], ids(store, "Kilim")[1], ids(store, "Batik")[0], ids(store, "Ikat")[5]]
            for number in order:
                store.photos.add(same[number], prepared("same"))
                assert_rows_and_files_agree(store)
            states.append(state(store))
    assert all(one == states[0] for one in states)
    assert states[0][1] == [f"photos/Kilim/{prepared('same').sha256[:16]}.jpg"]


def test_an_earlier_class_takes_the_photo_over(store: PhotoStore) -> None:
    late, early = ids(store, "Ikat")[0], ids(store, "Kilim")[4]
    store.photos.add(late, prepared("same"))
    assert [photo.label for photo in store.photos.all()] == ["Ikat"]
    store.photos.add(early, prepared("same"))
    (photo,) = store.photos.all()
    assert (photo.label, photo.image) == ("Kilim", hit("Kilim", 4).image)
    assert (store.hits.count("stored", "Ikat"), store.hits.count("duplicate", "Ikat")) == (0, 1)
    assert_rows_and_files_agree(store)


def test_photos_come_in_the_order_of_classes_and_ranks(store: PhotoStore) -> None:
    numbers = [number for label in LABELS for number in ids(store, label)]
    random.Random(1).shuffle(numbers)
    for number in numbers:
        store.photos.add(number, prepared(str(number)))
    assert [photo.image for photo in store.photos.all()] == [one.image for label in LABELS for one in hits(label)]


# Repairing


def test_repair_leaves_a_good_store_alone(store: PhotoStore) -> None:
    fill(store)
    before = state(store)
    store.repair()
    store.photos.remove_strays()
    assert state(store) == before


def test_repair_lets_a_photo_wait_whose_file_is_lost(store: PhotoStore) -> None:
    first, second = ids(store, "Kilim")[0], ids(store, "Batik")[0]
    for number in (first, second):
        store.photos.add(number, prepared("same"))
    before = state(store)
    store.photos.all()[0].path.unlink()
    store.repair()
    assert store.photos.all() == [] and store.hits.count("waiting") == HITS * len(LABELS)
    for number in (second, first):
        store.photos.add(number, prepared("same"))
    assert state(store) == before


def test_what_a_stop_left_is_removed(store: PhotoStore) -> None:
    kept = set(fill(store))
    whole = prepared("stored by a run that was stopped before its row")
    strays = {f"Kilim/{whole.sha256[:16]}.jpg": whole.jpeg, f"Gone/{whole.sha256[:16]}.jpg": whole.jpeg}
    strays["Batik/0123456789abcdef.89abcdef.part"] = b"half a photo"
    for stray, content in strays.items():
        path = store.work / "photos" / stray
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (store.work / "photos" / "Kilim" / "folder").mkdir()
    store.photos.remove_strays()
    assert {photo.sha256 for photo in store.photos.all()} == kept
    assert_rows_and_files_agree(store)


NOT_OURS = (
    "mine.jpg", "0123456789abcdef.jpg", "0123456789ABCDEF.jpg", "0123456789abcdef.png", "0123456789abcdef.part",
    "0123.ab.part", "x.part", "IMG_0123456789abcdef.89abcdef.part", ".hidden", "0123456789abcdef.89abcdef.part.jpg",
)  # fmt: skip


def test_what_somebody_else_put_there_stays(store: PhotoStore) -> None:
    fill(store)
    others = [store.work / "photos" / folder / name for folder in ("Kilim", "Holidays") for name in NOT_OURS]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"somebody's photo")
    store.photos.remove_strays()
    assert [path for path in others if not path.exists()] == []


def test_a_decision_of_a_person_outlives_a_lost_file(store: PhotoStore) -> None:
    number = ids(store, "Kilim")[0]
    store.photos.add(number, prepared("a"))
    store.decisions.add(Decision(prepared("a").sha256, "drop", "not a kilim", by="ann"))
    store.photos.all()[0].path.unlink()
    store.repair()
    assert store.decisions.current() == []
    store.photos.add(number, prepared("a"))
    assert [photo.action for photo in store.photos.all()] == ["drop"] and store.photos.kept() == []


# Cleaning


def decisions_made(store: PhotoStore) -> int:
    return len(rows(store, "SELECT id FROM decisions"))


def test_kept_photos_are_the_stored_less_the_dropped_under_their_decided_labels(store: PhotoStore) -> None:
    dropped, moved, kept, *others = fill(store)
    store.decisions.add(Decision(dropped, "drop", "empty", by="ann"))
    store.decisions.add(Decision(moved, "relabel", "is a batik", "Batik", by="ann"))
    store.decisions.add(Decision(kept, "keep", "fine", by="ann"))
    assert [photo.sha256 for photo in store.photos.kept()] == [moved, kept, *others]
    assert [(photo.label, photo.found_as, photo.action) for photo in store.photos.all()[:4]] == [
        ("Kilim", "Kilim", "drop"), ("Batik", "Kilim", "relabel"), ("Kilim", "Kilim", "keep"), ("Kilim", "Kilim", ""),
    ]  # fmt: skip
    assert_rows_and_files_agree(store)


def decided(photo: str, action: Action, by: str) -> Decision:
    return Decision(photo, action, "a reason", "Batik" if action == "relabel" else None, by)


def test_a_person_comes_before_the_rules_and_the_last_before_earlier_ones(store: PhotoStore) -> None:
    photo = fill(store)[0]
    store.decisions.add(decided(photo, "keep", "ann"))
    store.decisions.add(decided(photo, "relabel", "bob"))
    store.decisions.replace_automatic([decided(photo, "drop", "auto")])
    assert store.decisions.current() == [decided(photo, "relabel", "bob")]


def test_undo_goes_back_one_decision_at_a_time(store: PhotoStore) -> None:
    first, second = fill(store)[:2]
    store.decisions.replace_automatic([decided(first, "drop", "auto")])
    for one in (decided(first, "keep", "ann"), decided(second, "drop", "bob"), decided(first, "relabel", "ann")):
        store.decisions.add(one)
    counted: list[str] = []
    undone: list[list[str]] = []
    for _ in range(3):
        counted.append(next(one.action for one in store.decisions.current() if one.photo == first))
        undone.append(store.decisions.undo("ann"))
    assert (counted, undone) == (["relabel", "keep", "drop"], [[first], [first], []])
    assert store.decisions.undo("bob") == [second] and store.decisions.undo("nobody") == []
    assert decisions_made(store) == 4, "an undone decision stays as a row"


def test_the_same_automatic_decisions_stay_the_same_rows(store: PhotoStore) -> None:
    photos = fill(store)
    wanted = [decided(photos[0], "drop", "auto"), decided(photos[1], "relabel", "auto")]
    store.decisions.replace_automatic(wanted)
    before = rows(store, "SELECT * FROM decisions")
    store.decisions.replace_automatic(reversed(wanted))
    assert rows(store, "SELECT * FROM decisions") == before and len(before) == 2


def test_automatic_decisions_that_are_gone_are_undone(store: PhotoStore) -> None:
    photos = fill(store)
    store.decisions.replace_automatic([decided(photos[0], "drop", "auto"), decided(photos[1], "drop", "auto")])
    store.decisions.add(decided(photos[2], "drop", "ann"))
    store.decisions.replace_automatic([decided(photos[1], "drop", "auto"), decided(photos[3], "drop", "auto")])
    assert {one.photo for one in store.decisions.current()} == {photos[1], photos[2], photos[3]}
    store.decisions.replace_automatic([])
    assert {one.photo for one in store.decisions.current()} == {photos[2]}
    assert decisions_made(store) == 4


def test_new_issues_take_the_place_of_a_checks_former_ones(store: PhotoStore) -> None:
    one, other = fill(store)[:2]
    copy, empty = Issue(one, "duplicate", 0.9, twin=other), Issue(other, "empty", 0.4)
    store.issues.replace("duplicate", [copy])
    store.issues.replace("empty", [empty])
    assert store.issues.all() == [copy, empty] and store.issues.all(other) == [empty]
    better = Issue(other, "duplicate", 0.2, label="Batik")
    store.issues.replace("duplicate", [better])
    assert store.issues.all() == [empty, better]
    store.issues.replace("empty", [])
    assert store.issues.all() == [better]


def test_issues_stay_when_new_ones_are_wrong(store: PhotoStore) -> None:
    one, other = fill(store)[:2]
    store.issues.replace("empty", [Issue(one, "empty", 0.9)])
    with pytest.raises(sqlite3.IntegrityError):
        store.issues.replace("empty", [Issue(other, "empty", 0.5), Issue(one, "empty", 1.5)])
    assert store.issues.all() == [Issue(one, "empty", 0.9)]


def doubtful(store: PhotoStore) -> dict[str, float]:
    rated = (photo for photo in store.photos.all() if photo.label_rated)
    return {photo.sha256: photo.label_quality for photo in rated if photo.label_quality != 1}


def test_an_estimate_is_about_one_label_and_leaves_the_rest_to_the_others(store: PhotoStore) -> None:
    kept, moved, *_ = fill(store)
    assert doubtful(store) == {}
    store.label_quality.replace([LabelQuality(kept, "Kilim", 0.25), LabelQuality(moved, "Batik", 0.75)])
    assert doubtful(store) == {kept: 0.25, moved: 0.25}  # no rule has said yet that the other one is a batik
    store.decisions.replace_automatic([decided(moved, "relabel", "auto")])
    assert doubtful(store) == {kept: 0.25, moved: 0.75}
    found = store.photos.get(moved)
    assert (
        found
        and found.label_quality == 0.75
        and {photo.label_quality for photo in store.photos.kept()} == {0.25, 0.5, 0.75}
    )
    store.decisions.undo_automatic(moved)
    assert doubtful(store) == {kept: 0.25, moved: 0.25}


@pytest.mark.parametrize("action", ["keep", "relabel"])
def test_what_a_person_decided_counts_fully(store: PhotoStore, action: Action) -> None:
    photo = fill(store)[0]
    store.label_quality.replace([LabelQuality(photo, "Batik" if action == "relabel" else "Kilim", 0.25)])
    store.decisions.add(decided(photo, action, "ann"))
    assert doubtful(store) == {}


def test_a_label_that_was_never_rated_counts_as_the_others_of_its_class_do(store: PhotoStore) -> None:
    first, second, third, *_ = fill(store)
    store.label_quality.replace([LabelQuality(first, "Kilim", 0.25), LabelQuality(second, "Kilim", 0.75)])
    store.decisions.add(decided(third, "keep", "ann"))
    photos = store.photos.all()
    assert [photo.label_rated for photo in photos] == [True] * 3 + [False] * (len(photos) - 3)
    assert [photo.label_quality for photo in photos[:3]] == [0.25, 0.75, 1.0]
    assert {photo.label_quality for photo in photos[3:]} == {0.5}, "also where no label of the class was"
    store.label_quality.replace([LabelQuality(first, "Kilim", 0.25), LabelQuality(photos[-1].sha256, "Ikat", 0.75)])
    assert {photo.label: photo.label_quality for photo in store.photos.all() if not photo.label_rated} == {
        "Kilim": 0.25,
        "Batik": 0.5,
        "Ikat": 0.75,
    }


def test_new_trust_takes_the_place_of_all_former_or_none_of_it(store: PhotoStore) -> None:
    one, other = fill(store)[:2]
    store.label_quality.replace([LabelQuality(one, "Kilim", 0.25)])
    with pytest.raises(sqlite3.IntegrityError):
        store.label_quality.replace([LabelQuality(other, "Kilim", 0.5), LabelQuality(one, "Kilim", 1.5)])
    assert doubtful(store) == {one: 0.25}
    store.label_quality.replace([LabelQuality(other, "Kilim", 0.5)])
    assert doubtful(store) == {other: 0.5}
    store.label_quality.replace([])
    assert doubtful(store) == {}


def test_trust_goes_with_a_lost_photo(store: PhotoStore) -> None:
    photo = store.photos.get(fill(store)[0])
    assert photo
    store.label_quality.replace([LabelQuality(photo.sha256, "Kilim", 0.25, "Batik", 0.5)])
    photo.path.unlink()
    store.repair()
    assert rows(store, "SELECT * FROM trust") == rows(store, "SELECT * FROM likelier") == []


def test_a_likelier_class_counts_until_somebody_decides(store: PhotoStore) -> None:
    kept, undone, *_ = fill(store)

    def likelier() -> dict[str, tuple[str, float]]:
        photos = store.photos.all()
        assert not any(one.likelier_quality for one in photos if not one.likelier)
        return {one.sha256: (one.likelier, one.likelier_quality) for one in photos if one.likelier}

    of_both = [LabelQuality(photo, "Kilim", 0.25, "Batik", 0.5) for photo in (kept, undone)]
    store.label_quality.replace(of_both)
    assert likelier() == {kept: ("Batik", 0.5), undone: ("Batik", 0.5)}
    store.decisions.add(decided(kept, "keep", "ann"))
    assert likelier() == {undone: ("Batik", 0.5)}
    store.decisions.replace_automatic([decided(undone, "relabel", "auto")])
    assert likelier() == {}, "it has that label"
    store.decisions.undo_automatic(undone)
    assert likelier() == {}, "a person did not want it to be that"
    store.label_quality.replace(of_both)
    assert likelier() == {}, "also after cleaning again"
    first = store.photos.all()[-1]
    store.label_quality.replace([LabelQuality(first.sha256, first.label, 0.25, first.label, 0.5)])
    assert likelier() == {}, "its own class is no other, as where two became one"
    store.label_quality.remove_likelier()
    assert rows(store, "SELECT * FROM likelier") == [] and len(rows(store, "SELECT * FROM trust")) == 1


# Two stores on one folder


def at_once(*jobs: Callable[[], object]) -> None:
    """Start jobs in threads that wait for each other, and hand on what they raise."""
    gate = threading.Barrier(len(jobs))

    def start(job: Callable[[], object]) -> None:
        gate.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        for done in [threads.submit(start, job) for job in jobs]:
            done.result()


def test_several_stores_may_open_and_close_a_folder_at_once(tmp_path: Path) -> None:
    PhotoStore(tmp_path, LABELS).close()

    def open_and_close() -> None:
        for _ in range(20):
            with PhotoStore(tmp_path, LABELS) as one:
                assert one.photos.all() == []

    at_once(*[open_and_close] * 4)


def test_two_stores_may_store_the_same_photos_at_once(store: PhotoStore) -> None:
    numbers = [number for label in LABELS for number in ids(store, label)]

    def store_all(one: PhotoStore, order: list[int]) -> None:
        for number in order:
            one.photos.add(number, prepared(str(number % 5)))

    with PhotoStore(store.work, LABELS) as other:
        at_once(lambda: store_all(store, numbers), lambda: store_all(other, numbers[::-1]))
        assert other.photos.all() == store.photos.all()
    assert len(store.photos.all()) == 5 and store.hits.count("duplicate") == len(numbers) - 5
    assert_rows_and_files_agree(store)


def test_a_store_sees_what_another_decides(store: PhotoStore) -> None:
    photos = fill(store)
    with PhotoStore(store.work, LABELS) as other:

        def decide(one: PhotoStore, by: str) -> None:
            for photo in photos:
                one.decisions.add(decided(photo, "drop", by))

        at_once(lambda: decide(store, "ann"), lambda: decide(other, "bob"))
        assert decisions_made(store) == 2 * len(photos) and store.photos.kept() == other.photos.kept() == []
        assert other.decisions.undo("ann") == [photos[-1]]
