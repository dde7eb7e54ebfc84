"""Engines that go on for ever come to an end: repeated pages, pages of no use, pages without end."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from recognizer.collect.searches import MOST_HITS, MOST_PAGES, USELESS
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.collect.collecting import (
    CLASSES,
    Web,
    assert_same,
    collected,
    read_state,
    searches,
    set_environment,
    write_photo_web,
    write_recipe,
)
from tests.web_answers import Reply

QUERIES = {"Kilim": ["kilim"], "Batik": ["none"]}
PHOTO, OTHER = "https://photos.example/photo.jpg", "https://photos.example/other.jpg"


def listing(addresses: Callable[[int], list[str]], query: str = "kilim") -> Callable[[str], Reply | None]:
    """A search that gives a page of these addresses for the number of the first hit asked for, without end."""

    def search(address: str) -> Reply | None:
        asked = parse_qs(urlsplit(address).query)
        if "/i.js" not in address or asked["q"] != [query]:
            return None
        first = int(asked.get("s", ["0"])[0])
        body = {"results": [{"image": found} for found in addresses(first)], "next": "i.js?q=kilim"}
        return Reply(body=json.dumps(body).encode())

    return search


def dead(first: int, count: int) -> list[str]:
    return [f"https://photos.local/{number}.jpg" for number in range(first, first + count)]


def web_of(folder: Path, search: Callable[[str], Reply | None], seconds: float = 0) -> Web:
    """A web with two photos, the first of which takes so long, and this search."""
    written = json.loads((write_photo_web(folder, "kilim", {PHOTO: None, OTHER: None}) / "web.json").read_text())
    written["resources"][PHOTO]["delay"] = seconds
    (folder / "web.json").write_text(json.dumps(written))
    web = Web(folder)
    web.search = search
    return web


def asked_for(web: Web) -> int:
    return sum("q=kilim" in address for address in searches(web))


@pytest.mark.parametrize("period", [1, 3])
def test_a_page_that_brings_nothing_new_ends_a_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, period: int
) -> None:
    """The engine begins anew after so many pages."""
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with web_of(tmp_path, listing(lambda first: [PHOTO, *dead(first % (100 * period), 99)])) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe, tmp_path / "work")
        assert asked_for(web) == period + 1
        collected(recipe, tmp_path / "work")
        assert asked_for(web) == period + 1
    assert report["counts"]["hits"] == 100 * (period + 1)
    assert report["short"]["Kilim"] == {"photos": 1, "why": "dry"}


def test_pages_without_one_photo_end_a_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with web_of(tmp_path, listing(lambda first: dead(first, 100))) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe, tmp_path / "work")
        assert asked_for(web) == USELESS
    assert report["counts"]["hits"] == USELESS * 100 and report["short"]["Kilim"]["why"] == "dry"


def test_pages_are_counted_as_useless_from_the_last_photo_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path, 5, QUERIES)
    search = listing(lambda first: [*dead(first, 99), PHOTO] if first == 300 else dead(first, 100))
    with web_of(tmp_path, search) as web:
        set_environment(monkeypatch, web.environment)
        assert collected(recipe, tmp_path / "work")["counts"]["stored"] == 1
        assert asked_for(web) == 4 + USELESS


def test_whether_pages_are_useless_does_not_depend_on_how_long_a_photo_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One query has its only photo at the beginning; the other goes on longer, and may not overtake it meanwhile."""
    recipe = write_recipe(tmp_path, 5, {"Kilim": ["kilim", "rug"], "Batik": ["none"]})
    kilim = listing(lambda first: [*([] if first else [PHOTO]), *dead(first, 20)])
    rug = listing(lambda first: [*([OTHER] if first == 400 else []), *dead(100_000 + first, 20)], "rug")
    for name, seconds in (("quick", 0), ("late", 1)):
        with web_of(tmp_path / name, lambda address: kilim(address) or rug(address), seconds) as web:
            set_environment(monkeypatch, web.environment)
            collected(recipe, tmp_path / f"{name} work")
            assert asked_for(web) == USELESS + 1
    assert_same(read_state(tmp_path / "quick work"), read_state(tmp_path / "late work"))


def test_a_page_of_very_many_hits_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with web_of(tmp_path, listing(lambda first: [] if first else dead(0, 20_000))) as web:
        set_environment(monkeypatch, web.environment)
        assert collected(recipe, tmp_path / "work")["counts"]["hits"] == MOST_HITS


def test_a_query_has_at_most_so_many_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many photos they give, such as copies of one."""
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with PhotoStore(tmp_path / "work", CLASSES) as store:
        for page in range(1, MOST_PAGES - 1):
            store.hits.add_page("duckduckgo", "kilim", "Kilim", page, [Hit(f"https://photos.local/of/{page}.jpg")])
        store.database.execute("UPDATE searches SET rank = -1")
        store.hits.add_page("duckduckgo", "kilim", "Kilim", MOST_PAGES - 1, [Hit(PHOTO)])
    with web_of(tmp_path, listing(lambda first: [PHOTO, *dead(first, 99)])) as web:
        set_environment(monkeypatch, web.environment)
        collected(recipe, tmp_path / "work")
        assert asked_for(web) == 1
