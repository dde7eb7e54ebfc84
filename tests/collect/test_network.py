"""What may be there another day is tried again; a network that is not there is a sentence, and changes nothing."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.collect.collect import collect
from recognizer.collect.http.retries import Patience
from recognizer.collect.network import MOST_HELD, NoNetwork
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.collect.collecting import (
    CLASSES,
    OFFLINE,
    Run,
    Web,
    assert_same,
    collected,
    read_state,
    searches,
    set_environment,
    write_photo_web,
    write_recipe,
)
from tests.collect.test_own_photos import draw_own
from tests.web import SmallWeb
from tests.web_answers import plain

QUERIES = {"Kilim": ["kilim"], "Batik": ["none"]}
WHY = r"^There seems to be no network: no answer came from DuckDuckGo.*\. Nothing was changed: .* again\.$"


def smaller(run: Run, folder: Path) -> Path:
    """The recipe of a run with fewer photos, so that hits are left waiting."""
    path = folder / run.recipe.name
    path.write_text(run.recipe.read_text().replace("photos = 10", "photos = 2"))
    return path


def everything(work: Path) -> tuple[object, ...]:
    with PhotoStore(work, CLASSES) as store:
        pages = store.database.rows("SELECT * FROM searches ORDER BY label, query, page")
        return read_state(work), [tuple(page) for page in pages]


# Another day


def test_what_may_be_there_another_day_is_tried_again_before_anything_is_searched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today: dict[str, dict[str, Any] | None] = {
        "https://a.example/500.jpg": {"status": 500},
        "https://a.example/501.jpg": {"status": 501},
        "https://a.example/404.jpg": {"status": 404},
        "https://a.example/408.jpg": {"status": 408},
        "https://a.example/429.jpg": {"status": 429, "retry_after": 3600},
        "https://a.example/503.jpg": {"status": 503, "retry_after": 3600},
        "https://a.example/page.jpg": {"file": "page", "type": "text/html"},
        "https://a.example/private.jpg": {"fault": "redirect_private"},
        "https://a.example/incomplete.jpg": {"file": "page", "type": "image/jpeg", "fault": "wrong_length"},
        "https://a.example/hang.jpg": {"fault": "hang"},
        "https://a.example/good.jpg": None,
    }
    tomorrow = dict.fromkeys(today)
    recipe, work = write_recipe(tmp_path, 20, QUERIES, timeout=2), tmp_path / "work"
    (tmp_path / "today").mkdir()
    (tmp_path / "today" / "page").write_text("<html>")
    with SmallWeb(write_photo_web(tmp_path / "today", "kilim", today)) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe, work)
    assert (report["counts"]["stored"], report["again"]) == (1, 7)
    with SmallWeb(write_photo_web(tmp_path / "tomorrow", "kilim", tomorrow)) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe, work)
        assert searches(web) == []
    assert report["failures"] == {"forbidden_address": 1, "http_404": 1, "not_an_image": 1}
    assert (report["counts"]["stored"], report["again"]) == (8, 0)


def test_a_full_class_tries_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources: dict[str, dict[str, Any] | None] = {"https://a.example/1.jpg": {"status": 500}}
    resources |= dict.fromkeys(f"https://a.example/{number}.jpg" for number in range(2, 5))
    recipe = write_recipe(tmp_path, 1, {"Kilim": ["kilim"], "Batik": ["batik"]})
    with SmallWeb(write_photo_web(tmp_path / "web", "kilim", resources)) as web:
        set_environment(monkeypatch, web.environment)
        collected(recipe, tmp_path / "work")
        before, asked = read_state(tmp_path / "work"), web.requests
        collected(recipe, tmp_path / "work")
        assert web.requests == asked and read_state(tmp_path / "work") == before
    assert [hit[3] for hit in before.hits] == ["failed", "stored", "waiting", "waiting"]


def test_only_what_the_next_run_tries_is_said_to_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that is full, one that the recipe lost and an engine that is not asked try nothing."""
    resources: dict[str, dict[str, Any] | None] = {"https://a.example/1.jpg": {"status": 500}}
    resources |= dict.fromkeys(f"https://a.example/{number}.jpg" for number in range(2, 5))
    classes, work = {"Kilim": ["kilim"], "Batik": ["batik"]}, tmp_path / "work"
    with SmallWeb(write_photo_web(tmp_path / "web", "kilim", resources)) as web:
        set_environment(monkeypatch, web.environment)
        assert collected(write_recipe(tmp_path, 4, classes), work)["again"] == 1
        assert collected(write_recipe(tmp_path, 3, classes), work)["again"] == 0  # full
        gone = write_recipe(tmp_path, 4, {"Ikat": ["ikat"], "Batik": ["batik"]})
        assert collected(gone, work)["again"] == 0
        other = write_recipe(tmp_path, 4, classes)
        for label in classes:
            (tmp_path / "own" / label).mkdir(parents=True)
        own = f'[collect]\nengines = ["folder"]\nfolder = {json.dumps(str(tmp_path / "own"))}'
        other.write_text(other.read_text().replace("[collect]", own))
        assert collected(other, work)["again"] == 0


# No network


