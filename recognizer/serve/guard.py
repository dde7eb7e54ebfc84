"""What stands before Gradio: only the routes that the page and its clients need, bounded bodies, uploads of our own.

Guard(app, gradio_queue, queue, HERE, ending)        see server.py

Refused with one sentence: 403 a route or a file that is not for visitors, 408 a body that stops coming or takes too
long, 413 one that is too large, 503 when uploads or questions fill their room. The rest of the app never sees such a
request, or no more of it.
"""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from gradio.route_utils import StarletteRequest, upload_fn  # type: ignore[attr-defined]
from gradio.routes import MultiPartException, file_upload_statuses  # type: ignore[attr-defined]

from recognizer.serve.body import SMALL, TOO_LARGE, TOO_MANY, App, Body, Message, Receive, Scope, Send, answer
from recognizer.serve.queue import Queue
from recognizer.serve.refusals import SENTENCES
from recognizer.serve.uploads import LARGEST_PHOTO, Uploads
from recognizer.serve.waiting import GRACE, Waiting

API = "/gradio_api/"
ABOUT = frozenset(["info", "openapi.json", "app_id", "user", "token", "login_check", "startup-events", "theme.css"])
ASKING = frozenset(["call", "run", "queue", "cancel", "reset", "heartbeat", "upload", "upload_progress"])
LARGEST_UPLOAD = LARGEST_PHOTO + 100_000  # bytes; a photo in its multipart form
LARGEST_BODY = LARGEST_PHOTO * 4 // 3 + 100_000  # bytes; a photo as a data: URL in JSON
LARGEST_INLINE = 200_000_000  # bytes of all bodies that arrive or wait, in memory
PLAIN = frozenset(["/predict", "/run/predict", "/api/predict"])  # routes of rest.py that take a photo
READ = frozenset(["/healthz", "/docs", "/openapi.json"])  # its other ones
PATIENCE = 30.0  # seconds until the next part of a body, and for all of it beside those that its bytes take
NAMING = (b"text/html", b"application/json")  # what may name the address of the server
POLICY = b"img-src 'self' data: blob:; media-src 'self' data: blob:; frame-src 'self'; object-src 'none'"


