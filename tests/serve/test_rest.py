"""The plain routes: the same answers as everywhere, refusals in one sentence, and no waiting for those who left."""

import base64
import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from PIL import Image

from recognizer.errors import RecognizerError
from recognizer.serve import server
from recognizer.serve.binding import bind
from recognizer.serve.classifier import Classifier, read_facts
from recognizer.serve.queue import Queue
from recognizer.serve.server import Server, make_app
from recognizer.serve.uploads import LARGEST_PHOTO
from tests.browser import chromium
from tests.conftest import Served
from tests.serve.asking import client, half_sent, serving, started, wait_for

ONLY_NUMPY = """
import sys
from pathlib import Path
from recognizer.serve.server import make_app
from recognizer.serve.classifier import Classifier
make_app(Classifier(Path(sys.argv[1])))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "fastai", "torchvision", "timm", "onnx"}))
"""
# A page as they were written for Gradio 3.
OLD_PAGE = """<!doctype html><input type="file"><p id="answer"></p><script>
document.querySelector("input").onchange = (event) => {
  const reader = new FileReader();
  reader.onload = async () => {
    const response = await fetch("SPACE/run/predict", {
      method: "POST",
      body: JSON.stringify({ data: [reader.result] }),
      headers: { "Content-Type": "application/json" },
    });
    const json = await response.json();
    const best = json.data[0].confidences[0];
    document.querySelector("#answer").textContent = `${json.data[0].label} ${best.label} ${best.confidence}`;
  };
  reader.readAsDataURL(event.target.files[0]);
};</script>"""


@pytest.fixture
def page(served: Served) -> Iterator[httpx.Client]:
    with client(served.url) as opened:
        yield opened


def plain_photo(side: int) -> bytes:
    """Return a photo that takes long for its bytes: a good part of a second with 7,000 pixels a side."""
    written = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(written, "PNG")
    return written.getvalue()


@pytest.fixture(scope="module")
def slow_photo() -> bytes:
    return plain_photo(3000)


def data_url(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize("field", ["image", "file"])
def test_a_form_gets_what_the_learner_says(page: httpx.Client, served: Served, field: str) -> None:
    for photo in served.photos[:3]:
        answer = page.post("/predict", files={field: photo.read_bytes()}).json()
        assert answer["probabilities"] == pytest.approx(served.expected(photo), abs=1e-3)
        assert list(answer["probabilities"].values()) == sorted(answer["probabilities"].values(), reverse=True)
        assert answer["not_sure"] == (answer["label"] == "Not sure")
        assert answer["threshold"] == read_facts(served.model)["threshold"]
        assert answer["model"]["sha256"] == read_facts(served.model)["sha256"]


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "application/octet-stream"])
def test_a_bare_body_gets_the_same(page: httpx.Client, served: Served, kind: str) -> None:
    photo = served.photos[0].read_bytes()
    bare = page.post("/predict", content=photo, headers={"Content-Type": kind})
    assert bare.json() == page.post("/predict", files={"image": photo}).json()
    assert bare.headers["cache-control"] == "no-store"


def test_both_runtimes_give_the_same_to_every_kind_of_program(served: Served) -> None:
    photo = served.photos[0]
    with serving(served.model, runtime="fastai") as (address, _), client(address) as other:
        assert other.get("/healthz").json() == {"status": "ok", "runtime": "fastai"}
        answer = other.post("/predict", files={"image": photo.read_bytes()}).json()
        assert answer["probabilities"] == pytest.approx(served.expected(photo), abs=1e-6)
        (old,) = other.post("/run/predict", json={"data": [data_url(photo.read_bytes())]}).json()["data"]
        assert {one["label"]: one["confidence"] for one in old["confidences"]} == answer["probabilities"]


