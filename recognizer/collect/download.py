"""Fetch the bytes behind an address, within limits, from the public internet only.

    async with Downloader() as downloader:
        data = await downloader.fetch("https://photos.example/1.jpg")    # or DownloadError with its reason

Reasons: `http_<status>`, `timeout` (no answer), `too_slow` (an answer that does not end in time), `connection_reset`,
`connection_failed`, `unknown_host`, `bad_certificate`, `incomplete` (fewer bytes than announced), `bad_answer`,
`too_many_redirects`, `forbidden_address`, `bad_address`, `too_large`, `not_an_image` (a web page).
"""

import asyncio
import random
import ssl
import zlib
from collections import defaultdict
from types import TracebackType

import httpcore
import httpx

from recognizer import __version__
from recognizer.collect.addresses import DownloadError, PublicBackend, check_address, proxy_for

AT_ONCE = 32
AT_ONCE_PER_HOST = 6
REDIRECTS = 5
TRIES = 3
LONGEST_WAIT = 30.0  # seconds; a server that asks for more is not waited for
TRY_AGAIN = {429, 502, 503, 504}
HEADERS = {
    "User-Agent": f"ethnic-group-recognizer/{__version__}",
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",  # photos are compressed already
}


class _Refused(Exception):
    """An answer that may be different in a moment."""

    def __init__(self, status: int, wait: float | None) -> None:
        self.status = status
        self.wait = wait


class Downloader:
    """Fetches many addresses at once, at most a few from one host.

    Args:
        timeout: seconds that one try may take, from the first byte sent to the last received.
        most_bytes: largest file accepted.
    """

    def __init__(self, timeout: float = 20.0, most_bytes: int = 20_000_000) -> None:
        self.timeout = timeout
        self.most_bytes = most_bytes
        self._all = asyncio.Semaphore(AT_ONCE)
        self._hosts: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_HOST))
        self._clients: dict[str | None, httpx.AsyncClient] = {}

    async def __aenter__(self) -> "Downloader":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def fetch(self, address: str) -> bytes:
        """Return the bytes behind an address; a busy server is asked again after a growing wait.

        Raises:
            DownloadError: with the reason.
        """
        host = check_address(address).host
        for attempt in range(1, TRIES + 1):
            try:
                async with self._hosts[host], self._all:
                    return await self._try(address)
            except _Refused as refused:
                wait = refused.wait if refused.wait is not None else 2.0**attempt * random.uniform(0.5, 1.0)
                if attempt == TRIES or wait > LONGEST_WAIT:
                    raise DownloadError(f"http_{refused.status}") from refused
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _try(self, address: str) -> bytes:
        """Fetch once; `too_slow` once an answer has begun, `timeout` before."""
        begun = asyncio.Event()
        try:
            async with asyncio.timeout(self.timeout):
                return await self._follow(address, begun)
        except TimeoutError as error:
            raise DownloadError("too_slow" if begun.is_set() else "timeout") from error
        except (httpx.HTTPError, ssl.SSLError, UnicodeError) as error:  # the last: a redirect to no possible name
            raise DownloadError(_reason(error)) from error

    async def _follow(self, address: str, begun: asyncio.Event) -> bytes:
        url = check_address(address)
        for _ in range(REDIRECTS + 1):
            async with self._client(url).stream("GET", url, headers=HEADERS) as response:
                if response.next_request is None:
                    begun.set()
                    return await self._read(response)
                url = check_address(str(response.next_request.url))
        raise DownloadError("too_many_redirects")

    async def _read(self, response: httpx.Response) -> bytes:
        self._check_head(response)
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self.most_bytes:
                raise DownloadError("too_large")
        return self._unpack(bytes(data), response.headers.get("Content-Encoding", "identity"))

    def _unpack(self, data: bytes, encoding: str) -> bytes:
        """Undo the packing of servers that pack photos unasked, never beyond the limit."""
        if encoding == "identity":
            return data
        if encoding != "gzip":
            raise DownloadError("bad_answer")
        try:
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, self.most_bytes + 1)
        except zlib.error as error:
            raise DownloadError("bad_answer") from error
        if len(unpacked) > self.most_bytes:
            raise DownloadError("too_large")
        return unpacked

    def _check_head(self, response: httpx.Response) -> None:
        if response.status_code in TRY_AGAIN:
            raise _Refused(response.status_code, _retry_after(response))
        if response.status_code != 200:
            raise DownloadError(f"http_{response.status_code}")
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise DownloadError("not_an_image")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self.most_bytes:
            raise DownloadError("too_large")

    def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        """Return the client for an address: through its proxy, or directly and to public addresses only."""
        proxy = proxy_for(url)
        if proxy not in self._clients:
            transport = httpx.AsyncHTTPTransport(proxy=proxy, limits=httpx.Limits(max_connections=None))
            if proxy is None:
                transport._pool = httpcore.AsyncConnectionPool(
                    ssl_context=httpx.create_ssl_context(), max_connections=None, network_backend=PublicBackend()
                )
            self._clients[proxy] = httpx.AsyncClient(transport=transport, timeout=self.timeout)
        return self._clients[proxy]


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _reason(error: Exception) -> str:
    """Name what went wrong on the way."""
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "bad_certificate" if _caused_by(error, ssl.SSLCertVerificationError) else "connection_failed"
    if isinstance(error, httpx.NetworkError):
        return "connection_reset"
    if isinstance(error, httpx.RemoteProtocolError):
        return "incomplete" if "complete message body" in str(error) else _broken_off(error)
    if isinstance(error, httpx.ProxyError):
        return "connection_failed"
    return "bad_answer"


def _broken_off(error: httpx.RemoteProtocolError) -> str:
    return "connection_reset" if "disconnected" in str(error) else "bad_answer"


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
