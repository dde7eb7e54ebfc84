"""What strangers send to the page to read files of the machine, or to fill its memory."""

import asyncio
import base64
import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from recognizer.serve import guard
from recognizer.serve.body import SMALL, Body, Message
from recognizer.serve.parts import UNNAMED
from recognizer.serve.uploads import HERE
from tests.conftest import Served
from tests.serve.asking import (
    META,
    answered,
    ask,
    client,
    files_in,
    half_sent,
    listen,
    of_upload,
    serving,
    upload,
    wait_for,
)

NOT_HERE = "This photo is not here, or deleted here already; choose it again."
NAMED = {"without meta": {}, "with meta": {"meta": META}, "as a stream": {"meta": META, "is_stream": True}}


@pytest.fixture
def page(served: Served) -> Iterator[httpx.Client]:
    with client(served.url) as opened:
        yield opened


@pytest.fixture
def photo(served: Served) -> bytes:
    return served.photos[0].read_bytes()


def assert_serves(page: httpx.Client, photo: bytes) -> None:
    """See that the next visitor is answered."""
    assert answered(page, of_upload(upload(page, photo)))[0] == "complete"


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/dev/ptmx", "/dev/zero", "/none", "../..", "\0"]
)
def test_no_file_of_the_machine_is_read(page: httpx.Client, photo: bytes, path: str, named: dict[str, Any]) -> None:
    event, told = answered(page, {"path": path, **named})
    assert (event, told["error"]) in [("error", NOT_HERE), ("error", None)]
    assert_serves(page, photo)


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
def test_a_photo_elsewhere_is_not_classified(page: httpx.Client, served: Served, named: dict[str, Any]) -> None:
    assert answered(page, {"path": str(served.photos[0]), **named})[0] == "error"
    assert answered(page, {"path": f"{HERE.folder}/../../../../{served.photos[0]}", **named})[0] == "error"


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "large"])
def test_what_is_no_regular_file_of_some_size_is_not_read(
    page: httpx.Client, served: Served, photo: bytes, kind: str, named: dict[str, Any]
) -> None:
    """Not even where uploads lie."""
    path = HERE.new_place() / "photo.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(served.photos[0])
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(bytes(20_000_001))
    event, told = answered(page, {"path": str(path), **named})
    assert event == "error" and told["error"] in (NOT_HERE, "This file has over 20 MB; use a smaller copy.", None)
    assert_serves(page, photo)


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
@pytest.mark.parametrize("key", ["path", "url"])
def test_an_address_is_refused_and_not_fetched(page: httpx.Client, key: str, named: dict[str, Any]) -> None:
    event, told = answered(page, {key: "https://example.com/photo.jpg", **named})
    assert (event, told["error"]) == ("error", NOT_HERE if key == "path" else "Choose a photo first.")


@pytest.mark.parametrize("sent", [5, "x", [], {"path": 5}, {"url": "data:image/jpeg;base64,äää"}, {"meta": META}])
def test_what_is_no_photo_at_all_gets_a_sentence(page: httpx.Client, sent: Any) -> None:
    event, told = answered(page, sent)
    assert event == "error" and told["error"].endswith(".")


def test_a_question_without_a_place_for_the_photo_gets_a_sentence(page: httpx.Client, capfd: Any) -> None:
    event, told = listen(page, page.post("/gradio_api/call/predict", json={"data": []}))
    assert (event, told["error"]) == ("error", UNNAMED)
    assert "Traceback" not in capfd.readouterr().err


def as_url(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
def test_a_photo_in_the_question_is_classified(page: httpx.Client, photo: bytes, named: dict[str, Any]) -> None:
    assert answered(page, {"url": as_url(photo), **named})[0] == "complete"


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED.keys())
def test_a_large_photo_in_the_question_is_refused(page: httpx.Client, named: dict[str, Any]) -> None:
    refused = ask(page, {"url": as_url(bytes(45_000_000)), **named})
    assert refused.status_code == 413 and "over 20 MB" in refused.json()["detail"]
    event, told = answered(page, {"url": as_url(bytes(20_010_000)), **named})
    assert (event, told["error"]) == ("error", "This file has over 20 MB; use a smaller copy.")


def test_a_large_upload_is_refused_and_leaves_nothing(page: httpx.Client) -> None:
    before = set(HERE.folder.iterdir())
    for size in (20_000_001, 45_000_000):
        assert page.post("/gradio_api/upload", files={"files": ("a.jpg", bytes(size))}).status_code == 413
    assert set(HERE.folder.iterdir()) <= before


FORM = "multipart/form-data; boundary=x"
BEGUN = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'


