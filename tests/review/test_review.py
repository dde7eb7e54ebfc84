"""The review page's server: what it tells, what it saves, and whom it refuses. Asked over real HTTP."""

import mimetypes
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recognizer.cli.changes import follow_changes
from recognizer.files import alone_in
from recognizer.report import write_json
from recognizer.store.rows import Decision
from tests.review.review_work import CAPES, LABELS, PERSON, PHOTOS, Work, served_review


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    return Work(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def client(work: Work) -> Iterator[httpx.Client]:
    with served_review(work) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as opened:
        yield opened


def decide(client: httpx.Client, *choices: dict[str, Any], by: str = PERSON) -> httpx.Response:
    return client.post("/api/decisions", json={"choices": choices, "by": by})


def undo(client: httpx.Client, by: str = PERSON) -> Any:
    return client.post("/api/undo", json={"by": by}).json()["decisions"]


def test_the_list(client: httpx.Client, work: Work) -> None:
    told = client.get("/api/queue").json()
    assert [photo["id"] for photo in told["photos"]] == work.waiting
    assert (told["left"], told["name"], told["title"]) == (5, PERSON, "Cloth")
    assert told["next"] == {stage: f"recognizer {stage} cloth" for stage in ("clean", "train", "evaluate")}
    assert [option["name"] for option in told["labels"]] == LABELS
    assert {option["name"]: option["waiting"] for option in told["checks"]} == {"duplicate": 2, "empty": 0, "label": 4}
    assert told["totals"] == {
        **{"checked": True, "photos": PHOTOS, "waiting": 5, "keep": 0, "drop": 1, "relabel": 0},
        **{"auto": 1, "person": 0},
    }
    second = next(photo for photo in told["photos"] if photo["id"] == work.ids[0])
    assert second["issues"] == [
        {"check": "label", "score": 0.95, "label": "Batik", "probability": 0.9, "twin": None},
    ]
    automatic = client.get("/api/queue", params={"state": "auto"}).json()["photos"][0]
    assert automatic["decision"]["reason"] == "empty picture"


def test_one_photo_with_origin_twin_and_no_neighbours(client: httpx.Client, work: Work) -> None:
    told = client.get(f"/api/photos/{work.ids[5]}").json()
    assert told["origin"] == {
        **{"page": "https://pages.example/5?a=1&b=<i>", "link": True, "licence": "", "author": "<b>A & B"},
    }
    assert [(twin["id"], twin["label"], twin["dropped"]) for twin in told["twins"]] == [(work.ids[9], CAPES, False)]
    assert told["neighbours"] is None
    assert client.get(f"/api/photos/{work.ids[0]}").json()["origin"]["link"] is False, "javascript: is no link"


def test_choices_and_undo(client: httpx.Client, work: Work) -> None:
    before, (one, other) = work.decided(), work.ids[:2]
    told = decide(client, {"photo": one, "action": "drop"}, {"photo": other, "action": "relabel", "label": "Batik"})
    assert told.json()["before"] == {one: None, other: None}
    assert work.decided() == {**before, one: ("drop", None, PERSON), other: ("relabel", "Batik", PERSON)}
    assert decide(client, {"photo": one, "action": "keep"}, by="bob").json()["before"][one]["by"] == PERSON
    assert work.decided()[one] == ("keep", None, "bob"), "the last one counts"
    assert undo(client, "bob")[one]["action"] == "drop", "the first one was recorded as well"
    assert undo(client) == {one: None, other: None}
    assert undo(client) == {}
    assert work.decided() == before


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"choices": [{"photo": "f" * 64, "action": "keep"}], "by": PERSON}, "is not stored any more"),
        ({"choices": [{"photo": "ID", "action": "relabel", "label": "Hat"}], "by": PERSON}, "“Hat” is no class"),
        ({"choices": [{"photo": "ID", "action": "relabel"}], "by": PERSON}, "is no class"),
        ({"choices": [{"photo": "ID", "action": "keep"}], "by": "AUTO"}, "Write your name first"),
        ({"choices": [{"photo": "ID", "action": "burn"}], "by": PERSON}, "choices.0.action"),
        ({"choices": [], "by": PERSON}, "choices"),
        ({"by": PERSON}, "choices"),
    ],
)
def test_what_cannot_be_done_is_said_and_saves_nothing(
    client: httpx.Client, work: Work, sent: dict[str, Any], sentence: str
) -> None:
    decided = work.decided()
    for choice in sent.get("choices", []):
        choice["photo"] = choice["photo"].replace("ID", work.ids[0])
    answer = client.post("/api/decisions", json=sent)
    assert answer.status_code in (409, 422)
    assert sentence in answer.json()["error"]
    assert work.decided() == decided


