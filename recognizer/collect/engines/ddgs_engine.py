"""What the engines asked through the `ddgs` client (https://pypi.org/project/ddgs/) share."""

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import yarl
from ddgs.base import BaseSearchEngine
from ddgs.exceptions import DDGSException
from ddgs.http_client import HttpClient, Response
from ddgs.results import ImagesResult
from lxml.etree import LxmlError

from recognizer.collect.engines.web_engine import TIMEOUT, Refusal, WebEngine
from recognizer.collect.http.addresses import proxy_for
from recognizer.collect.http.retries import Patience
from recognizer.store.rows import Hit

# What ddgs raises where an answer is not built as it expects.
ODD = (ValueError, TypeError, AttributeError, LookupError, RecursionError, LxmlError)


class Result(ImagesResult):
    """A result with its addresses as they came: ddgs's own decodes them, and then many lead nowhere."""

    _normalizers: ClassVar[Mapping[str, Callable[[Any], str]]] = {"title": ImagesResult._normalizers["title"]}


class _Client(HttpClient):
    """ddgs's HTTP client, which treats a refusal like an empty page; here a refusal is an error."""

    def __init__(self, ready: HttpClient) -> None:
        self.client = ready.client

    def request(self, *args: Any, **kwargs: Any) -> Response:
        response = super().request(*args, **kwargs)
        if response.status_code != 200:
            raise Refusal.by_status(response.status_code, response._resp.headers)
        return response


class DdgsEngine(WebEngine):
    """An engine that ddgs can ask; HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured.

    Attributes:
        home: the engine's address, which decides about the proxy.
        client: ddgs's class for the engine.
    """

    home: ClassVar[str]
    client: ClassVar[type[BaseSearchEngine[ImagesResult]]]

    def __init__(self, patience: Patience | None = None) -> None:
        super().__init__(patience)
        proxy = proxy_for(yarl.URL(self.home))
        verify = os.environ.get("SSL_CERT_FILE") or True
        self._client = self.client(proxy=proxy, timeout=int(TIMEOUT), verify=verify)
        self._client.http_client = _Client(self._client.http_client)

    def _page(self, query: str, page: int) -> list[Hit]:
        try:
            results = self._client.search(query, page=page, safesearch="moderate") or []
        except DDGSException as error:
            raise Refusal(str(error), again=True, silent=_is_silence(error.__cause__)) from error
        except ODD as error:
            raise Refusal(f"an odd answer: {error}") from error
        return [Hit(result.image, result.url, result.title) for result in results if result.image]


def _is_silence(error: BaseException | None) -> bool:
    """Tell whether nobody answered, by the kinds of error that ddgs's own HTTP client (primp) has for it."""
    return any(kind.__name__ == "RequestError" for kind in type(error).__mro__)
