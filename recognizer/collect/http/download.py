"""Fetch the bytes behind an address, within limits, from the public internet only.

    async with Downloader() as downloader:
        data = await downloader.fetch("https://photos.example/1.jpg")    # or DownloadError with its reason

Reasons: `http_<status>`, `timeout` (no answer), `too_slow` (an answer that does not end in time), `connection_reset`,
`connection_failed`, `unknown_host`, `bad_certificate`, `incomplete` (fewer bytes than announced), `bad_answer`,
`too_many_redirects`, `forbidden_address`, `bad_address`, `too_large`, `not_an_image` (a web page), `opted_out`.
"""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from itertools import count
from types import TracebackType
from typing import TypeVar

import aiohttp
import httpx
import yarl

from recognizer.collect.http.addresses import PublicResolver, check_address, proxy_for
from recognizer.collect.http.errors import DownloadError, reason_of
from recognizer.collect.http.retries import pause_before, retry_after
from recognizer.collect.http.robots import AGENT, has_opted_out, user_agent

AT_ONCE = 64  # connections, most of which wait for an answer
AT_ONCE_PER_HOST = 6
REDIRECTS = 5
TRIES = 3
TRY_AGAIN = {429, 502, 503, 504}

T = TypeVar("T")


class _Busy(Exception):
    """An answer that may be different in a moment."""

    def __init__(self, status: int, asked: float | None) -> None:
        self.status = status
        self.asked = asked


class Downloader:
    """Fetches many addresses at once, at most a few from one host.

    Args:
        timeout: seconds that one try may take, from the first byte sent to the last received.
        most_bytes: largest file accepted.
        contact: a mail address or web address of whoever runs this, told to servers; some want one.
        host_limits: host to how many requests it may get at once, where that is not `AT_ONCE_PER_HOST`.
    """

    def __init__(
        self,
        timeout: float = 20.0,
        most_bytes: int = 20_000_000,
        contact: str = "",
        host_limits: Mapping[str, int] | None = None,
    ) -> None:
        self.timeout = timeout
        self.most_bytes = most_bytes
        self._headers = _headers(contact)
        self._all = asyncio.Semaphore(AT_ONCE)
        self._hosts = _Hosts(host_limits or {})
        self._proxies: dict[tuple[str, str], str | None] = {}  # by scheme and host
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> "Downloader":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.close()

    async def fetch(self, address: str) -> bytes:
        """Return the bytes behind an address; see `fetch_for`."""
        return await self.fetch_for(address, _unchanged)

    async def fetch_for(self, address: str, use: Callable[[bytes], Awaitable[T]]) -> T:
        """Fetch the bytes behind an address and return what `use` makes of them.

        A busy server is asked again after a growing wait. The download counts as one of `AT_ONCE` until `use` is
        done, so that bytes never pile up in memory; whoever waits, for a host or before another try, does not count.

        Args:
            address: of the photo, as it was found.
            use: gets the bytes.

        Raises:
            DownloadError: with the reason.
        """
        url = check_address(address)
        for attempt in count(1):
            try:
                return await self._follow(url, use)
            except _Busy as busy:
                pause = pause_before(attempt, busy.asked) if attempt < TRIES else None
                if pause is None:
                    raise DownloadError(f"http_{busy.status}") from busy
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _follow(self, url: yarl.URL, use: Callable[[bytes], Awaitable[T]]) -> T:
        """Try once, redirects included; each host on the way has its own queue."""
        left = self.timeout
        for _ in range(REDIRECTS + 1):
            async with AsyncExitStack() as slot:
                async with self._hosts[url.raw_host or ""]:
                    await slot.enter_async_context(self._all)
                    begun = time.monotonic()
                    answer = await self._ask(url, left)
                    left -= time.monotonic() - begun
                if isinstance(answer, bytes):
                    return await use(answer)
            url = check_address(answer, url)
        raise DownloadError("too_many_redirects")

    async def _ask(self, url: yarl.URL, seconds: float) -> bytes | str:
        """Return the bytes, or where they have moved; `too_slow` once an answer has begun, `timeout` before."""
        late = "timeout"
        proxy = self._proxy(url)
        try:
            async with (
                asyncio.timeout(seconds),
                self._session(proxy).get(url, proxy=proxy, allow_redirects=False) as response,
            ):
                if response.status in (301, 302, 303, 307, 308) and "Location" in response.headers:
                    return response.headers["Location"]
                late = "too_slow"
                return await self._read(response)
        except TimeoutError as error:
            raise DownloadError(late) from error
        except (aiohttp.ClientError, OSError, ValueError, OverflowError) as error:
            raise DownloadError(reason_of(error)) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        self._check_head(response)
        pieces: list[bytes] = []
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > self.most_bytes:
                raise DownloadError("too_large")
            pieces.append(piece)
        return self._unpack(b"".join(pieces), response.headers.get("Content-Encoding", "identity"))

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

    def _check_head(self, response: aiohttp.ClientResponse) -> None:
        if response.status in TRY_AGAIN:
            raise _Busy(response.status, retry_after(response.headers))
        if response.status != 200:
            raise DownloadError(f"http_{response.status}")
        if has_opted_out(response.headers.getall("X-Robots-Tag", []), AGENT):
            raise DownloadError("opted_out")
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise DownloadError("not_an_image")
        if (response.content_length or 0) > self.most_bytes:
            raise DownloadError("too_large")

    def _proxy(self, url: yarl.URL) -> str | None:
        """Return the proxy for an address; to find one out takes as long as to ask it."""
        key = (url.scheme, url.raw_host or "")
        if key not in self._proxies:
            self._proxies[key] = proxy_for(url)
        return self._proxies[key]

    def _session(self, proxy: str | None) -> aiohttp.ClientSession:
        """Return the session for a proxy, or for none; without one only public addresses are connected to."""
        if proxy not in self._sessions:
            self._sessions[proxy] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=httpx.create_ssl_context(), limit=0, resolver=None if proxy else PublicResolver()
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),  # `_ask` has its own
                auto_decompress=False,
            )
        return self._sessions[proxy]


class _Hosts(dict[str, asyncio.Semaphore]):
    """Host to its queue."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        super().__init__()
        self._limits = limits

    def __missing__(self, host: str) -> asyncio.Semaphore:
        self[host] = asyncio.Semaphore(self._limits.get(host, AT_ONCE_PER_HOST))
        return self[host]


async def _unchanged(data: bytes) -> bytes:
    return data


def _headers(contact: str) -> dict[str, str]:
    return {
        "User-Agent": user_agent(contact),
        "Accept": "image/*,*/*;q=0.5",
        "Accept-Encoding": "identity",  # photos are compressed already
    }
