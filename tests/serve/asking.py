"""What programs send to the served page, well meant or not."""

import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from starlette.routing import Mount

from recognizer.serve.binding import bind
from recognizer.serve.opening import open_model
from recognizer.serve.server import Server, make_app
from recognizer.serve.waiting import GRACE

META = {"_type": "gradio.FileData"}


@contextmanager
def serving(model: Path, grace: float = GRACE, runtime: str = "onnx") -> Iterator[tuple[str, Any]]:
    """Serve a model folder by itself on a free port of loopback, and yield its address and the Gradio app in it."""
    app = make_app(open_model(model, runtime), grace)
    (gradio_app,) = (route.app for route in app.routes if isinstance(route, Mount))
    with started(app) as (address, server, thread):
        try:
            yield address, gradio_app
        finally:
            server.should_exit = server.force_exit = True
            thread.join(60)


@contextmanager
def started(app: FastAPI) -> Iterator[tuple[str, Server, threading.Thread]]:
    """Serve an app in a thread, and yield its address, the server and the thread, once it answers."""
    answers = threading.Event()
    with bind("127.0.0.1", 0) as listening:
        server = Server(app, answers.set)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert answers.wait(60)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", server, thread


def client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, trust_env=False, timeout=60)


def upload(opened: httpx.Client, data: bytes, name: str = "photo.jpg") -> str:
    """Upload bytes and return the path that the page gives them."""
    answer = opened.post("/gradio_api/upload", files={"files": (name, data)})
    answer.raise_for_status()
    (path,) = answer.json()
    return str(path)


def ask(opened: httpx.Client, photo: Any) -> httpx.Response:
    """Put a question into the queue."""
    return opened.post("/gradio_api/call/predict", json={"data": [photo]})


def listen(opened: httpx.Client, asked: httpx.Response) -> tuple[str, Any]:
    """Wait for the answer to a question: "complete" or "error", and what comes with it."""
    asked.raise_for_status()
    with opened.stream("GET", f"/gradio_api/call/predict/{asked.json()['event_id']}") as stream:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and event in ("complete", "error"):
                return event, json.loads(line.removeprefix("data: "))
    raise AssertionError("The stream ended without an answer.")


def answered(opened: httpx.Client, photo: Any) -> tuple[str, Any]:
    return listen(opened, ask(opened, photo))


def of_upload(path: str) -> dict[str, Any]:
    """Name an upload as clients do."""
    return {"path": path, "meta": META}


@contextmanager
def half_sent(
    address: str, path: str, kind: str, begun: bytes, told: int | None = None
) -> Iterator[http.client.HTTPConnection]:
    """Begin a request whose body goes on, chunked unless its length is told, and yield its connection."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", kind)
    length = ("Transfer-Encoding", "chunked") if told is None else ("Content-Length", str(told))
    connection.putheader(*length)
    connection.endheaders()
    connection.send(begun)
    try:
        yield connection
    finally:
        connection.close()


def wait_for(true: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is true or the time is over."""
    never = threading.Event()
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        never.wait(0.05)
    return true()


def files_in(folder: Path) -> set[Path]:
    """Return the files below a folder, from which others may be removing some."""
    return {Path(place, name) for place, _, names in os.walk(folder) for name in names}
