"""A web that answers as the engines do, and how each engine is made."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from recognizer.collect.engines.bing import Bing
from recognizer.collect.engines.commons import Commons
from recognizer.collect.engines.duckduckgo import DuckDuckGo
from recognizer.collect.engines.engine import Engine
from recognizer.collect.engines.openverse import Openverse
from recognizer.collect.http.retries import Patience
from recognizer.errors import EngineRefused
from tests.web import Client, SmallWeb
from tests.web_answers import Reply

RECORDED = Path(__file__).parent / "recorded"
CONTACT = "me@maker.example"
TOKEN_PAGE = Reply(body=b'<script>vqd="4-1";</script>')
DUCKDUCKGO = json.dumps(
    {
        "query": "kilim",
        "next": "i.js?q=kilim&o=json&p=1&s=100",
        "results": [
            {
                "image": "https://a.example/a%20b%2Fc.jpg?x=%26&y=1",
                "url": "https://a.example/100%25",
                "title": "One",
                "thumbnail": "https://tse1.mm.bing.net/th?id=OIP.aa",
                "source": "Bing",
                "height": 600,
                "width": 800,
            }
        ],
    }
)


def recorded(name: str, **headers: str) -> Reply:
    return Reply(body=(RECORDED / name).read_bytes(), headers=headers)


def replying(body: str | bytes, status: int = 200, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else body.encode()
    return Reply(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


class Listener:
    """A reader that keeps the head of each request."""

    def __init__(self, reader: asyncio.StreamReader, heads: list[str]) -> None:
        self._reader = reader
        self._heads = heads

    async def readuntil(self, separator: bytes) -> bytes:
        head = await self._reader.readuntil(separator)
        self._heads.append(head.decode())
        return head


class Web(SmallWeb):
    """A small web that answers a list of replies one after the other, the last for ever, and keeps what it was told."""

    def __init__(self, folder: Path) -> None:
        (folder / "web.json").write_text('{"queries": {}, "resources": {}}')
        super().__init__(folder)
        self.heads: list[str] = []
        self.replies: list[Reply] = []

    async def _answer_all(self, client: Client) -> None:
        listener: Any = Listener(client.reader, self.heads)
        await super()._answer_all(client._replace(reader=listener))

    def _reply(self, method: str, address: str) -> Reply:
        if method == "CONNECT":
            return super()._reply(method, address)
        if address.startswith("https://duckduckgo.com/?"):
            return TOKEN_PAGE
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def asked(self) -> list[str]:
        """The addresses asked for pages of hits."""
        return [address for address in self.requests if not address.startswith("https://duckduckgo.com/?")]

    def question(self, number: int = -1) -> dict[str, str]:
        """The parameters of one of these."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.asked[number]).query).items()}

    def sent(self) -> dict[str, str]:
        """The headers of the last request."""
        lines = self.heads[-1].split("\r\n")[1:-2]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


# How each engine is made, and a page of its hits.
MAKE: dict[str, Callable[[Patience], Engine]] = {
    "duckduckgo": DuckDuckGo,
    "bing": Bing,
    "openverse": lambda patience: Openverse(CONTACT, patience),
    "commons": lambda patience: Commons(CONTACT, patience),
}
PAGES = {
    "duckduckgo": replying(DUCKDUCKGO),
    "bing": recorded("bing.html"),
    "openverse": recorded("openverse.json"),
    "commons": recorded("commons.json"),
}
every_engine = pytest.mark.parametrize("name", MAKE)
services = pytest.mark.parametrize("name", ["openverse", "commons"])


def refusal(engine: Engine, page: int = 1) -> str:
    """The sentence of a refusal."""
    with pytest.raises(EngineRefused) as caught:
        engine.search("kilim", page)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence
