"""Openverse, through its API (https://api.openverse.org/v1/): openly licensed pictures of many collections.

Without a key it gives 20 hits a page, 240 hits of a query, and some searches a minute and a day; the headers of each
answer say how many are left. A key in the environment variable OPENVERSE_TOKEN raises the last two.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from recognizer.collect.engines.api import Answer, get_json, rows
from recognizer.collect.engines.commons import HOST_LIMITS
from recognizer.collect.engines.engine import text
from recognizer.collect.engines.web_engine import Refusal, WebEngine
from recognizer.collect.http.retries import Patience
from recognizer.collect.http.robots import user_agent
from recognizer.errors import EngineRefused
from recognizer.store.rows import Hit

ADDRESS = "https://api.openverse.org/v1/images/"
HITS_A_PAGE = 20
PAGES = 12
LIMIT, AVAILABLE = "x-ratelimit-limit-", "x-ratelimit-available-"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # in the period that a limit such as "20/min" counts in


class Openverse(WebEngine):
    """Image search at openverse.org, 20 hits a page, with licence and author; mature content stays off.

    Args:
        contact: a mail address or web page of whoever runs this program, or "".
        patience: how often a page is asked for, and how long waits may be.
    """

    name = "openverse"
    title = "Openverse"
    tells_licence = True
    host_limits = HOST_LIMITS  # many of its pictures lie at Wikimedia

    def __init__(self, contact: str = "", patience: Patience | None = None) -> None:
        super().__init__(patience)
        self._headers = {"User-Agent": user_agent(contact)}
        self._token = os.environ.get("OPENVERSE_TOKEN", "").strip()
        if self._token:
            self._headers["Authorization"] = f"Bearer {self._token}"
        self._open_at = 0.0  # by the monotonic clock

    def _page(self, query: str, page: int) -> list[Hit]:
        if page > PAGES:
            return []
        if not (self._token.isascii() and self._token.isprintable()):
            raise EngineRefused(
                "The environment variable OPENVERSE_TOKEN has characters that no key has: put a key there, or "
                "none, and run the same command again."
            )
        self._wait_until_open()
        answer = self._ask({"q": query, "page": page, "page_size": HITS_A_PAGE})
        self._open_at = time.monotonic() + closed_for(answer.headers)
        hits = [_hit(result) for result in rows(answer.data.get("results")) if not result.get("mature")]
        return [hit for hit in hits if hit.image]

    def _ask(self, question: Mapping[str, str | int]) -> Answer:
        try:
            return get_json(ADDRESS, question, self._headers)
        except Refusal as refusal:
            if refusal.status != 401 or "Authorization" not in self._headers:
                raise
            raise EngineRefused(
                "Openverse does not take the key in the environment variable OPENVERSE_TOKEN, which is good for some "
                "hours only: put a new one there, or none, and run the same command again."
            ) from refusal

    def _wait_until_open(self) -> None:
        left = self._open_at - time.monotonic()
        if left > 0 and not self._patience.wait(0, left):
            raise Refusal("its searches for now are used up", asked=left)


def closed_for(headers: Mapping[str, str]) -> float:
    """Return for how many seconds no search is free, by the headers of an answer.

    Each limit has a name of its own, as in `X-RateLimit-Limit-anon_burst: 20/min` and
    `X-RateLimit-Available-anon_burst: 0`. When a place gets free again is not told, so it is the whole period.

    Args:
        headers: of an answer, with names in lower case.
    """
    used_up = [name.removeprefix(AVAILABLE) for name, left in headers.items() if _is_none_left(name, left)]
    return max((_period(headers.get(LIMIT + name, "")) for name in used_up), default=0.0)


def _is_none_left(name: str, left: str) -> bool:
    return name.startswith(AVAILABLE) and left.strip().startswith(("0", "-"))


def _period(limit: str) -> float:
    """Return the seconds of a limit's period; a minute where it is not told."""
    return SECONDS.get(limit.partition("/")[2].strip()[:1], 60)


def _hit(result: dict[str, Any]) -> Hit:
    return Hit(
        image=text(result.get("url")),
        page=text(result.get("foreign_landing_url")),
        title=text(result.get("title")),
        licence=licence(text(result.get("license")), text(result.get("license_version"))),
        author=text(result.get("creator")),
    )


def licence(code: str, version: str) -> str:
    """Return a licence's usual name: "CC BY-SA 4.0" for `by-sa` and `4.0`, "" where there is no code.

    Args:
        code: as Openverse writes it.
        version: of the licence, or "".
    """
    if not code:
        return ""
    names = {"cc0": "CC0", "pdm": "Public Domain Mark"}
    name = names.get(code) or f"CC {code.upper().replace('SAMPLING', 'Sampling')}"
    return f"{name} {version}".rstrip()
