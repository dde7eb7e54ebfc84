"""What the small web of `tests.web` answers: addresses to replies, out of web.json and its files.

    Answers(folder).reply("https://photos.example/hat/1.jpg").status  # 200

Image search answers as duckduckgo.com does: a page that holds a token (vqd), then `i.js`, which
wants that token and lists 100 results a page.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

PAGE_SIZE = 100  # search results on one page
# Where a redirect leads; an empty text means back to the address itself.
REDIRECTS = {"redirect_loop": "", "redirect_private": "http://192.168.13.37/photo.jpg"}
FAULTS = ("hang", "reset", "slow_drip", "wrong_length", *REDIRECTS)

Resource = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What an address answers; `fault` names what goes wrong on the way, if anything does."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    delay: float = 0.0

    def head(self, surplus: int = 0) -> bytes:
        """Status line and headers, with a Content-Length that is `surplus` bytes too large."""
        fields = {"Content-Length": str(len(self.body) + surplus)} | self.headers
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def plain(status: int) -> Reply:
    """A reply that says its status in plain text."""
    text = f"{status} {responses.get(status, 'Unknown')}\n"
    return Reply(status, text.encode(), {"Content-Type": "text/plain"})


class Answers:
    """What each address answers.

    Args:
        folder: holds web.json and the files that it names.

    Raises:
        ValueError: web.json asks for a fault that does not exist.
    """

    def __init__(self, folder: Path) -> None:
        web = json.loads((folder / "web.json").read_text(encoding="utf-8"))
        self._folder = folder
        self._queries: dict[str, list[Resource]] = web["queries"]
        self._folded = {query.casefold(): results for query, results in self._queries.items()}
        self._resources: dict[str, Resource] = web["resources"]
        self._rate_limited: set[str] = set()
        self._secret = secrets.token_hex(8)
        for address, resource in self._resources.items():
            check_fault(address, resource)

    def reply(self, address: str) -> Reply:
        """The reply to a request for this address; 404 where nothing is known of it."""
        parts = urlsplit(address)
        if parts.scheme == "https" and parts.netloc == "duckduckgo.com":
            return self._search(parts)
        return self._serve(address, self._resources.get(address, {"status": 404}))

    def _search(self, parts: SplitResult) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query = asked.get("q", "")
        if parts.path in ("", "/"):
            page = f'<!DOCTYPE html><html><script>vqd="{self._token(query)}";</script></html>'
            return Reply(body=page.encode(), headers={"Content-Type": "text/html; charset=UTF-8"})
        if parts.path != "/i.js":
            return plain(404)
        if asked.get("vqd") != self._token(query):
            return plain(403)
        return self._results(query, asked.get("s", "0"))

    def _token(self, query: str) -> str:
        digest = hashlib.sha256(f"{self._secret} {query}".encode()).hexdigest()
        return f"4-{int(digest[:30], 16)}"

    def _results(self, query: str, start: str) -> Reply:
        if not start.isdecimal():
            return plain(400)
        found = self._queries.get(query) or self._folded.get(query.casefold(), [])
        end = int(start) + PAGE_SIZE
        page: dict[str, Any] = {"query": query, "results": found[int(start) : end]}
        if end < len(found):
            page["next"] = "i.js?" + urlencode({"q": query, "o": "json", "s": end})
        return Reply(body=json.dumps(page).encode(), headers={"Content-Type": "application/json"})

    def _serve(self, address: str, resource: Resource) -> Reply:
        if "then" in resource and address in self._rate_limited:
            return self._serve(address, resource["then"])
        if "then" in resource:
            self._rate_limited.add(address)
        headers, fault = dict(resource.get("headers", {})), resource.get("fault", "")
        if "retry_after" in resource:
            headers["Retry-After"] = str(resource["retry_after"])
        if fault in REDIRECTS:
            headers["Location"] = REDIRECTS[fault] or address
        reply = plain(302) if fault in REDIRECTS else self._content(resource)
        delay = float(resource.get("delay", 0))
        return Reply(reply.status, reply.body, reply.headers | headers, fault, delay)

    def _content(self, resource: Resource) -> Reply:
        status = resource.get("status", 200)
        if "file" not in resource:
            return plain(status)
        body = (self._folder / resource["file"]).read_bytes()
        return Reply(status, body, {"Content-Type": resource["type"]})


def check_fault(address: str, resource: Resource) -> None:
    """Raise ValueError where a resource asks for a fault that does not exist."""
    fault = resource.get("fault")
    if fault is not None and fault not in FAULTS:
        raise ValueError(f"web.json: {address} has the fault {fault!r}; there are {', '.join(FAULTS)}")
