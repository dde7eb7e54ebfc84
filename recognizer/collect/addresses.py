"""Which addresses may be asked: http and https on the public internet, checked at the moment of connecting.

A name is resolved here, every address it resolves to is checked, and the connection goes to a checked address, so a
name cannot point somewhere else at a second look. Behind a proxy the proxy resolves names; there the address itself
and every redirect are still checked.
"""

import asyncio
import ipaddress
import socket
import urllib.request
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

# Names that stand for this machine or its network. A name without a dot is always one of these.
INTERNAL = (".localhost", ".localdomain", ".local", ".lan", ".internal", ".home.arpa")
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class DownloadError(Exception):
    """A download that did not give bytes; `reason` is one of the fixed words of a hit's reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_address(address: str) -> httpx.URL:
    """Parse an address and refuse what must not be asked.

    Raises:
        DownloadError: `bad_address` for what is not http or https, `forbidden_address` for a host on this machine
            or on a private network.
    """
    try:
        url = httpx.URL(address)
        host = url.host.rstrip(".")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise DownloadError("bad_address") from error
    if url.scheme not in ("http", "https") or not host or (url.port or 0) > 65535:
        raise DownloadError("bad_address")
    literal = _literal(host)
    allowed = is_public(literal) if literal else "." in host and not host.endswith(INTERNAL)
    if not allowed:
        raise DownloadError("forbidden_address")
    return url


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in NAT64 else None)
    return is_public(str(inner)) if inner else ip.is_global and ip in UNICAST


def proxy_for(url: httpx.URL) -> str | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address, or None."""
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(url.host):
        return None
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _literal(host: str) -> str | None:
    """Return the IP address that a host is written as, odd spellings such as 0x7f.1 included."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


class PublicBackend(httpcore.AsyncNetworkBackend):
    """A network backend for httpcore that connects to public addresses only."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve a name, check every address it has, and connect to the first that answers."""
        addresses = await self._resolve(host, port)
        if not all(is_public(address) for address in addresses):
            raise DownloadError("forbidden_address")
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: a photo is never behind a socket of this machine."""
        raise DownloadError("forbidden_address")

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's own retries."""
        await asyncio.sleep(seconds)

    @staticmethod
    async def _resolve(host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # the latter where a part of the name is empty or too long
            raise DownloadError("unknown_host") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