@pytest.mark.parametrize("path", ["/run/predict", "/run/predict/", "/api/predict"])
def test_it_is_asked_as_gradio_3_was(page: httpx.Client, served: Served, path: str) -> None:
    photo = served.photos[0].read_bytes()
    sent = {"fn_index": 0, "data": [data_url(photo)], "session_hash": "abc"}
    answer = page.post(path, json=sent).json()
    plain = page.post("/predict", files={"image": photo}).json()
    assert answer["data"][0]["label"] == plain["label"]
    given = [(one["label"], one["confidence"]) for one in answer["data"][0]["confidences"]]
    assert given == list(plain["probabilities"].items())
    assert answer["is_generating"] is False and answer["duration"] > 0


def test_curl_and_healthz(served: Served) -> None:
    command = ["curl", "-sS", "--fail", "-F", f"image=@{served.photos[0]}", f"{served.url}/predict"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert answer["probabilities"] == pytest.approx(served.expected(served.photos[0]), abs=1e-3)
    assert httpx.get(f"{served.url}/healthz", trust_env=False).json()["status"] == "ok"


def test_it_says_how_to_ask(page: httpx.Client, served: Served) -> None:
    shown = page.get("/docs").text
    assert f"curl -F image=@photo.jpg {served.url}/predict" in shown and "ADDRESS" not in shown
    assert "src=" not in shown and "http" not in shown.replace(served.url, "").replace("httpx", "")
    paths = page.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/predict", "/run/predict", "/api/predict", "/healthz"}


def test_behind_a_proxy_that_takes_https_the_addresses_on_pages_are_so(served: Served) -> None:
    proxy = httpx.HTTPTransport(local_address="127.0.0.2")  # on another machine than the server, as it sees it
    with httpx.Client(transport=proxy, base_url=served.url, trust_env=False) as asking:
        shown = asking.get("/docs", headers={"X-Forwarded-Proto": "https"}).text
    assert f"image=@photo.jpg {served.url.replace('http:', 'https:')}/predict" in shown and served.url not in shown


@pytest.mark.parametrize(("sent", "status", "words"), [
    ({}, 400, "Send the photo as multipart field `image`"),
    ({"json": {"data": ["x"]}}, 400, "Send the photo as multipart field `image`"),
    ({"files": {"photo": b"x"}}, 400, "There is no photo in this request"),
    ({"files": {"image": b""}}, 400, "There is no photo in this request"),
    ({"data": {"image": "/etc/passwd"}, "files": {"x": b"x"}}, 400, "There is no photo in this request"),
    ({"content": b"", "headers": {"Content-Type": "image/jpeg"}}, 400, "There is no photo in this request"),
    ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "multipart"),
    ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=a"}}, 400, "multipart"),
    ({"files": {"image": b"no picture"}}, 415, "not a picture"),
    ({"files": {"image": b"\xff\xd8\xff\xe0 cut off"}}, 415, "broken or cut off"),
    ({"files": {"image": bytes(LARGEST_PHOTO + 1)}}, 413, "over 20 MB"),
    ({"content": bytes(LARGEST_PHOTO + 200_000), "headers": {"Content-Type": "image/jpeg"}}, 413, "over 20 MB"),
    ({"files": [(f"image{number}", b"x") for number in range(9)]}, 400, "Too many files"),
])  # fmt: skip
def test_what_is_no_photo_gets_one_sentence(page: httpx.Client, sent: dict[str, Any], status: int, words: str) -> None:
    answer = page.post("/predict", **sent)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"] and "Traceback" not in answer.text


@pytest.mark.parametrize("sent", [
    b"", b"no json", b"[]", b"{}", b'{"data": []}', b'{"data": [null]}', b'{"data": [5]}', b'{"data": "data:x"}',
    b'{"data": ["/etc/passwd"]}', b'{"data": ["http://127.0.0.1/x.jpg"]}', b'{"data": [{"path": "/etc/passwd"}]}',
    b'{"data": ["data:image/jpeg;base64,!!!"]}', b"[" * 100_000, b'{"data": ["\xff"]}',
])  # fmt: skip
def test_an_old_question_without_a_photo_gets_one_sentence(page: httpx.Client, sent: bytes) -> None:
    answer = page.post("/run/predict", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 415), answer.text
    assert answer.json()["detail"].endswith(".") and answer.json()["error"] == answer.json()["detail"]


