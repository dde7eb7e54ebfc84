"""From words to photos through the small web, with the search client as it is: complete and resumable."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from typer.testing import CliRunner

from recognizer.cli import app
from recognizer.collect.collector import collect
from recognizer.collect.duckduckgo import DuckDuckGo
from recognizer.errors import EngineRefused, RecognizerError
from recognizer.photos import PhotoStore
from recognizer.recipe import load_recipe
from tests.drawn_web import draw_web
from tests.web import SmallWeb
from tests.web_answers import Reply, plain

ROOT = Path(__file__).parents[1]
CLASSES = ("Kilim", "Batik", "Ikat")
PLAIN = 3  # plain JPEGs of each class; a PNG, a WebP, a JPEG on its side, a late one and a flat one are stored besides
STORED = PLAIN + 5
TIMEOUT = 4  # seconds: what hangs takes so long in every run, and what does not must be done by then on a busy machine
FAILED = {
    "http_403": 1, "http_404": 1, "http_410": 1, "http_500": 1, "timeout": 1, "connection_reset": 1, "too_slow": 1,
    "incomplete": 1, "too_many_redirects": 1, "forbidden_address": 1, "not_an_image": 2, "truncated": 1,
    "unsupported_format": 1, "too_small": 1, "too_large": 1,
}  # fmt: skip


class Web(SmallWeb):
    """A small web whose search can be made to answer otherwise."""

    search: Callable[[str], Reply | None] = staticmethod(lambda address: None)

    def _reply(self, method: str, address: str) -> Reply:
        odd = self.search(address) if address.startswith("https://duckduckgo.com/") else None
        return odd or super()._reply(method, address)


def set_environment(environment: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        environment.delenv(name, raising=False)
        environment.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        environment.setenv(name, value)


def write_recipe(
    folder: Path, photos: int, queries: dict[str, list[str]] | None = None, timeout: float = TIMEOUT
) -> Path:
    """A recipe that wants so many photos of each class; a query for each, or those given."""
    classes = queries or {label: [label] for label in CLASSES}
    tables = [f"[[classes]]\nname = {json.dumps(k)}\nqueries = {json.dumps(v)}\n" for k, v in classes.items()]
    path = folder / "cloth.toml"
    path.write_text(f'title = "Cloth"\n[collect]\nphotos = {photos}\ntimeout = {timeout}\n' + "".join(tables))
    return path


def share_a_photo(folder: Path) -> None:
    """Let the last class list first what the first class lists second, under an address of its own."""
    path = folder / "web.json"
    web = json.loads(path.read_text())
    original = web["queries"][CLASSES[0]][1]
    copy = original | {"image": "https://mirror.example/copy.jpg"}
    web["queries"][CLASSES[-1]].insert(0, copy)
    web["resources"][copy["image"]] = web["resources"][original["image"]]
    path.write_text(json.dumps(web))


def write_bare_web(folder: Path, queries: dict[str, int]) -> Path:
    """A web that lists only photos that are not to be asked for, which takes no time."""
    results = {
        query: [{"image": f"https://photos.local/{query}/{number}.jpg"} for number in range(count)]
        for query, count in queries.items()
    }
    (folder / "web.json").write_text(json.dumps({"queries": results, "resources": {}}))
    return folder


def collected(recipe: Path, work: Path) -> dict[str, Any]:
    found = load_recipe(recipe)
    with PhotoStore(work, found.labels) as store:
        return collect(found, store)


@dataclass(frozen=True)
class State:
    """All that two stores of one recipe must have in common."""

    photos: list[tuple[str, str]]
    hits: list[tuple[Any, ...]]
    files: dict[str, str]


def read_state(work: Path) -> State:
    with PhotoStore(work, CLASSES) as store:
        photos = [(photo.sha256, photo.label) for photo in store.photos()]
        hits = store._db.execute("SELECT label, rank, image, status, reason, photo FROM hits ORDER BY 1, 2").fetchall()
    files = [path for path in (work / "photos").rglob("*") if path.is_file()]
    digests = {str(path.relative_to(work)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return State(photos, [tuple(hit) for hit in hits], digests)


def assert_same(one: State, other: State) -> None:
    assert set(one.hits) ^ set(other.hits) == set()
    assert one == other


@dataclass(frozen=True)
class Run:
    """A run that nothing disturbed, and the second one after it."""

    folder: Path
    recipe: Path
    work: Path
    report: dict[str, Any]
    state: State
    asked: list[str]
    again: State
    asked_again: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Everything that the small web has, faults included."""
    folder = tmp_path_factory.mktemp("collected")
    draw_web(folder / "web", CLASSES, PLAIN, faults=True)
    share_a_photo(folder / "web")
    recipe, work = write_recipe(folder, photos=60), folder / "work"
    with pytest.MonkeyPatch.context() as environment, SmallWeb(folder / "web") as web:
        set_environment(environment, web.environment)
        report, state, asked = collected(recipe, work), read_state(work), web.requests
        collected(recipe, work)
        yield Run(folder, recipe, work, report, state, asked, read_state(work), web.requests)


