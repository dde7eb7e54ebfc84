"""The page and the plain routes in one process, on one port.

serve(Path("data/textiles/model"), "127.0.0.1", 7860, say)
"""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from recognizer.serve.binding import address_of, bind
from recognizer.serve.classifier import DEFAULT_RUNTIME, Classifier
from recognizer.serve.guard import Guard
from recognizer.serve.interface import make_interface
from recognizer.serve.opening import open_model
from recognizer.serve.outputs import OutputsClassifier
from recognizer.serve.outputs_interface import make_outputs_interface
from recognizer.serve.outputs_rest import make_outputs_rest
from recognizer.serve.process import prepare_to_serve
from recognizer.serve.queue import Queue
from recognizer.serve.refusals import Plain, speak_plainly
from recognizer.serve.rendering import STYLE
from recognizer.serve.rest import make_rest
from recognizer.serve.uploads import HERE, LARGEST_PHOTO
from recognizer.serve.waiting import GRACE

MOST_SESSIONS = 16  # Gradio keeps 0.1 MB and the last question of each, and this page needs neither
MOST_THREADS = 8  # photos are compared as many at once as there are processors; each thread keeps some memory
SILENT = 20.0  # seconds that a connection may be open without a question
LAST = 8  # seconds for what is under way when the process is asked to end


def serve(
    folder: Path,
    host: str,
    port: int,
    ready: Callable[[str], None],
    runtime: str = DEFAULT_RUNTIME,
) -> None:
    """Serve a model folder until Ctrl-C or SIGTERM; what is under way is finished, and no upload is left then.

    SIGTERM ends the process, with the exit code 143.

    Args:
        folder: the model folder.
        host: the address to listen at.
        port: its port; 0 for a free one.
        ready: is told the address as soon as photos are answered there.
        runtime: see `Classifier`.

    Raises:
        ModelError: the model folder cannot be opened.
        RecognizerError: the port cannot be used.
        Unwritable: there is no folder for uploads.
        KeyboardInterrupt: it was ended by Ctrl-C.
    """
    listening = bind(host, port)
    prepare_to_serve()
    app = make_app(open_model(folder, runtime))
    try:
        Server(app, lambda: ready(address_of(listening, host))).run([listening])
    finally:
        listening.close()
        HERE.close()


def make_app(classifier: Classifier | OutputsClassifier, grace: float = GRACE) -> FastAPI:
    """Return the whole ASGI app.

    Args:
        classifier: the opened model folder.
        grace: seconds that a question to the page is kept without anyone who waits for its answer.
    """
    queue = Queue(classifier)
    if isinstance(classifier, OutputsClassifier):
        page, app = make_outputs_interface(classifier), make_outputs_rest(classifier, queue)
    else:
        page, app = make_interface(classifier), make_rest(classifier, queue)
    page.state_session_capacity = MOST_SESSIONS
    page.max_threads = page._queue.max_thread_count = MOST_THREADS
    app.state.ending = asyncio.Event()
    app.add_middleware(Guard, page._queue, queue, HERE, app.state.ending, grace)
    app.add_middleware(Plain)
    # Pages of other origins may ask: nothing here is anybody's own, and no cookie is needed.
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    gr.mount_gradio_app(app, page, path="/", **_page_options())
    speak_plainly(app.routes[-1].app)  # type: ignore[attr-defined]  # Gradio's, the last one
    return app


def _page_options() -> dict[str, Any]:
    """Return what `mount_gradio_app` is told: no outside fonts, no monitoring, no words of unexpected errors."""
    return {
        "css_paths": [STYLE],
        "theme": gr.themes.Soft(
            primary_hue="cyan", neutral_hue="stone", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        "max_file_size": LARGEST_PHOTO,
        "enable_monitoring": False,
        "footer_links": ["api"],
        "run_history": False,
        "show_error": False,
        "ssr_mode": False,
    }


class Server(uvicorn.Server):
    """A server that says when it answers, and hangs up on whoever says nothing.

    Args:
        app: answers.
        ready: is called once, when requests are taken.
    """

    def __init__(self, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Impatient,
                ws="none",
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=LAST,
                forwarded_allow_ips="*",  # proxies tell whether a page was asked for by https
            )
        )
        self._ready = ready
        self._ending: asyncio.Event = app.state.ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in order, however often it is asked to end: that takes `LAST` seconds at most."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way; pages that are merely open do not hold it up."""
        self._ending.set()
        await super().shutdown(sockets)


class _Impatient(H11Protocol):
    """A connection that is closed when no whole request has come for a while; else a few hundred shut everyone out."""

    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look = self.loop.call_later(SILENT, self._close_if_silent, None)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._look:
            self._look.cancel()

    def _close_if_silent(self, last: Any) -> None:
        """Close it if since the last look no request has begun and none is under way."""
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self._look = self.loop.call_later(SILENT, self._close_if_silent, self.cycle)
