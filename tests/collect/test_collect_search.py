"""Searching for photos: pages, refusals, one engine after another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.collect.collect import collect
from recognizer.collect.engines.duckduckgo import DuckDuckGo
from recognizer.errors import EngineRefused, RecognizerError
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.collect.collecting import (
    CLASSES,
    ONCE,
    Run,
    Web,
    assert_same,
    collected,
    read_state,
    set_environment,
    write_bare_web,
    write_recipe,
)
from tests.web import SmallWeb
from tests.web_answers import Reply, plain


def test_pages_are_asked_until_enough_hits_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bare_web(tmp_path, {"kilim": 230, "rug": 30})
    recipe = write_recipe(tmp_path, 300, {"Kilim": ["kilim", "rug"], "Batik": ["none"]})
    with Web(tmp_path) as web:
        set_environment(monkeypatch, web.environment)
        with PhotoStore(tmp_path / "work", CLASSES) as store:
            report = collect(load_recipe(recipe), store, patience=ONCE)
            pages = store.database.execute("SELECT query, page, found FROM searches ORDER BY query, page").fetchall()
    assert report["counts"]["hits"] == report["failures"]["forbidden_address"] == 260
    assert list(map(tuple, pages)) == [
        ("kilim", 1, 100), ("kilim", 2, 100), ("kilim", 3, 30), ("kilim", 4, 0), ("none", 1, 0), ("rug", 1, 30),
        ("rug", 2, 0),
    ]  # fmt: skip


def refuse_from(search: int) -> Callable[[str], Reply | None]:
    """Refuse every search from the one with this number on; a page takes two requests."""
    asked = iter(range(1_000_000))
    return lambda address: plain(403) if next(asked) // 2 >= search else None


@pytest.mark.parametrize("search", [1, 2, 3, 4])
def test_a_run_that_was_refused_goes_on_with_the_same_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, search: int
) -> None:
    write_bare_web(tmp_path, {"kilim": 150, "rug": 150, "carpet": 30})
    recipe = write_recipe(tmp_path, 250, {"Kilim": ["kilim", "rug", "carpet"], "Batik": ["none"]})
    with Web(tmp_path) as web:
        set_environment(monkeypatch, web.environment)
        collected(recipe, tmp_path / "undisturbed")
        web.search = refuse_from(search)
        with pytest.raises(RecognizerError, match="DuckDuckGo would not answer"):
            collected(recipe, tmp_path / "work")
        web.search = Web.search
        collected(recipe, tmp_path / "work")
    assert read_state(tmp_path / "work") == read_state(tmp_path / "undisturbed")


def test_a_refusal_is_one_sentence_and_a_later_run_resumes(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Web(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        web.search = refuse_from(0)
        with pytest.raises(RecognizerError, match=r"^DuckDuckGo would not answer for “.*run the same command again\.$"):
            collected(quick_run.recipe, tmp_path)
        web.search = refuse_from(1)
        begun = collected(quick_run.recipe, tmp_path)
        web.search = Web.search
        done = collected(quick_run.recipe, tmp_path)
    assert len(begun["refused"]) == 1 and begun["engines"]["duckduckgo"]["state"] == "refused"
    assert {one["why"] for one in begun["short"].values()} == {"refused"}
    assert (done["refused"], done["short"], done["engines"]["duckduckgo"]["state"]) == ([], {}, "ok")
    assert_same(read_state(tmp_path), quick_run.state)


def test_photos_stay_where_the_database_was_moved_away_and_an_engine_refuses(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Path(shutil.copytree(quick_run.work, tmp_path / "work"))
    for file in work.glob("photos.db*"):
        file.unlink()
    with Web(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        web.search = refuse_from(1)
        assert collected(quick_run.recipe, work)["counts"]["stored"]
        assert read_state(work).files == quick_run.state.files
        web.search = Web.search
        collected(quick_run.recipe, work)
    assert_same(read_state(work), quick_run.state)


def test_an_engine_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, {"HTTPS_PROXY": "http://127.0.0.1:9"})
    with pytest.raises(EngineRefused, match="DuckDuckGo would not answer for “kilim”"):
        DuckDuckGo(ONCE).search("kilim", 1)


def answering(body: str) -> Callable[[str], Reply | None]:
    return lambda address: Reply(body=body.encode()) if "/i.js" in address else None


@pytest.mark.parametrize("body", ["", "no json", "[]", "3", '{"results": null}', '{"results": [3]}', '{"results": {}}'])
def test_an_odd_answer_of_the_engine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with Web(write_bare_web(tmp_path, {})) as web:
        set_environment(monkeypatch, web.environment)
        web.search = answering(body)
        if body in ("", '{"results": {}}'):
            assert DuckDuckGo(ONCE).search("kilim", 1) == []
            return
        with pytest.raises(EngineRefused, match="DuckDuckGo would not answer"):
            DuckDuckGo(ONCE).search("kilim", 1)


def test_hits_may_lack_everything_but_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Web(write_bare_web(tmp_path, {})) as web:
        set_environment(monkeypatch, web.environment)
        web.search = answering('{"results": [{"image": "https://a.example/1.jpg", "title": null}, {"title": "none"}]}')
        (hit,) = DuckDuckGo(ONCE).search("kilim", 1)
    assert (hit.image, hit.page, hit.title, hit.licence, hit.author) == ("https://a.example/1.jpg", "", "", "", "")


# Engines


def command(*words: object) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it printed."""
    result = CliRunner().invoke(app, [str(word) for word in words], terminal_width=200)
    return result.exit_code, result.stdout, result.stderr