@pytest.mark.parametrize(
    ("path", "kind", "begun"),
    [("upload", FORM, BEGUN), ("call/predict", "application/json", b'{"data": ["'), ("queue/join", "text/plain", b"")],
)
def test_a_body_without_an_end_is_cut(served: Served, path: str, kind: str, begun: bytes) -> None:
    part = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    head = f"{len(begun):x}\r\n".encode() + begun + b"\r\n" if begun else b""
    sent = 0
    with half_sent(served.url, f"/gradio_api/{path}", kind, head) as connection:
        try:
            while sent < 100:
                connection.send(part)
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 60  # what the two ends and their buffers hold of it


def test_a_body_that_tells_a_large_length_is_refused_before_it_comes(served: Served) -> None:
    with half_sent(served.url, "/gradio_api/call/predict", "application/json", b"{", 10**9) as connection:
        answer = connection.getresponse()
        assert answer.status == 413 and "over 20 MB" in json.load(answer)["detail"]


CLOSED = [
    "gradio_api/file=https://example.com/", "gradio_api/file=http://127.0.0.1/", "gradio_api/file=/etc/passwd",
    "gradio_api/file=//example.com/", "gradio_api/file/https://example.com/", "gradio_api/proxy=https://a.hf.space/",
    "monitoring", "monitoring/summary", "monitoring/x", "gradio_api/deep_link?session_hash=x",
    "gradio_api/process_recording", "gradio_api/component_server", "gradio_api/vibe-code", "gradio_api/upload/",
    "gradio_api/custom_component/a/client/b/c", "gradio_api/stream/x", "gradio_api/dev/reload",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
def test_what_visitors_do_not_need_is_closed(page: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "HEAD"):
        assert page.request(method, f"/{path}", files={"video": b"x"}).status_code == 403


def test_the_queue_cannot_be_gone_around(page: httpx.Client, photo: bytes) -> None:
    data = {"data": [{"url": as_url(photo)}]}
    assert page.post("/gradio_api/run/predict", json=data).status_code == 404


def test_neither_a_photo_nor_many_sessions_stay_in_memory(served: Served, photo: bytes) -> None:
    with serving(served.model) as (address, app), client(address) as page:
        for _ in range(20):
            assert answered(page, {"url": as_url(photo), "orig_name": as_url(photo)})[0] == "complete"
        kept = app.state_holder.session_data
        assert len(kept) <= 16
        assert as_url(photo) not in json.dumps([list(session.components) for session in kept.values()], default=str)
        assert len(app.get_blocks()._queue.event_analytics) <= 1


def test_large_questions_wait_within_bounds(served: Served) -> None:
    """Eight of 26 MB are more than may be in memory at once; those that find no room are told so."""
    noise = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(noise, "PNG")
    url = as_url(noise.getvalue() + bytes(19_000_000))
    with serving(served.model, grace=60) as (address, app), client(address) as page:
        queue = app.get_blocks()._queue
        queue.active_jobs = []  # no worker: they wait
        codes = [ask(page, {"url": url}).status_code for _ in range(10)]
    assert codes == [200] * 7 + [503] * 3


def test_no_page_loads_pictures_from_elsewhere(page: httpx.Client) -> None:
    assert "img-src 'self'" in page.get("/").headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/config", "/docs"])
def test_no_shared_cache_keeps_a_page_that_names_an_address_of_somebodys_choice(page: httpx.Client, path: str) -> None:
    answer = page.get(path, headers={"X-Forwarded-Host": 'a"><b>.example', "Host": 'a"><b>.example'})
    assert 'a"><b>' not in answer.text and answer.headers["cache-control"] == "private, no-cache"


def test_only_this_user_sees_the_folder_for_uploads(page: httpx.Client, photo: bytes) -> None:
    place = Path(upload(page, photo)).parents[1]
    for folder in (HERE.root, HERE.folder, place):
        assert folder.stat().st_mode & 0o777 == 0o700


def events(page: httpx.Client) -> list[tuple[int, int]]:
    """Return the number of each event of the page, of private ones, too, and how many values it takes."""
    return [(one["id"], len(one["inputs"])) for one in page.get("/config").json()["dependencies"]]


def joined(page: httpx.Client, session: str, event: int, data: list[Any]) -> Any:
    """Ask for an event by its number, as the page does, and return what it gives, or the refusal."""
    asked = page.post("/gradio_api/queue/join", json={"fn_index": event, "data": data, "session_hash": session})
    if asked.status_code != 200:
        return asked.json()
    with page.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: ") and (told := json.loads(line[6:]))["msg"] == "process_completed":
                return told["output"]
    raise AssertionError("The stream ended without an answer.")


@pytest.mark.parametrize("path", ["/dev/zero", "/etc/passwd", "/proc/self/environ"])
def test_no_event_of_the_page_reads_or_copies_a_file(page: httpx.Client, photo: bytes, path: str, capfd: Any) -> None:
    """Nor stops the server by trying: /dev/zero has no end."""
    before = files_in(HERE.folder)
    file = {"path": path, "meta": META}
    for event, takes in events(page):
        for sent in (file, [file], {"a": file}, path, None):
            told = json.dumps(joined(page, f"s{event}", event, [sent] * takes))
            assert takes == 0 or "error" in told or "Choose a photo" in told
    assert files_in(HERE.folder) <= before
    assert "Traceback" not in capfd.readouterr().err
    assert_serves(page, photo)


@pytest.mark.parametrize(("path", "sent", "status"), [
    ("queue/join", b"\xff", 422),
    ("queue/join", b'{"data": [null], "fn_index": NaN, "session_hash": "x"}', 422),
    ("queue/join", b'{"data": [null], "fn_index": 99, "session_hash": "x"}', 400),
    ("queue/join", b'{"data": [null]}', 400),
    ("call/predict", b"\xff", 422),
    ("call/nope", b'{"data": []}', 400),
    ("call/v2/nope", b"{}", 400),
    ("call/v2/predict", b'{"data": []}', 400),
    ("run/nope", b'{"data": []}', 400),
    ("cancel", b"{}", 422),
    ("queue/status", b"{}", 405),
    ("call/predict/x/y", b"{}", 404),
])  # fmt: skip
def test_no_question_to_gradio_makes_a_traceback(
    page: httpx.Client, path: str, sent: bytes, status: int, capfd: Any
) -> None:
    """The answer is one sentence, which a page of another origin can read."""
    kind = "text/plain" if sent == b"\xff" else "application/json"
    headers = {"Content-Type": kind, "Origin": "https://example.com"}
    answer = page.post(f"/gradio_api/{path}", content=sent, headers=headers)
    assert answer.status_code == status and answer.json()["detail"].endswith(".")
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("model", ["classes", "outputs"])
def test_a_session_without_a_name_is_answered(model: str, request: pytest.FixtureRequest, capfd: Any) -> None:
    """On both pages: after two such questions at once the queue took no more."""
    folder = request.getfixturevalue("served").model if model == "classes" else request.getfixturevalue("shapes_model")
    with serving(folder) as (address, _), client(address) as page:
        number = next(one["id"] for one in page.get("/config").json()["dependencies"] if one["api_name"] == "predict")
        asked = page.post("/gradio_api/queue/join", json={"fn_index": number, "data": [None], "session_hash": ""})
        assert listen(page, asked)[1]["error"] == "Choose a photo first."
        assert "Traceback" not in capfd.readouterr().err


def test_lengths_that_are_only_told_keep_nobody_out(page: httpx.Client, served: Served) -> None:
    """Ten who tell of 20 MB and send a byte: what they tell of is as much as may be in memory."""
    noise = io.BytesIO()
    Image.effect_noise((600, 600), 80).save(noise, "PNG")
    assert len(noise.getvalue()) > SMALL
    with ExitStack() as idle:
        for _ in range(10):
            idle.enter_context(half_sent(served.url, "/predict", "image/jpeg", b"x", 20_000_000))
        assert page.post("/predict", files={"image": noise.getvalue()}).status_code == 200


def test_a_body_for_which_there_is_no_room_any_more_is_cut(
    page: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was begun when there was room; whoever is small is answered all the same."""
    monkeypatch.setattr(guard, "LARGEST_INLINE", 1_000_000)
    photo = {"image": served.photos[0].read_bytes()}
    with half_sent(served.url, "/predict", "image/jpeg", b"x", 900_000) as first:
        with half_sent(served.url, "/predict", "image/jpeg", bytes(600_000), 900_000):
            assert wait_for(lambda: page.post("/predict", files={"image": bytes(500_000)}).status_code == 503, 10)
            first.send(bytes(600_000))
            answer = first.getresponse()
            assert answer.status == 503 and "try again" in json.load(answer)["detail"]
            assert page.post("/predict", files=photo).status_code == 200
        assert wait_for(lambda: page.post("/predict", files={"image": bytes(500_000)}).status_code == 415, 10)


@pytest.mark.parametrize(("part", "end"), [(b"", 408), (bytes(1000), 413)])
def test_a_body_that_comes_in_crumbs_has_to_be_whole_in_some_time(part: bytes, end: int) -> None:
    """However little passes between two of them; one that comes fast may take longer than the patience is."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Message) -> None:
        told.append(message)

    async def take() -> None:
        body = Body(receive, send, 20_000_000, 0.05, lambda _: True)
        for _ in range(1_000_000):
            if body.refused:
                break
            await body.receive()

    asyncio.run(take())
    assert told and told[0]["status"] == end
