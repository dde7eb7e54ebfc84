"""Which addresses may be asked: http and https on the public internet, checked at the moment of connecting.

A name is resolved here, every address it resolves to is checked, and the connection goes to a checked address, so a
name cannot point somewhere else at a second look. Behind a proxy the proxy resolves names; there the address itself
and every redirect are still checked.
"""

import asyncio
import ipaddress
import socket
import urllib.request

import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

# Names that stand for this machine or its network. A name without a dot is always one of these.
INTERNAL = (".localhost", ".localdomain", ".local", ".lan", ".internal", ".home.arpa")
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class DownloadError(Exception):
    """A download that did not give bytes; `reason` is one of the fixed words of a hit's reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_address(address: str, base: httpx.URL | None = None) -> httpx.URL:
    """Parse an address and refuse what must not be asked.

    Args:
        address: as it was found.
        base: the address that it stands at, where it may be a relative one.

    Raises:
        DownloadError: `bad_address` for what is not http or https, `forbidden_address` for a host on this machine
            or on a private network.
    """
    try:
        url = base.join(address) if base else httpx.URL(address)
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


class PublicResolver(AbstractResolver):
    """Resolves names for aiohttp, and refuses those that any private address belongs to.

    aiohttp connects to the very addresses returned here, so nothing can change between check and connection.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            DownloadError: `unknown_host`, or `forbidden_address` where one of them is not public.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # the latter where a part of the name is empty or too long
            raise DownloadError("unknown_host") from error
        results = [_result(host, port, kind, str(address[0])) for kind, _, _, _, address in found]
        if not all(is_public(result["host"]) for result in results):
            raise DownloadError("forbidden_address")
        return results

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _result(host: str, port: int, family: int, address: str) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)
