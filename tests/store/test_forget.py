"""What is forgotten is gone from everywhere, and does not come back as it was or nearly so."""

import json
from collections.abc import Callable

import pytest
from PIL import Image, ImageEnhance, ImageOps
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.errors import NotFound, WorkInUse
from recognizer.recipe import Recipe
from recognizer.report import write_json
from recognizer.store.credits import write_credits
from recognizer.store.forget import erase, find_match, forget, remembered
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Decision, Hit, Issue, LabelQuality, Photo
from tests.small_store import assert_rows_and_files_agree, python, rows, state
from tests.store.forgetting import (
    LABELS,
    ONE_PAGE,
    PHOTOS,
    drawn,
    fetch,
    hit,
    offer,
    prepared,
    search,
    traces,
    words_of,
)

# What goes


def by_sha256(photo: Photo) -> str:
    return photo.sha256


def by_first_digits(photo: Photo) -> str:
    return photo.sha256[:12]


def by_address(photo: Photo) -> str:
    return photo.image


def by_page(photo: Photo) -> str:
    return photo.page


@pytest.mark.parametrize("named", [by_sha256, by_first_digits, by_address, by_page])
def test_a_photo_goes_with_all_that_is_known_of_it(
    store: PhotoStore, recipe: Recipe, named: Callable[[Photo], str]
) -> None:
    photo, other = store.photos.all()[:2]
    store.issues.replace(
        "copy", [Issue(photo.sha256, "copy", 0.9), Issue(other.sha256, "copy", 0.8, None, photo.sha256)]
    )
    store.label_quality.replace([LabelQuality(photo.sha256, photo.label, 0.4, "Another", 0.6)])
    store.decisions.add(Decision(photo.sha256, "keep", "fine", by="ann"))
    store.blind_answers.add(BlindAnswer(photo.sha256, "unclear", by="ann"))
    write_credits(recipe, store)
    assert len(traces(store.work, *words_of(store, photo))) >= 5
    report = forget(recipe, store, named(photo))
    assert (report["counts"]["photos"], report["counts"]["near_copies"], report["counts"]["hits"]) == (1, 0, 1)
    assert store.photos.get(photo.sha256) is None and not photo.path.exists()
    assert store.issues.all() == [] and store.decisions.current() == []
    assert rows(store, "SELECT * FROM trust") == rows(store, "SELECT * FROM likelier") == []
    assert store.blind_answers.all() == {}
    assert store.hits.failures() == {"forgotten": 1} and len(store.photos.all()) == 2 * PHOTOS - 1
    assert traces(store.work, *words_of(store, photo)) == []
    assert_rows_and_files_agree(store)


def test_a_page_means_all_photos_found_on_it_and_those_still_to_be_fetched(store: PhotoStore, recipe: Recipe) -> None:
    late = Hit("https://a.example/late.jpg", ONE_PAGE, "A late title")
    store.hits.add_page("e", "q2", LABELS[0], 1, [late])
    counts = forget(recipe, store, ONE_PAGE)["counts"]
    assert (counts["photos"], counts["hits"], store.hits.count("waiting")) == (4, 5, 0)
    assert traces(store.work, ONE_PAGE, late.image, late.title) == []
    store.hits.add_page("e", "q2", LABELS[0], 2, [Hit("https://a.example/later.jpg", ONE_PAGE, "A later title")])
    assert store.hits.count("waiting") == 0 and traces(store.work, ONE_PAGE, "later") == []


