"""Photos for visitors to try: of a known licence, found once, kept apart from the photos, and known to forgetting."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recognizer.collect.collect import collect
from recognizer.collect.engines.make import make_engines
from recognizer.collect.examples import MOST_HITS, Found, find_examples
from recognizer.errors import NotFound
from recognizer.recipe import Recipe, load_recipe
from recognizer.report import read_json
from recognizer.store.credits import FILE, write_credits
from recognizer.store.forget import forget
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.collect.collecting import ONCE, set_environment, write_recipe
from tests.drawn_web import draw_web
from tests.web import SmallWeb
from tests.web_answers import Reply

CLASSES = ("Kilim", "Batik")
OPENVERSE, COMMONS = "https://api.openverse.org/", "https://commons.wikimedia.org/"
PAGES = "https://photos.example/page"
GOOD = 3  # the result of each query at Openverse that can be used


class LicensedWeb(SmallWeb):
    """A small web with an Openverse: of each query a dead link, a photo without a licence, a collected one, and two
    good ones; the word "Openverse" can be made to refuse."""

    refuses = False
    has_commons = False  # which finds nothing

    def _reply(self, method: str, address: str) -> Reply:
        if address.startswith(COMMONS) and self.has_commons:
            return Reply(body=b'{"batchcomplete": true}')
        if address.startswith(COMMONS) or (address.startswith(OPENVERSE) and self.refuses):
            return Reply(503)
        if address.startswith(OPENVERSE):
            (query,) = parse_qs(urlsplit(address).query)["q"]
            return Reply(body=json.dumps({"results": self._found(query)}).encode())
        return super()._reply(method, address)

    def _found(self, query: str) -> list[dict[str, Any]]:
        images = [
            "https://gone.example/1.jpg",
            *(result["image"] for result in self._answers._queries[f"more {query}"]),
        ]
        images.insert(2, self._answers._queries[query][0]["image"])  # which is collected, too
        return [
            {
                **{"url": image, "foreign_landing_url": f"{PAGES}/{query}/{n}", "title": f"{query} {n}"},
                **{"creator": "Ann", "license": "" if n == 1 else "by", "license_version": "4.0"},
            }
            for n, image in enumerate(images)
        ]

    @property
    def searched(self) -> list[str]:
        """What was searched for at Openverse."""
        return [parse_qs(urlsplit(one).query)["q"][0] for one in self.requests if one.startswith(OPENVERSE)]


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LicensedWeb]:
    draw_web(tmp_path / "web", [*CLASSES, *(f"more {label}" for label in CLASSES)], 2)
    with LicensedWeb(tmp_path / "web") as small:
        set_environment(monkeypatch, small.environment)
        yield small


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return load_recipe(write_recipe(tmp_path, 2, {label: [label, "never asked"] for label in CLASSES}, examples=True))


@pytest.fixture
def store(tmp_path: Path, recipe: Recipe) -> Iterator[PhotoStore]:
    with PhotoStore(tmp_path / "work", recipe.labels) as opened:
        yield opened


def test_each_class_gets_one_of_a_known_licence_once(web: LicensedWeb, recipe: Recipe, store: PhotoStore) -> None:
    assert collect(recipe, store, patience=ONCE)["examples"] == {"wanted": 2, "photos": 2, "refused": ""}
    assert web.searched == list(CLASSES)
    examples = store.examples.all()
    assert [(one.label, one.title, one.licence, one.author, one.page) for one in examples] == [
        (label, f"{label} {GOOD}", "CC BY 4.0", "Ann", f"{PAGES}/{label}/{GOOD}") for label in CLASSES
    ]
    stored = {photo.sha256 for photo in store.photos.all()}
    assert len(stored) == 4 and not stored & {one.sha256 for one in examples}
    assert store.hits.count("stored") == 4 and all(one.path.is_file() for one in examples)
    before = web.requests
    collect(recipe, store, patience=ONCE)
    assert web.requests == before


def test_credit_is_given_and_forgetting_takes_it_all_away(web: LicensedWeb, recipe: Recipe, store: PhotoStore) -> None:
    collect(recipe, store, patience=ONCE)
    first, other = store.examples.all()
    write_credits(recipe, store)
    assert first.sha256[:16] in (store.work / FILE).read_text()
    report = forget(recipe, store, first.page)
    assert (report["counts"]["photos"], report["counts"]["examples"], report["again"]) == (0, 1, [])
    assert not first.path.exists() and store.examples.all() == [other] and len(store.photos.all()) == 4
    left = [file for file in store.work.rglob("*") if file.is_file() and file.suffix != ".db"]
    assert not any(
        first.sha256[:16].encode() in file.read_bytes() or first.page.encode() in file.read_bytes() for file in left
    )
    assert forget(recipe, store, first.sha256)["counts"]["examples"] == 0, "it is known to be forgotten"
    collect(recipe, store, patience=ONCE)
    again = store.examples.all()
    assert [one.title for one in again if one.label == first.label] == [f"{first.label} {GOOD + 1}"], "another one"
    with pytest.raises(NotFound):
        forget(recipe, store, f"{PAGES}/nowhere")


def test_where_nobody_answers_that_is_said_once_and_made_good_later(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore
) -> None:
    web.refuses = True
    found = collect(recipe, store, patience=ONCE)["examples"]
    assert (found["wanted"], found["photos"]) == (2, 0)
    assert found["refused"].startswith("Openverse would not answer for “Kilim” (status 503).")
    assert web.searched == ["Kilim"] and len(store.photos.all()) == 4
    web.refuses = False
    assert collect(recipe, store, patience=ONCE)["examples"] == {"wanted": 2, "photos": 2, "refused": ""}


def test_what_cannot_be_found_is_searched_for_again_only_when_asked(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore
) -> None:
    for label in CLASSES:
        web._answers._queries[f"more {label}"] = []
    for again, times in ((False, 1), (False, 1), (True, 2)):
        assert collect(recipe, store, patience=ONCE, again=again)["examples"]["photos"] == 0
        assert web.searched == [*CLASSES] * times


def test_where_an_engine_refused_it_is_not_settled_that_there_is_no_example(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore
) -> None:
    settings = recipe.collect.model_copy(update={"contact": "me@maker.example"})
    with_contact = recipe.model_copy(update={"collect": settings})
    web.refuses = web.has_commons = True
    assert collect(with_contact, store, patience=ONCE)["examples"]["photos"] == 0
    web.refuses = False
    assert collect(with_contact, store, patience=ONCE)["examples"]["photos"] == 2


def test_an_example_that_is_collected_later_gives_way_to_another(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore
) -> None:
    collect(recipe, store, patience=ONCE)
    first, other = store.examples.all()
    store.hits.add_page("duckduckgo", "never asked", first.label, 1, [Hit(first.image)])
    more = recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"photos": 50})})
    collect(more, store, patience=ONCE)
    assert first.sha256 in {photo.sha256 for photo in store.photos.all()}
    again = {one.label: one for one in store.examples.all()}
    assert again[other.label] == other and again[first.label].title == f"{first.label} {GOOD + 1}"
    assert not first.path.exists()


@pytest.mark.parametrize("changes", [{"examples": False}, {"engines": ["openverse"]}, {"engines": ["sample"]}])
def test_none_is_searched_for_where_none_is_wanted_or_needed(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore, changes: dict[str, Any]
) -> None:
    settings = recipe.collect.model_copy(update=changes)
    other = recipe.model_copy(update={"collect": settings})
    assert find_examples(other, store, list(make_engines(settings).values()), ONCE) == Found(0, 0, "")
    assert web.requests == [] and not (store.work / "examples").exists()


def test_of_a_search_only_the_first_licensed_ones_are_tried(
    web: LicensedWeb, recipe: Recipe, store: PhotoStore
) -> None:
    dead = [{"image": f"https://gone.example/{number}.jpg"} for number in range(2 * MOST_HITS)]
    for label in CLASSES:
        web._answers._queries[f"more {label}"] = dead
    collect(recipe, store, patience=ONCE)
    tried = [address for address in web.requests if address.startswith("https://gone.example/")]
    assert len(tried) <= 2 * MOST_HITS
    assert read_json(store.work / "examples" / "examples.json", {}, "") == {label: {} for label in CLASSES}
