"""The body of a request, counted as it comes, and the answer to it, which may be a refusal halfway."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from recognizer.serve.uploads import LARGEST_PHOTO

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SMALL = 100_000  # bytes; a body that is never refused for want of room
PACE = 5_000  # bytes a second that a body comes at least at, all in all; the slowest phone's does
TOO_MANY = "Too many photos are here at this moment; try again in a minute."
TOO_LARGE = f"This is over {LARGEST_PHOTO // 1_000_000} MB; use a smaller copy."


class Body:
    """The body of a request, counted as it comes, and the way back, which a refusal closes for the app.

    Args:
        receive: ASGI's.
        send: ASGI's.
        most: bytes that are taken.
        patience: seconds until the next part, and for the whole body beside those that its bytes take at `PACE`.
        note: is told of the bytes of every part, and returns whether there is room for them.
    """

    def __init__(self, receive: Receive, send: Send, most: int, patience: float, note: Callable[[int], bool]) -> None:
        self.most = most
        self.count = 0
        self.refused = False
        self._receive = receive
        self._send = send
        self._patience = patience
        self._note = note
        self._started = time.monotonic()
        self._begun = False
        self._ended = False

    async def receive(self) -> Message:
        """Return the next part, or a disconnect where the body has been refused."""
        if self._ended:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), min(self._patience, self._left()))
        except TimeoutError:
            return await self._refuse_rest(408, "The rest of this request did not come in time.")
        size = len(message.get("body", b""))
        self.count += size
        has_room = self._note(size)
        if self.count > self.most:
            return await self._refuse_rest(413, TOO_LARGE)
        if self.count > SMALL and not has_room:
            return await self._refuse_rest(503, TOO_MANY)
        self._ended = not message.get("more_body", False)
        return message

    def _left(self) -> float:
        """Return the seconds until the next part has to be there."""
        return self._started + self._patience + self.count / PACE - time.monotonic()

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless the request has been refused."""
        if not self.refused:
            self._begun = True
            await self._send(message)

    async def send_json(self, status: int, content: Any) -> None:
        """Send an answer in JSON, unless the request has been refused."""
        if not self.refused:
            self._begun = True
            await answer(self._send, status, content)

    async def refuse(self, status: int, sentence: str) -> None:
        """Answer with a sentence, unless an answer has begun."""
        if not self._begun:
            await self.send_json(status, {"detail": sentence})
        self.refused = True

    async def _refuse_rest(self, status: int, sentence: str) -> Message:
        await self.refuse(status, sentence)
        self._ended = True
        return {"type": "http.disconnect"}


async def answer(send: Send, status: int, content: Any) -> None:
    """Send a whole answer in JSON; the connection is closed after a refusal, whose body may still be coming."""
    data = json.dumps({"detail": content} if isinstance(content, str) else content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"60"))
    if status != 200:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
