"""Asks web services that answer in JSON; HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honoured."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import yarl

from recognizer.collect.engines.web_engine import TIMEOUT, Refusal
from recognizer.collect.http.addresses import proxy_for

MOST_BYTES = 10_000_000  # of one answer, unpacked


class Answer(NamedTuple):
    """The object that a service answered, and the headers that came with it."""

    data: dict[str, Any]
    headers: httpx.Headers


def get_json(address: str, params: Mapping[str, str | int], headers: Mapping[str, str]) -> Answer:
    """Ask a service once.

    Args:
        address: of the service, https.
        params: the question, as the address's query.
        headers: to send.

    Raises:
        Refusal: there was no answer, or one that is no JSON object.
    """
    try:
        response, body = _fetch(address, params, headers)
    except (httpx.LocalProtocolError, UnicodeEncodeError):  # whose words quote the header, which may be a key
        raise Refusal("a header that cannot be sent") from None
    except httpx.HTTPError as error:
        silent = isinstance(error, httpx.TimeoutException | httpx.NetworkError | httpx.ProxyError)
        raise Refusal(str(error) or type(error).__name__, again=True, silent=silent) from error
    if response.status_code != 200:
        raise Refusal.by_status(response.status_code, response.headers)
    return Answer(_parse(body), response.headers)


def _fetch(address: str, params: Mapping[str, str | int], headers: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
    proxy, verify = proxy_for(yarl.URL(address)), httpx.create_ssl_context()
    body = bytearray()
    with httpx.stream(
        "GET", address, params=params, headers=headers, proxy=proxy, verify=verify, timeout=TIMEOUT, trust_env=False
    ) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise Refusal("an answer without end")
    return response, bytes(body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal("an answer that is no JSON") from error
    if not isinstance(data, dict):
        raise Refusal("an answer that is no JSON object")
    return data


def table(value: object) -> dict[str, Any]:
    """Take a JSON object as it is and anything else for an empty one, as PHP writes empty objects: `[]`.

    Args:
        value: a part of an answer.
    """
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, Any]]:
    """Return the objects in a JSON list.

    Args:
        value: a part of an answer.

    Raises:
        Refusal: it is no list.
    """
    if not isinstance(value, list):
        raise Refusal("an answer without a list of results")
    return [row for row in value if isinstance(row, dict)]