def test_photos_and_nothing_else_are_served(client: httpx.Client, work: Work) -> None:
    photo = client.get(f"/photo/{work.ids[0]}.jpg")
    with work.open() as store:
        stored = store.photos.get(work.ids[0])
    assert stored is not None and photo.content == stored.path.read_bytes()
    small = client.get(f"/thumb/{work.ids[0]}.jpg")
    assert small.headers["content-type"] == "image/jpeg" and len(small.content) > 100
    for path in (
        "/photo/../photos.db",
        "/photo/%2e%2e%2fphotos.db.jpg",
        f"/photo/{'f' * 64}.jpg",
        "/page/%2e%2e/review.py",
    ):
        assert client.get(path).status_code == 404, path


def test_other_sites_are_kept_away(client: httpx.Client, work: Work) -> None:
    decided = work.decided()
    sent = {"choices": [{"photo": work.ids[0], "action": "drop"}], "by": PERSON}
    own = str(client.base_url)
    refused = [
        client.post("/api/decisions", json=sent, headers={"Origin": "https://evil.example"}),
        client.post("/api/decisions", json=sent, headers={"Origin": "null"}),
        client.post("/api/decisions", json=sent, headers={"Host": "evil.example", "Origin": "http://evil.example"}),
        client.post("/api/decisions", content=b"{}", headers={"Content-Type": "text/plain", "Origin": own}),
        client.get("/api/queue", headers={"Host": "evil.example:80"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert work.decided() == decided
    for host in ("localhost:7860", "[::1]:7860", "192.168.1.7", "127.0.0.1"):
        assert client.get("/", headers={"Host": host}).status_code == 200, host
    assert "default-src 'none'" in client.get("/").headers["content-security-policy"]


def test_a_damaged_photo_is_a_sentence_with_the_command_that_mends_it(client: httpx.Client, work: Work) -> None:
    with work.open() as store:
        photo = store.photos.get(work.ids[4])
    assert photo is not None
    whole = photo.path.read_bytes()
    for left in (b"", whole[:300], b"junk"):
        photo.path.write_bytes(left)
        answer = client.get(f"/thumb/{photo.sha256}.jpg")
        told = f"{photo.path} is damaged; recognizer collect cloth fetches it again."
        assert (answer.status_code, answer.json()["error"]) == (404, told)
    photo.path.write_bytes(whole)


def test_the_name_of_this_machine_may_be_in_upper_case(client: httpx.Client) -> None:
    assert client.get("/api/queue", headers={"Host": "LocalHost:80"}).status_code == 200
    assert client.get("/api/queue", headers={"Host": "elsewhere.example"}).status_code == 403


def test_photos_of_which_nothing_is_wrong_are_checked_once_clean_has_run(tmp_path: Path) -> None:
    work = Work(tmp_path)
    with work.open() as store:
        for check in ("label", "duplicate", "empty"):
            store.issues.replace(check, [])
    with served_review(work) as address:
        assert not httpx.get(f"{address}/api/queue", trust_env=False).json()["totals"]["checked"]
        write_json(work.folder / "reports" / "clean.json", {})
        assert httpx.get(f"{address}/api/queue", trust_env=False).json()["totals"]["checked"]


def test_training_comes_next_where_it_has_not_run_since_what_it_learns_from_changed(tmp_path: Path) -> None:
    work = Work(tmp_path)
    reports, runs = work.folder / "reports", work.folder / "runs"
    with served_review(work) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as opened:

        def to_train() -> bool:
            return bool(opened.get("/api/queue").json()["to_train"])

        def end(stage: str, minutes: int) -> None:
            """Let a stage have ended so many minutes from now."""
            write_json(reports / f"{stage}.json", {})
            os.utime(reports / f"{stage}.json", (time.time() + 60 * minutes,) * 2)

        assert to_train(), "no training"
        end("clean", -9)
        end("collect", -9)
        end("train", -6)
        assert not to_train(), "rules decided after it in this store, but cleaning tells when they do"
        decide(opened, {"photo": work.ids[0], "action": "keep"})
        assert to_train(), "a decision after it"
        undo(opened)
        assert not to_train()
        decide(opened, {"photo": work.ids[0], "action": "keep"})
        end("train", 1)
        assert not to_train(), "trained after the decision"
        for stage in ("clean", "collect"):
            end(stage, 2)
            assert to_train(), f"{stage} after it"
            end(stage, -9)
            assert not to_train()
        write_json(runs / "9" / "metrics.json", {})
        write_json(runs / "10" / "metrics.forgotten.json", {})
        assert to_train(), "forget emptied the last run"
        (runs / "11").mkdir()
        assert to_train(), "a run that was stopped is none"
        write_json(runs / "11" / "metrics.json", {})
        assert not to_train()


def test_nothing_is_saved_as_a_class_that_is_called_otherwise_meanwhile(tmp_path: Path) -> None:
    work = Work(tmp_path, held_out=0.999999999)
    work.recipe_file.write_text(
        work.recipe_file.read_text().replace("'Batik'\nqueries = ['q']", "'Batik'\nqueries = ['wax']")
    )
    work.reload()
    follow_changes(work.recipe, work.folder)
    one, other = work.ids[:2]
    with served_review(work) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as opened:
        sight = {"photo": other, "seen": "class", "label": "Batik", "by": PERSON}
        assert decide(opened, {"photo": one, "action": "relabel", "label": "Batik"}).status_code == 200
        assert opened.post("/api/blind", json=sight).status_code == 200
        more = "[[classes]]\nname = 'Ikat'\nqueries = ['ikat']\n"
        work.recipe_file.write_text(work.recipe_file.read_text().replace("'Batik'", "'Wax'") + more)
        work.reload()
        assert "“Batik” is called “Wax” now" in follow_changes(work.recipe, work.folder)[0]
        refused = [
            decide(opened, {"photo": other, "action": "relabel", "label": "Batik"}),
            opened.post("/api/blind", json=sight),
            opened.post("/api/blind", json={**sight, "seen": "none"}),
        ]
        for answer in refused:
            told = (answer.status_code, answer.json()["error"])
            assert told == (409, "The recipe has changed; start review again.")
        assert work.decided()[one] == ("relabel", "Wax", PERSON) and other not in work.decided()
        assert decide(opened, {"photo": other, "action": "relabel", "label": "Kilim"}).status_code == 200
        assert decide(opened, {"photo": other, "action": "drop"}).status_code == 200
    with served_review(work) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as opened:
        assert decide(opened, {"photo": other, "action": "relabel", "label": "Wax"}).status_code == 200


def test_a_recipe_that_could_not_be_written_down_yet_changes_nothing(tmp_path: Path) -> None:
    work = Work(tmp_path)
    follow_changes(work.recipe, work.folder)
    work.recipe_file.write_text(work.recipe_file.read_text() + "[[classes]]\nname = 'Ikat'\nqueries = ['ikat']\n")
    work.reload()
    with alone_in(work.folder):
        follow_changes(work.recipe, work.folder)
    with served_review(work) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as opened:
        assert decide(opened, {"photo": work.ids[0], "action": "relabel", "label": "Ikat"}).status_code == 200
        follow_changes(work.recipe, work.folder)
        assert decide(opened, {"photo": work.ids[1], "action": "relabel", "label": "Ikat"}).status_code == 200


def test_figures_are_of_the_classes_that_the_recipe_has(tmp_path: Path) -> None:
    work = Work(tmp_path)
    with work.open() as store:
        store.decisions.add(Decision(work.ids[11], "drop", "looked at", by=PERSON))  # of the last class
    work.recipe = work.recipe.model_copy(update={"classes": work.recipe.classes[:2]})
    with served_review(work) as address:
        totals = httpx.get(f"{address}/api/queue", trust_env=False).json()["totals"]
    assert (totals["photos"], totals["drop"], totals["person"]) == (8, 1, 0)


def test_scripts_are_called_scripts_whatever_the_system_calls_them(tmp_path: Path) -> None:
    for ending in (".js", ".css", ".svg", ".html"):
        mimetypes.add_type("text/plain", ending)  # as the registry of Windows may have it
    with (
        served_review(Work(tmp_path)) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as opened,
    ):
        pages = ("page/main.js", "page/style.css", "page/icon.svg", "")
        kinds = [opened.get(f"/{page}").headers["content-type"].partition(";")[0] for page in pages]
    assert kinds == ["text/javascript", "text/css", "image/svg+xml", "text/html"]