class Guard:
    """An ASGI app around the page and the plain routes.

    Args:
        app: the rest of it.
        gradio_queue: where Gradio keeps questions.
        queue: where photos of the plain routes wait.
        uploads: the folder that uploads go to.
        ending: set when the server is asked to end.
        grace: seconds that a question is kept without anyone who waits for its answer.
        patience: seconds until the next part of a body, and for all of it beside those that its bytes take.
    """

    def __init__(
        self,
        app: App,
        gradio_queue: Any,
        queue: Queue,
        uploads: Uploads,
        ending: asyncio.Event,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._gradio_queue = gradio_queue
        self._queue = queue
        self._uploads = uploads
        self._ending = ending
        self._patience = patience
        self._waiting = Waiting(grace)
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or hand it on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        if not self._is_open(path):
            await answer(send, 403, SENTENCES[403])
            return
        if not _takes(path, scope["method"]):  # Gradio, which is asked for whatever is left, would know no such address
            await answer(send, 405, SENTENCES[405])
            return
        if scope["method"] == "POST":
            await self._take(path, scope, receive, send)
        elif path.startswith(f"{API}heartbeat/"):  # open as long as the page is
            await self._app(scope, _until(self._ending, receive), send)
        elif key := _listens_for(path, scope):
            with self._waiting.listening(self._gradio_queue, key):
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _with_policy(send))

    def _is_open(self, path: str) -> bool:
        """Tell whether a route is one that visitors need, and a file one that they may have."""
        if not path.startswith(API):
            return not path.startswith("/monitoring")
        rest = path.removeprefix(API)
        if rest.startswith("file="):
            return self._uploads.find(rest.removeprefix("file=")) is not None
        return rest.split("/")[0] in ABOUT | ASKING and not rest.startswith("upload/")

    async def _take(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request with a body, or refuse it: by the length that it tells, or when it turns out too long."""
        is_upload = path == f"{API}upload"
        most = LARGEST_UPLOAD if is_upload or path.rstrip("/") == "/predict" else LARGEST_BODY
        body = Body(receive, send, most, self._patience, self._note_upload if is_upload else self._note_inline)
        told = _length(scope, most)
        if told > most:
            await body.refuse(413, TOO_LARGE)
        elif self._is_full(path, told):
            await body.refuse(503, TOO_MANY)
        elif is_upload:
            await self._upload(scope, body)
        else:
            await self._ask(path, scope, body)

    def _is_full(self, path: str, told: int) -> bool:
        """Tell whether there is no room for one more body, where it would go."""
        if path == f"{API}upload":
            return self._uploads.full
        if path.rstrip("/") in PLAIN and self._queue.full:
            return True
        return told > SMALL and not self._has_room(told)

    def _has_room(self, size: int) -> bool:
        """Tell whether so many more bytes fit into memory; a length that is only told takes no room there."""
        return size + self._arriving + self._waiting.inline(self._gradio_queue) <= LARGEST_INLINE

    def _note_inline(self, size: int) -> bool:
        self._arriving += size
        return self._has_room(0)

    def _note_upload(self, size: int) -> bool:
        self._uploads.note(size)
        return True

    async def _upload(self, scope: Scope, body: "Body") -> None:
        """Take an upload into a place of its own; one that breaks off or is refused leaves nothing."""
        place = self._uploads.new_place()
        progress = (parse_qs(scope["query_string"].decode("latin-1")).get("upload_id") or [""])[0]
        whole = False
        try:
            files, _, _ = await upload_fn(
                StarletteRequest(scope, body.receive), place, LARGEST_PHOTO, progress, False, file_upload_statuses
            )
            whole = not body.refused
            await body.send_json(200, files)
        except MultiPartException as error:
            await body.refuse(413 if "maximum allowed size" in error.message else 400, error.message)
        except Exception:  # whatever else a body makes a parser raise; a visitor who left, too
            await body.refuse(400, "This is no upload of a photo.")
        finally:
            asyncio.get_running_loop().call_later(self._patience, file_upload_statuses.stop_tracking, progress)
            if not whole:
                self._uploads.forget(str(place))

    async def _ask(self, path: str, scope: Scope, body: Body) -> None:
        """Hand on a question, and look after it where it goes into the queue."""
        answered = bytearray()

        async def send(message: Message) -> None:
            answered.extend(message.get("body", b"")[:SMALL])
            await body.send(message)

        queued = path.startswith((f"{API}call/", f"{API}queue/join"))
        try:
            await self._app(scope, body.receive, send if queued else body.send)
        finally:
            self._arriving -= body.count
        if queued and (event := _event(bytes(answered))):
            self._waiting.asked(self._gradio_queue, event, body.count)


def _takes(path: str, method: str) -> bool:
    """Tell whether a route of rest.py takes a method; Gradio sees to its own."""
    if path.rstrip("/") in PLAIN:
        return method == "POST"
    return path not in READ or method in ("GET", "HEAD")


def _until(ending: asyncio.Event, receive: Receive) -> Receive:
    """Let a visitor who only stays connected be gone when the server ends."""

    async def receive_or_end() -> Message:
        message, end = asyncio.ensure_future(receive()), asyncio.ensure_future(ending.wait())
        try:
            await asyncio.wait([message, end], return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            end.cancel()

    return receive_or_end


def _with_policy(send: Send) -> Send:
    """Let no page load pictures, frames or plugins from elsewhere, nor be kept by a cache that others share.

    The page and its settings name the address that they were asked at, which whoever asks can choose.
    """

    async def with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), (b"content-security-policy", POLICY)]
            told = dict(headers)
            if b"cache-control" not in told and told.get(b"content-type", b"").startswith(NAMING):
                headers.append((b"cache-control", b"private, no-cache"))
            message["headers"] = headers
        await send(message)

    return with_policy


def _length(scope: Scope, most: int) -> int:
    """Return the length that a request tells of its body, and the most where it has one and tells none."""
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"0")
    return most if b"transfer-encoding" in headers else int(told) if told.isdigit() else 0


def _listens_for(path: str, scope: Scope) -> str | None:
    """Return the session or event whose answers a request asks for."""
    if path == f"{API}queue/data":
        return parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0] or None
    return path.rsplit("/", 1)[1] if path.startswith(f"{API}call/") else None


def _event(answer: bytes) -> str | None:
    """Return the event that an answer of the queue names."""
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    return found.get("event_id") if isinstance(found, dict) else None
