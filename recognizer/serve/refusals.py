"""Refusals in one sentence, whatever refuses: Gradio, FastAPI, or a route that a stranger's question makes fail.

speak_plainly(app)      its refusals are {"detail": one sentence}
Plain(app)              what it raises is one line of the log, and a sentence to whoever asked
"""

import asyncio
import logging
import traceback
from http.client import responses
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from recognizer.serve.body import App, Message, Receive, Scope, Send, answer

LOG = logging.getLogger("uvicorn.error")
LONGEST_LINE = 200  # characters of what a stranger chose
UNFIT = "This is no question that can be answered here; /docs says how to ask."
FAILED = "This could not be answered; try again, or see /docs for how to ask."
ENDING = "The server ends at this moment; try again in a minute."
SENTENCES = {
    404: "There is nothing at this address; /docs says what there is.",
    405: "This address takes no such request; /docs says how to ask.",
    403: "This is not open to visitors.",
}


def speak_plainly(app: FastAPI) -> None:
    """Let an app, Gradio's or our own, refuse in one sentence: `detail`, and `error` for pages of Gradio 3's time.

    Args:
        app: has answered nothing yet.
    """
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(Exception, _unfit)  # raised again afterwards, for `Plain`


class Plain:
    """An ASGI app around another, so that no question fills the log with a traceback, and each is answered.

    Args:
        app: the other.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; say what it made the app raise, unless the visitor has just left."""
        told = _Told(send)
        try:
            await self._app(scope, receive, told.send)
        except ClientDisconnect:
            pass
        except asyncio.CancelledError:  # the server ends, and this took too long
            await told.end(503, ENDING)
        except Exception as error:
            _log(scope, error)
            await told.end(500, FAILED)
        else:
            await told.end_stream()


class _Told:
    """What has been told of an answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False
        self._is_open_stream = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            self._is_open_stream = b"content-length" not in dict(message.get("headers", []))
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_open_stream = False
        await self._send(message)

    async def end(self, status: int, sentence: str) -> None:
        """End an answer that cannot be given."""
        if self._begun:
            await self.end_stream()
        else:
            await answer(self._send, status, sentence)

    async def end_stream(self) -> None:
        """End a stream that has begun, as one does that is not cut off."""
        if self._is_open_stream:
            await self.send({"type": "http.response.body"})


def _log(scope: Scope, error: Exception) -> None:
    """Say in one line what failed, and where."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    asked = f"{scope.get('method')} {scope.get('path')}"[:LONGEST_LINE]
    LOG.error("%r failed: %r (%s:%s)", asked, repr(error)[:LONGEST_LINE], place.filename, place.lineno)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _sentence(error.status_code, _in_words(error.status_code, error.detail), error.headers)


async def _unfit(_request: Request, error: Exception) -> JSONResponse:
    return _sentence(422 if isinstance(error, RequestValidationError) else 400, UNFIT)


def _in_words(status: int, detail: Any) -> str:
    """Return a detail as a sentence, also where it is only the name of the status."""
    if not isinstance(detail, str) or detail == responses.get(status):
        return SENTENCES.get(status, UNFIT)
    return detail if detail.endswith((".", "!", "?")) else f"{detail}."


def _sentence(status: int, words: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"detail": words, "error": words}, status, {"Cache-Control": "no-store", **(headers or {})})