def test_where_one_engine_fails_the_next_is_asked(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commons refuses whoever gives no contact, before anything is asked."""
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        engines = ("--engine", "commons", "--engine", "duckduckgo")
        code, printed, _ = command("collect", quick_run.recipe, "--work", tmp_path, *engines)
    report = json.loads((tmp_path / "reports" / "collect.json").read_text())
    assert code == 0 and "Wikimedia Commons wants to know" in printed
    assert [report["engines"][name]["state"] for name in ("commons", "duckduckgo")] == ["refused", "ok"]
    assert report["engines"]["commons"]["hits"] == 0
    assert report["engines"]["duckduckgo"]["stored"] == report["counts"]["stored"]
    assert_same(read_state(tmp_path), quick_run.state)


def test_no_engine_and_no_photo_is_one_sentence(quick_run: Run, tmp_path: Path) -> None:
    code, printed, told = command("collect", quick_run.recipe, "--work", tmp_path, "--engine", "commons")
    assert (code, printed) == (1, "") and told.splitlines()[-1].startswith("Wikimedia Commons wants to know")


def test_an_engine_that_does_not_exist_is_wrong_usage(quick_run: Run, tmp_path: Path) -> None:
    code, _, told = command("collect", quick_run.recipe, "--work", tmp_path, "--engine", "altavista")
    assert code == 2 and "duckduckgo" in told


def test_a_folder_of_own_photos_is_an_engine(tmp_path: Path) -> None:
    for number, label in enumerate(CLASSES):
        file = tmp_path / "own" / label.lower() / "1.png"
        file.parent.mkdir(parents=True)
        Image.effect_noise((200, 100 + number), 50).save(file)
    recipe = write_recipe(tmp_path, photos=2)
    own = ("--engine", "folder", "--folder", tmp_path / "own")
    code, printed, told = command("collect", recipe, "--work", tmp_path / "work", *own)
    assert code == 0 and "Kilim: 1, as many different photos as its folder has." in printed
    assert "Kilim: 1 found, 1 stored, 0 duplicate, 0 failed, 1/2 usable" in told
    assert len(read_state(tmp_path / "work").files) == len(CLASSES)