def take_no_time(folder: Path) -> None:
    """Make nothing of the troubles that take time."""
    web = json.loads((folder / "web.json").read_text())
    for resource in web["resources"].values():
        if resource.get("fault") in ("hang", "slow_drip") or "retry_after" in resource:
            resource.clear()
            resource["status"] = 404
    (folder / "web.json").write_text(json.dumps(web))


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two queries for each class, more photos than wanted, and no trouble that depends on time."""
    folder = tmp_path_factory.mktemp("quick")
    draw_web(folder / "web", [*CLASSES, *(f"{label} cloth" for label in CLASSES)], PLAIN, faults=True)
    share_a_photo(folder / "web")
    take_no_time(folder / "web")
    queries = {label: [label, f"{label} cloth"] for label in CLASSES}
    recipe, work = write_recipe(folder, 10, queries, timeout=60), folder / "work"
    with pytest.MonkeyPatch.context() as environment, SmallWeb(folder / "web") as web:
        set_environment(environment, web.environment)
        report, state = collected(recipe, work), read_state(work)
        yield Run(folder, recipe, work, report, state, web.requests, state, web.requests)


def listed(folder: Path) -> dict[str, list[str]]:
    queries = json.loads((folder / "web" / "web.json").read_text())["queries"]
    return {query: [result["image"] for result in results] for query, results in queries.items()}


def kinds(folder: Path) -> dict[str, str]:
    """Address to its trouble."""
    found: dict[str, str] = json.loads((folder / "web" / "faults.json").read_text())
    return found


def content(folder: Path, address: str) -> bytes:
    resource = json.loads((folder / "web" / "web.json").read_text())["resources"][address]
    return Path(folder, "web", resource["file"]).read_bytes()


def test_every_hit_has_a_row_in_the_order_of_the_search(run: Run) -> None:
    for label, addresses in listed(run.folder).items():
        assert [(hit[1], hit[2]) for hit in run.state.hits if hit[0] == label] == list(enumerate(addresses, start=1))


def test_totals_add_up(run: Run) -> None:
    hits = len(run.state.hits)
    assert hits == sum(map(len, listed(run.folder).values())) == 25 * len(CLASSES) + 1
    expected = {"hits": hits, "stored": STORED * len(CLASSES), "duplicate": len(CLASSES) + 1, "waiting": 0}
    assert run.report["counts"] == expected | {"failed": sum(FAILED.values()) * len(CLASSES)}
    assert run.report["labels"] == dict.fromkeys(CLASSES, STORED)
    assert Counter(hit[3] for hit in run.state.hits) == {
        k: v for k, v in run.report["counts"].items() if v < hits and v
    }


def test_each_fault_ends_as_its_own_reason(run: Run) -> None:
    for label in CLASSES:
        failed = [hit[4] for hit in run.state.hits if hit[0] == label and hit[3] == "failed"]
        assert Counter(failed) == FAILED
    assert run.report["failures"] == {reason: number * len(CLASSES) for reason, number in FAILED.items()}
    reason = {hit[2]: hit[4] for hit in run.state.hits}
    named = {"pixel": "too_small", "bomb": "too_large", "svg": "unsupported_format", "truncated": "truncated"}
    named |= {"hang": "timeout", "slow_drip": "too_slow", "wrong_length": "incomplete", "reset": "connection_reset"}
    named |= {"redirect_private": "forbidden_address", "html_as_jpeg": "not_an_image", "exact_duplicate": "same_bytes"}
    for address, kind in kinds(run.folder).items():
        assert reason[address] == named.get(kind, reason[address])


def test_the_report_is_written(run: Run) -> None:
    written = json.loads((run.work / "reports" / "collect.json").read_text())
    assert written.keys() == run.report.keys() and written["stage"] == "collect" and written["recipe"] == "cloth"
    assert run.report["refused"] == []


def test_rows_and_files_agree(run: Run) -> None:
    assert {f"photos/{label}/{sha256[:16]}.jpg": sha256 for sha256, label in run.state.photos} == run.state.files
    assert {hit[5] for hit in run.state.hits if hit[3] in ("stored", "duplicate")} == {p[0] for p in run.state.photos}


def test_the_same_bytes_are_stored_under_the_first_class(run: Run) -> None:
    original, copy = listed(run.folder)[CLASSES[0]][1], "https://mirror.example/copy.jpg"
    found = {hit[2]: hit for hit in run.state.hits}
    assert found[original][3] == "stored" and found[copy][3:5] == ("duplicate", "same_bytes")
    assert found[copy][5] == found[original][5]
    assert (found[original][5], CLASSES[0]) in run.state.photos


def test_a_photo_on_its_side_is_stored_upright(run: Run) -> None:
    address = listed(run.folder)["Batik"][PLAIN + 2]
    (sha256,) = (hit[5] for hit in run.state.hits if hit[2] == address)
    original = Image.open(io.BytesIO(content(run.folder, address)))
    assert original.getexif()[0x0112] == 6
    with Image.open(run.work / "photos" / "Batik" / f"{sha256[:16]}.jpg") as stored:
        assert not stored.getexif()
        upright = np.asarray(ImageOps.exif_transpose(original), int)
        assert np.abs(np.asarray(stored, int) - upright).mean() < 5


def test_nothing_private_was_asked(run: Run) -> None:
    assert not [address for address in run.asked if "192.168" in address]
    assert not [address for address in run.asked if not address.startswith("https://")]


def test_a_second_run_asks_nothing_and_changes_nothing(run: Run) -> None:
    assert run.asked_again == run.asked
    assert run.again == run.state


def test_each_photo_was_asked_for_once_but_for_the_busy_and_looping(run: Run) -> None:
    troubles = kinds(run.folder)
    asked = Counter(address for address in run.asked if "duckduckgo.com" not in address)
    for address, times in asked.items():
        expected = {"rate_limited_once": 2, "redirect_loop": 6}.get(troubles.get(address, ""), 1)
        assert times == expected, address


@pytest.mark.parametrize("wanted", [1, 5])
def test_a_smaller_target_is_met_exactly(
    run: Run, wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallWeb(run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe := write_recipe(tmp_path, wanted), tmp_path / "work")
        asked = web.requests
        collected(recipe, tmp_path / "work")
        assert web.requests == asked
    assert report["labels"] == dict.fromkeys(CLASSES, wanted)
    assert len(read_state(tmp_path / "work").files) == wanted * len(CLASSES)
    assert report["counts"]["waiting"] > 0


def test_a_larger_target_goes_on_from_a_smaller_one(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = tmp_path / quick_run.recipe.name
    smaller.write_text(quick_run.recipe.read_text().replace("photos = 10", "photos = 2"))
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        for recipe in (smaller, quick_run.recipe):
            collected(recipe, tmp_path / "work")
    assert_same(read_state(tmp_path / "work"), quick_run.state)


# Searching


def test_pages_are_asked_until_enough_hits_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bare_web(tmp_path, {"kilim": 230, "rug": 30})
    recipe = write_recipe(tmp_path, 300, {"Kilim": ["kilim", "rug"], "Batik": ["none"]})
    with Web(tmp_path) as web:
        set_environment(monkeypatch, web.environment)
        with PhotoStore(tmp_path / "work", CLASSES) as store:
            report = collect(load_recipe(recipe), store)
            pages = store._db.execute("SELECT query, page, found FROM searches ORDER BY query, page").fetchall()
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
    command = ["collect", str(quick_run.recipe), "--work", str(tmp_path)]
    with Web(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        web.search = refuse_from(0)
        refused = CliRunner().invoke(app, command)
        web.search = refuse_from(1)
        begun = CliRunner().invoke(app, command)
        web.search = Web.search
        done = CliRunner().invoke(app, command)
    assert (refused.exit_code, begun.exit_code, done.exit_code) == (1, 0, 0)
    sentence = refused.stderr.splitlines()[-1]
    assert sentence.startswith("DuckDuckGo would not answer for “Kilim” (")
    assert sentence.endswith("What was found so far is kept: wait some minutes and run the same command again.")
    assert "DuckDuckGo would not answer for “Batik”" in begun.stdout
    assert "would not answer" not in done.stdout
    assert_same(read_state(tmp_path), quick_run.state)


def test_an_engine_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, {"HTTPS_PROXY": "http://127.0.0.1:9"})
    with pytest.raises(EngineRefused, match="DuckDuckGo would not answer for “kilim”"):
        DuckDuckGo().search("kilim", 1)


def answering(body: str) -> Callable[[str], Reply | None]:
    return lambda address: Reply(body=body.encode()) if "/i.js" in address else None


@pytest.mark.parametrize("body", ["", "no json", "[]", "3", '{"results": null}', '{"results": [3]}', '{"results": {}}'])
def test_an_odd_answer_of_the_engine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with Web(write_bare_web(tmp_path, {})) as web:
        set_environment(monkeypatch, web.environment)
        web.search = answering(body)
        if body in ("", '{"results": {}}'):
            assert DuckDuckGo().search("kilim", 1) == []
            return
        with pytest.raises(EngineRefused, match="DuckDuckGo would not answer"):
            DuckDuckGo().search("kilim", 1)


def test_hits_may_lack_everything_but_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Web(write_bare_web(tmp_path, {})) as web:
        set_environment(monkeypatch, web.environment)
        web.search = answering('{"results": [{"image": "https://a.example/1.jpg", "title": null}, {"title": "none"}]}')
        (hit,) = DuckDuckGo().search("kilim", 1)
    assert (hit.image, hit.page, hit.title, hit.licence, hit.author) == ("https://a.example/1.jpg", "", "", "", "")


# Stopping


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something has happened, while a process runs."""
    never = threading.Event()
    while not reached():
        assert process.poll() is None, "the run ended before the moment came"
        never.wait(0.002)