def test_no_network_is_one_sentence_and_a_later_run_ends_like_an_undisturbed_one(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        collected(smaller(quick_run, tmp_path), tmp_path / "work")
        before = everything(tmp_path / "work")
        set_environment(monkeypatch, OFFLINE)
        for _ in range(2):
            with pytest.raises(NoNetwork, match=WHY):
                collected(quick_run.recipe, tmp_path / "work")
            assert everything(tmp_path / "work") == before
        set_environment(monkeypatch, web.environment)
        collected(quick_run.recipe, tmp_path / "work")
    assert_same(read_state(tmp_path / "work"), quick_run.state)


def test_photos_stay_where_the_database_was_moved_away_and_there_is_no_network(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        collected(quick_run.recipe, work)
        before = read_state(work)
        for file in work.glob("photos.db*"):
            file.rename(tmp_path / file.name)
        set_environment(monkeypatch, OFFLINE)
        with pytest.raises(NoNetwork, match=WHY):
            collected(quick_run.recipe, work)
        assert before.files and read_state(work).files == before.files
        set_environment(monkeypatch, web.environment)
        collected(quick_run.recipe, work)
    assert_same(read_state(work), before)


def test_many_waiting_hits_without_a_network_are_given_up_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write_recipe(tmp_path, 5000, QUERIES)
    with PhotoStore(tmp_path / "work", CLASSES) as store:
        hits = [Hit(f"https://a.example/{number}.jpg") for number in range(5000)]
        store.hits.add_page("duckduckgo", "kilim", "Kilim", 1, [Hit("http://[::1]/1.jpg"), *hits])
    before = everything(tmp_path / "work")
    set_environment(monkeypatch, OFFLINE)
    with pytest.raises(NoNetwork, match=WHY) as told:
        collected(recipe, tmp_path / "work")
    (photos,) = [int(word) for word in str(told.value).split() if word.isdigit()]
    assert MOST_HELD <= photos < 1000
    assert everything(tmp_path / "work") == before


def test_a_patient_search_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One class has hits that wait, and the other has none, so that an engine is asked, time and again."""
    recipe = load_recipe(write_recipe(tmp_path, 50, QUERIES))
    set_environment(monkeypatch, OFFLINE)
    released, begun = threading.Event(), time.monotonic()
    patience = Patience(sleep=lambda _: released.wait(60))
    with PhotoStore(tmp_path / "work", CLASSES) as store:
        store.hits.add_page("duckduckgo", "kilim", "Kilim", 1, [Hit(f"https://a.example/{n}.jpg") for n in range(50)])
        with pytest.raises(NoNetwork, match=WHY):
            collect(recipe, store, patience=patience)
    released.set()
    assert time.monotonic() - begun < 30


def test_the_command_says_it_on_one_line_and_ends_with_1(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, OFFLINE)
    monkeypatch.setattr("recognizer.collect.http.retries.FIRST_WAIT", 0.0)
    result = CliRunner().invoke(app, ["collect", str(quick_run.recipe), "--work", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There seems to be no network" in result.stderr.splitlines()[-1] and "ran dry" not in result.output
    assert not (tmp_path / "reports").exists()


def test_dead_links_are_no_missing_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is to be tried again is dead for good, and the searches had ended: so an engine is asked whether it is
    there."""
    dead = {f"https://dead.example:444/{number}.jpg": {"status": 404} for number in range(MOST_HELD + 5)}
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with SmallWeb(write_photo_web(tmp_path / "web", "kilim", {**dead})) as web:
        set_environment(monkeypatch, web.environment)
        assert collected(recipe, tmp_path / "work")["failures"] == {"connection_failed": len(dead)}
        before, asked = everything(tmp_path / "work"), len(searches(web))
        report = collected(recipe, tmp_path / "work")
        assert everything(tmp_path / "work") == before and len(searches(web)) == asked + 1
        assert report["again"] == len(dead) and report["refused"] == []
        set_environment(monkeypatch, OFFLINE)
        with pytest.raises(NoNetwork, match=WHY):
            collected(recipe, tmp_path / "work")
    assert everything(tmp_path / "work") == before


def test_an_engine_that_refuses_has_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = {f"https://dead.example:444/{number}.jpg": {"status": 404} for number in range(MOST_HELD + 5)}
    recipe = write_recipe(tmp_path, 5, QUERIES)
    with PhotoStore(tmp_path / "work", CLASSES) as store:
        store.hits.add_page("duckduckgo", "kilim", "Kilim", 1, map(Hit, dead))
    with Web(write_photo_web(tmp_path / "web", "kilim", {**dead})) as web, pytest.raises(Exception, match="status 403"):
        set_environment(monkeypatch, web.environment)
        web.search = lambda address: plain(403)
        collected(recipe, tmp_path / "work")
    assert {hit[4] for hit in read_state(tmp_path / "work").hits} == {"connection_failed"}


def test_own_photos_are_collected_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_own(tmp_path / "own", 2)
    recipe = write_recipe(tmp_path, 3)
    engines = f'engines = ["folder", "duckduckgo"]\nfolder = {json.dumps(str(tmp_path / "own"))}\n'
    recipe.write_text(recipe.read_text().replace("[collect]\n", f"[collect]\n{engines}"))
    with PhotoStore(tmp_path / "work", load_recipe(recipe).labels) as store:
        store.hits.add_page("duckduckgo", "Kilim", "Kilim", 1, [Hit("https://a.example/1.jpg")])
    set_environment(monkeypatch, OFFLINE)
    report = collected(recipe, tmp_path / "work")
    assert report["labels"] == dict.fromkeys(CLASSES, 2) and report["counts"]["waiting"] == 1
    assert len(report["refused"]) == 1 and "no network" in report["refused"][0]
    assert "Nothing was changed" not in report["refused"][0], "photos were stored"
    assert {one["why"] for one in report["short"].values()} == {"refused"}
