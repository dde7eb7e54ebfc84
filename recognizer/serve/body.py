"""The body of a request, counted as it comes, and the answer to it, which may be a refusal halfway."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from recognizer.serve.uploads import LARGEST_PHOTO

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOO_LARGE = f"This is over {LARGEST_PHOTO // 1_000_000} MB; use a smaller copy."


class Body:
    """The body of a request, counted as it comes, and the way back, which a refusal closes for the app.

    Args:
        receive: ASGI's.
        send: ASGI's.
        most: bytes that are taken.
        patience: seconds until the next part.
        note: is told of the bytes of every part.
    """

    def __init__(self, receive: Receive, send: Send, most: int, patience: float, note: Callable[[int], None]) -> None:
        self.most = most
        self.count = 0
        self.refused = False
        self._receive = receive
        self._send = send
        self._patience = patience
        self._note = note
        self._begun = False
        self._ended = False

    async def receive(self) -> Message:
        """Return the next part, or a disconnect where the body has been refused."""
        if self._ended:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience)
        except TimeoutError:
            return await self._refuse_rest(408, "The rest of this request did not come.")
        size = len(message.get("body", b""))
        self.count += size
        self._note(size)
        if self.count > self.most:
            return await self._refuse_rest(413, TOO_LARGE)
        self._ended = not message.get("more_body", False)
        return message

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