def kill_and_restart(web: SmallWeb, recipe: Path, work: Path, reached: Callable[[], bool]) -> State:
    """Kill a run at a moment; return what a second run ends with."""
    program = "from recognizer.cli import app; app()"
    command = [sys.executable, "-c", program, "collect", str(recipe), "--work", str(work)]
    variables = os.environ | web.environment
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL) as process:
        wait_for(reached, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=True)
    return read_state(work)


def photo_files(work: Path) -> int:
    return len(list((work / "photos").glob("*/*.jpg")))


@pytest.mark.parametrize(("requests", "files"), [(30, 0), (0, STORED * len(CLASSES))])
def test_a_killed_run_ends_like_an_undisturbed_one(
    run: Run, tmp_path: Path, requests: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallWeb(run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        work = tmp_path / "work"
        state = kill_and_restart(
            web, run.recipe, work, lambda: len(web.requests) >= requests and photo_files(work) >= files
        )
    assert_same(state, run.state)


@pytest.mark.parametrize(("requests", "files"), [(1, 0), (7, 0), (0, 1), (0, 14), (0, 28)])
def test_a_killed_run_with_a_target_in_reach_ends_like_an_undisturbed_one(
    quick_run: Run, tmp_path: Path, requests: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        work = tmp_path / "work"
        state = kill_and_restart(
            web, quick_run.recipe, work, lambda: len(web.requests) >= requests and photo_files(work) >= files
        )
    assert quick_run.report["labels"] == dict.fromkeys(CLASSES, 10) and quick_run.report["counts"]["waiting"] > 0
    assert_same(state, quick_run.state)