def test_a_large_photo_in_an_old_question_is_refused(page: httpx.Client) -> None:
    answer = page.post("/run/predict", json={"data": [data_url(bytes(LARGEST_PHOTO + 1))]})
    assert answer.status_code == 413 and "over 20 MB" in answer.json()["detail"]


def test_a_page_of_another_origin_that_was_written_for_gradio_3_works(served: Served, tmp_path: Any) -> None:
    (tmp_path / "index.html").write_text(OLD_PAGE.replace("SPACE", served.url))
    command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONUNBUFFERED": "1"}) as other:
        try:
            assert other.stdout
            port = other.stdout.readline().split("port ")[1].split()[0]
            with chromium() as running:
                page = running.new_page()
                page.goto(f"http://127.0.0.1:{port}/")
                page.set_input_files("input", served.photos[0])
                page.wait_for_function("document.querySelector('#answer').textContent")
                shown = page.inner_text("#answer")
        finally:
            other.terminate()
    label, best, confidence = shown.rsplit(" ", 2) if shown.count(" ") == 2 else _parts(shown, served.classes)
    expected = served.expected(served.photos[0])
    assert float(confidence) == pytest.approx(expected[best], abs=1e-3) and expected[best] == max(expected.values())
    assert label in (best, "Not sure")


def _parts(shown: str, classes: list[str]) -> tuple[str, str, str]:
    words, confidence = shown.rsplit(" ", 1)
    best = next(name for name in classes if words.endswith(name))
    return words.removesuffix(best).strip(), best, confidence


