"""DuckDuckGo's image search, through the `ddgs` client (https://pypi.org/project/ddgs/)."""

import os
from typing import Any

import httpx
from ddgs.engines.duckduckgo_images import DuckduckgoImages
from ddgs.exceptions import DDGSException

from recognizer.collect.addresses import proxy_for
from recognizer.collect.search import Hit
from recognizer.errors import EngineRefused

TIMEOUT = 20  # seconds


class _Client(DuckduckgoImages):
    """ddgs's own engine, which treats a refusal like an empty page; here a refusal is an error."""

    def request(self, *args: Any, **kwargs: Any) -> str:
        response = self.http_client.request(*args, **kwargs)
        if response.status_code != 200:
            raise DDGSException(f"status {response.status_code}")
        return str(response.text)


class DuckDuckGo:
    """Image search at duckduckgo.com, 100 hits a page; HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured."""

    name = "duckduckgo"

    def __init__(self) -> None:
        proxy = proxy_for(httpx.URL("https://duckduckgo.com"))
        self._client = _Client(proxy=proxy, timeout=TIMEOUT, verify=os.environ.get("SSL_CERT_FILE") or True)

    def search(self, query: str, page: int) -> list[Hit]:
        """Return a page of hits; see `Engine.search`."""
        try:
            results = self._client.search(query, page=page, safesearch="moderate") or []
        except (DDGSException, ValueError, TypeError, AttributeError) as error:  # the last three: an odd answer
            raise EngineRefused(
                f"DuckDuckGo would not answer for “{query}” ({error}). What was found so far is kept: "
                "wait some minutes and run the same command again."
            ) from error
        return [Hit(result.image, result.url or "", result.title or "") for result in results if result.image]
