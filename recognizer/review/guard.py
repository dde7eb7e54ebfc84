"""Keeps other web sites away from the review page, which listens on the machine of the person who reviews.

A site that the same browser has open could post to it, or have its own name resolve to this machine (DNS rebinding).
So a request has to name this machine by an IP address, `localhost` or the address it listens at, a request that
changes something has to come from the page itself and be JSON, and no page may frame it or load its photos.
"""

import re
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PORT = re.compile(r":\d+$")
READING = ("GET", "HEAD")


class Guard:
    """Refuses what does not come from the page itself, and puts the headers above on every answer.

    Args:
        app: the page.
        host: the address it listens at.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {host.lower(), "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        app = JSONResponse({"error": refusal}, status_code=403) if refusal else self._app
        await app(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> str:
        host = headers.get("host", "")
        if not self._is_here(host):
            return f"This page is not at {host}."
        if method in READING:
            return ""
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return "Only the page itself may decide."
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            return "A choice has to be sent as application/json."
        return ""

    def _is_here(self, host: str) -> bool:
        name = host.rpartition(":")[0] if PORT.search(host) else host
        return name.lower() in self._names or _is_address(name.removeprefix("[").removesuffix("]"))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