def test_near_copies_go_too(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    offer(store, prepared(drawn(0).resize((200, 150)), 70))
    offer(store, prepared(trimmed(drawn(0))), "https://elsewhere.example/2.jpg")
    assert len(store.photos.all()) == 2 * PHOTOS + 2
    counts = forget(recipe, store, photo.sha256)["counts"]
    assert (counts["photos"], counts["near_copies"], counts["hits"]) == (1, 2, 3)
    assert traces(store.work, "elsewhere.example", "Another title") == []


def test_every_hit_of_the_same_bytes_or_address_goes(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    offer(store, prepared(drawn(0)))
    store.hits.add_page("e", "third", LABELS[1], 1, [hit(LABELS[0], 0)])
    assert (store.hits.count("duplicate"), store.hits.count("waiting")) == (1, 1)
    assert forget(recipe, store, photo.sha256)["counts"]["hits"] == 3
    assert store.hits.failures() == {"forgotten": 3}
    assert traces(store.work, "elsewhere.example", *words_of(store, photo)) == []


def test_words_that_a_reader_keeps_in_the_log_are_told_of_and_gone_once_the_store_is_opened_again(
    store: PhotoStore, recipe: Recipe
) -> None:
    photo = store.photos.all()[0]
    with python(READ, store.work / "photos.db") as reader:
        assert reader.stdout and reader.stdout.readline() == "reading\n"
        assert forget(recipe, store, photo.sha256)["log"]
        assert {file for file, _ in traces(store.work, *words_of(store, photo))} <= {"photos.db", "photos.db-wal"}
        reader.kill()  # so that it cannot do it itself, as SQLite does where the last program closes the file
    with PhotoStore(store.work, recipe.labels):
        assert traces(store.work, *words_of(store, photo)) == []
    assert not forget(recipe, store, photo.sha256)["log"]


READ = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN")
database.execute("SELECT count(*) FROM hits").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


# What does not come back


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((160, 120))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.15)


def trimmed(image: Image.Image) -> Image.Image:
    return image.crop((18, 12, 382, 288))


def framed(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, 16, "white")


def turned(image: Image.Image) -> Image.Image:
    return image.rotate(2, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def unchanged(image: Image.Image) -> Image.Image:
    return image


@pytest.mark.parametrize("turn", [unchanged, ImageOps.mirror])
@pytest.mark.parametrize("change", [unchanged, smaller, brighter, trimmed, framed, turned])
def test_near_copies_from_elsewhere_do_not_come_back(
    store: PhotoStore, recipe: Recipe, change: Callable[[Image.Image], Image.Image], turn: Callable[..., Image.Image]
) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    before = store.photos.all()
    offer(store, prepared(turn(change(drawn(0))), 80))
    assert store.photos.all() == before and store.hits.failures() == {"forgotten": 2}
    assert_rows_and_files_agree(store)
    store.close()
    assert traces(store.work, "elsewhere.example", "Another title") == []


def test_other_photos_come_as_before(store: PhotoStore, recipe: Recipe) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    for number in range(20):
        offer(store, prepared(drawn(100 + number)), f"https://elsewhere.example/{number}.jpg")
    assert len(store.photos.all()) == 2 * PHOTOS - 1 + 20


def test_a_forgotten_address_is_not_even_fetched(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    forget(recipe, store, photo.sha256)
    search(store, 2)
    assert store.hits.count("waiting") == 0 and store.hits.failures() == {"forgotten": 2}
    assert traces(store.work, *words_of(store, photo)) == []


def test_collecting_again_gives_the_same_store(store: PhotoStore, recipe: Recipe) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    before = state(store)
    store.repair()
    fetch(store)
    assert state(store) == before


# Stops, errors, the command


def stopped_after_remembering(store: PhotoStore, photo: Photo) -> None:
    match = find_match(store, photo.image)
    store.forgotten.remember(match.photos, match.addresses)


def stopped_amid_the_files(store: PhotoStore, photo: Photo) -> None:
    stopped_after_remembering(store, photo)
    photo.path.unlink()


def stopped_before_the_credits(store: PhotoStore, photo: Photo) -> None:
    match = find_match(store, photo.image)
    store.forgotten.remember(match.photos, match.addresses)
    erase(store, remembered(store), match.hits)


def stopped_and_collected(store: PhotoStore, photo: Photo) -> None:
    stopped_amid_the_files(store, photo)
    store.repair()
    fetch(store)


STOPS = [stopped_after_remembering, stopped_amid_the_files, stopped_before_the_credits, stopped_and_collected]


@pytest.mark.parametrize("stop", STOPS)
def test_doing_it_again_finishes_what_was_stopped(
    store: PhotoStore, recipe: Recipe, stop: Callable[[PhotoStore, Photo], None]
) -> None:
    photo = store.photos.all()[0]
    write_credits(recipe, store)
    stop(store, photo)
    forget(recipe, store, photo.image)
    assert len(store.photos.all()) == 2 * PHOTOS - 1 and store.hits.failures() == {"forgotten": 1}
    assert traces(store.work, *words_of(store, photo)) == []
    assert_rows_and_files_agree(store)


@pytest.mark.parametrize("what", ["0" * 64, "0" * 11, "*", "https://nowhere.example/"])
def test_what_is_not_there_is_one_sentence(store: PhotoStore, recipe: Recipe, what: str) -> None:
    with pytest.raises(NotFound, match=f"No photo in {store.work} has the sha256, address or page"):
        forget(recipe, store, what)
    assert len(store.photos.all()) == 2 * PHOTOS


@pytest.mark.parametrize("what", ["", " "])
def test_nothing_named_is_nothing_forgotten(store: PhotoStore, recipe: Recipe, what: str) -> None:
    """Not an example either whose page nobody knows."""
    store.examples.add(LABELS[0], Hit("https://a.example/example.jpg"), prepared(drawn(99)))
    with pytest.raises(NotFound, match="Nothing was named"):
        forget(recipe, store, what)
    assert len(store.examples.all()) == 1 and not store.forgotten.has_address("")


def test_nothing_is_forgotten_while_a_run_collects(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    with store.locked(), pytest.raises(WorkInUse):
        forget(recipe, store, photo.sha256)
    assert store.photos.get(photo.sha256) == photo


def test_the_command(store: PhotoStore) -> None:
    photo = store.photos.all()[0]
    arguments = ["forget", "textiles", photo.image, "--work", str(store.work)]
    first, second = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "near copies" in first.output and "forgotten before" in second.output
    arguments[2] = "https://nowhere.example/"
    third = CliRunner().invoke(app, arguments)
    assert third.exit_code == 1 and third.output.startswith("No photo in") and third.output.count("\n") == 1
    assert json.loads((store.work / "reports" / "forget.json").read_text())["counts"]["photos"] == 0


def test_a_file_that_could_not_be_read_is_named_no_more(store: PhotoStore, recipe: Recipe) -> None:
    report = store.work / "reports" / "collect.json"
    write_json(report, {"stage": "collect", "unread": [{"file": "Mugs/broken.png", "reason": "truncated"}]})
    forget(recipe, store, store.photos.all()[0].sha256)
    assert json.loads(report.read_text()) == {"stage": "collect", "unread": []}