def test_what_serves_imports_neither_torch_nor_fastai(served: Served) -> None:
    command = [sys.executable, "-c", ONLY_NUMPY, str(served.model)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_too_many_are_told_at_once_and_those_inside_are_answered(served: Served) -> None:
    slow_photo = plain_photo(1500)
    with serving(served.model) as (address, _), client(address) as page, ThreadPoolExecutor(100) as visitors:
        answers = list(visitors.map(lambda _: _timed(address, slow_photo), range(100)))
        after = page.post("/predict", files={"image": served.photos[0].read_bytes()})
    statuses = [answer.status_code for answer, _ in answers]
    assert set(statuses) == {200, 503} and statuses.count(503) >= 20
    refused = [(answer, seconds) for answer, seconds in answers if answer.status_code == 503]
    assert all("try again" in answer.json()["detail"] and int(answer.headers["retry-after"]) for answer, _ in refused)
    slowest = max(seconds for answer, seconds in answers if answer.status_code == 200)
    assert max(seconds for _, seconds in refused) < slowest / 2
    assert after.status_code == 200


def _timed(address: str, photo: bytes) -> tuple[httpx.Response, float]:
    begun = time.monotonic()
    answer = httpx.post(f"{address}/predict", files={"image": photo}, trust_env=False, timeout=120)
    return answer, time.monotonic() - begun


def test_whoever_leaves_frees_the_place(
    served: Served, slow_photo: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """40 who leave at once do not hold up the next one: most of their photos are never looked at."""
    compared = []
    run = Queue._run

    async def counted(self: Queue, photo: bytes) -> Any:
        compared.append(len(photo))
        return await run(self, photo)

    monkeypatch.setattr(Queue, "_run", counted)
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(slow_photo)}\r\n\r\n"
    with serving(served.model) as (address, _), client(address) as page:
        host, port = address.removeprefix("http://").split(":")
        left = [socket.create_connection((host, int(port))) for _ in range(40)]
        for connection in left:
            connection.sendall(head.encode() + slow_photo)
        assert wait_for(lambda: bool(compared), 30)
        for connection in left:
            connection.close()
        assert page.post("/predict", files={"image": served.photos[0].read_bytes()}).status_code == 200
    assert len(compared) < 30
    assert "failed" not in capfd.readouterr().err


def test_a_body_that_stops_coming_keeps_nobody_out(served: Served) -> None:
    photo = served.photos[0].read_bytes()
    begun = b"\xff\xd8" + bytes(1000)
    with serving(served.model) as (address, _), half_sent(address, "/predict", "image/jpeg", begun, 1_000_000):
        assert [_timed(address, photo)[0].status_code for _ in range(8)] == [200] * 8


@contextmanager
def ending(served: Served) -> Iterator[tuple[str, Server]]:
    """Serve, and see that it ends soon after it has been asked to."""
    with started(make_app(Classifier(served.model))) as (address, running, thread):
        try:
            yield address, running
        finally:
            running.should_exit = True
            thread.join(6)  # seconds; an open page held it up for 8
        assert not thread.is_alive()


def test_a_port_is_had_by_one_program_from_the_moment_on_that_it_asks_for_it() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(RecognizerError, match=f"^Port {port} at 127.0.0.1 cannot be used"):
            bind("127.0.0.1", port).close()


def test_what_is_under_way_is_finished_when_the_server_ends(served: Served, slow_photo: bytes) -> None:
    with ending(served) as (address, running), ThreadPoolExecutor(4) as visitors:
        answers = [visitors.submit(_timed, address, slow_photo) for _ in range(4)]
        assert wait_for(lambda: len(running.server_state.tasks) == 4, 30)
        running.should_exit = True
        assert [answer.result()[0].status_code for answer in answers] == [200] * 4


def test_an_open_page_does_not_hold_up_the_end(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    heart = "/gradio_api/heartbeat/abc"
    with ending(served) as (address, running), client(address) as page, page.stream("GET", heart) as stream:
        lines = stream.iter_lines()
        next(lines)
        running.should_exit = True
        list(lines)  # to an end that is no broken connection
    assert "Traceback" not in capfd.readouterr().err


def test_what_takes_too_long_when_the_server_ends_is_told_so(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "LAST", 0.1)
    photo = plain_photo(7000)
    with ending(served) as (address, running), ThreadPoolExecutor(12) as visitors:
        answers = [visitors.submit(_timed, address, photo) for _ in range(12)]
        assert wait_for(lambda: len(running.server_state.tasks) == 12, 30)
        running.should_exit = True
        told = [answer.result()[0] for answer in answers]
    late = [answer for answer in told if answer.status_code != 200]
    assert late and {answer.status_code for answer in late} == {503}
    assert all(answer.json()["detail"].endswith(".") and answer.headers["retry-after"] for answer in late)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "begun", [b"", b"POST /predict HTTP/1.1\r\nHost: x\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_a_connection_that_asks_nothing_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Also one whose question never becomes whole, and one that asks nothing more; not one that is being answered."""
    monkeypatch.setattr(server, "SILENT", 0.2)
    with serving(served.model) as (address, _), client(address) as page:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as idle:
            idle.sendall(begun)
            while idle.recv(4096):
                pass  # until it is closed
        assert page.post("/predict", files={"image": plain_photo(7000)}).elapsed.total_seconds() > 0.2


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/predict", 405), ("PUT", "/predict", 405), ("DELETE", "/run/predict", 405), ("HEAD", "/api/predict", 405),
    ("POST", "/healthz", 405), ("HEAD", "/healthz", 200), ("HEAD", "/docs", 200), ("POST", "/predict/", 400),
    ("POST", "//predict", 404), ("GET", "/nothing", 404), ("GET", "/gradio_api/proxy=x", 403),
])  # fmt: skip
def test_every_refusal_can_be_read_by_a_page_of_another_origin(
    page: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = page.request(method, f"{page.base_url}{path}", headers={"Origin": "https://example.com"})
    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert method == "HEAD" or answer.json()["detail"].endswith(".")


@pytest.mark.parametrize("path", ["/predict", "/run/predict"])
def test_whoever_leaves_halfway_leaves_no_traceback(served: Served, page: httpx.Client, path: str, capfd: Any) -> None:
    for kind in ("image/jpeg", "multipart/form-data; boundary=x"):
        with half_sent(served.url, path, kind, b"begun", 1000):
            pass
    assert page.post("/predict", files={"image": served.photos[0].read_bytes()}).status_code == 200
    assert "Traceback" not in capfd.readouterr().err
