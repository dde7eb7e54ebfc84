"""Which addresses may be asked: http and https on the public internet, checked at the moment of connecting.

    url = check_address("https://photos.example/1.jpg")       # or DownloadError
    url = check_address(response.headers["Location"], url)    # where it moved to, checked in the same way

An address is parsed once, by the library that the HTTP client uses too, and the URL is built anew of its checked
parts, so that nobody can read it differently. A name is resolved here, every IP address that it has is checked, and
the connection goes to one of these, so a name cannot point somewhere else when it is resolved a second time. Behind
a proxy the proxy resolves names; there the address itself and every redirect are still checked.
"""

import ipaddress
import re
import socket
import urllib.request
from urllib.parse import quote

import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

from recognizer.collect.http.errors import DownloadError
from recognizer.collect.threads import in_thread

MOST_CHARACTERS = 65_536
# Names that stand for this machine or its network. A name without a dot is always one of these.
INTERNAL = (".localhost", ".localdomain", ".local", ".lan", ".internal", ".home.arpa")
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[a-z0-9._-]+")
_FOUR_NUMBERS = re.compile(r"\d+(\.\d+){3}")
# What may not stand in a path or a query as it is (https://url.spec.whatwg.org/#percent-encoded-bytes).
_NOT_IN_PATH = re.compile(r'[^!-~]|["#<>?`{}]')
_NOT_IN_QUERY = re.compile(r'[^!-~]|["#<>]')


def check_address(address: str, base: yarl.URL | None = None) -> yarl.URL:
    """Return an address as it may be asked for: without user and fragment, its host in the usual form.

    Args:
        address: as it was found.
        base: the checked address that it was found at, where it may be a relative one.

    Raises:
        DownloadError: `bad_address` for what is not http or https, or is written wrongly; `forbidden_address` for a
            host on this machine or on a private network.
    """
    try:
        url = _parse(address, base)
        allowed = _is_allowed(url.raw_host or "")
    except (ValueError, IndexError) as error:  # the latter is yarl's for `http://[a]@/`
        raise DownloadError("bad_address") from error
    if not allowed:
        raise DownloadError("forbidden_address")
    return url


def _parse(address: str, base: yarl.URL | None) -> yarl.URL:
    """Parse an address; ValueError or IndexError where it is written wrongly."""
    if len(address) > MOST_CHARACTERS or _CONTROL.search(address):
        raise ValueError("too long, or with control characters")
    # `encoded`, since yarl would rewrite escapes in the path, and servers sign paths as they are.
    found = yarl.URL(address, encoded=True)
    if found.scheme and not found.raw_host:
        raise ValueError("a scheme without a host")
    if base:
        found = base.join(found)
    if found.scheme not in ("http", "https"):
        raise ValueError("not of the web")
    path, query = _quoted(found.raw_path, _NOT_IN_PATH), _quoted(found.raw_query_string, _NOT_IN_QUERY)
    return _site(found).join(yarl.URL.build(path=path, query_string=query, encoded=True))


def _site(url: yarl.URL) -> yarl.URL:
    """Return scheme, host and port of an address, in the usual form; ValueError where they are written wrongly."""
    port, authority = url.explicit_port, url.raw_authority
    if port is not None and not authority.endswith(f":{port}"):
        raise ValueError("a port in another spelling")
    # Not `encoded`: yarl puts the host in lower case, and in ASCII as the DNS has it.
    site = yarl.URL.build(scheme=url.scheme, host=url.raw_host or "", port=port)
    name = (site.raw_host or "").rstrip(".")
    if literal := _literal(name):
        return site.with_host(literal)
    # `host` is the name in letters; yarl raises ValueError where the ASCII form stands for none.
    if "[" in authority or not _is_name(name) or not site.host:
        raise ValueError("neither a name nor an IP address")
    return site


def _literal(host: str) -> str | None:
    """Return the IP address that a host is written as, odd spellings such as 0x7f.1 included, in the usual one."""
    try:
        return str(ipaddress.ip_address(host)).partition("%")[0]
    except ValueError:
        if _FOUR_NUMBERS.fullmatch(host):  # 0127.0.0.1 is 87.0.0.1 to some programs, and 127.0.0.1 to others
            return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _is_name(host: str) -> bool:
    """Tell whether a host is written like a name in the DNS.

    What ends in a number is an IP address written wrongly (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    aiohttp would take it for a right one, and not ask `PublicResolver`.
    """
    last = host.rpartition(".")[2]
    return bool(_NAME.fullmatch(host)) and not last.isdigit() and not last.startswith("0x")


def _quoted(text: str, unsafe: re.Pattern[str]) -> str:
    """Percent-encode what is not safe, and leave what is encoded already."""
    return unsafe.sub(lambda found: quote(found[0], safe=""), text)


def _is_allowed(host: str) -> bool:
    """Tell whether a checked host is an IP address of the public internet, or a name that may have one."""
    if literal := _literal(host):
        return is_public(literal)
    name = host.rstrip(".")
    return "." in name and not name.endswith(INTERNAL)


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet.

    Args:
        address: as `ipaddress` reads it; a zone such as %eth0 does not count.
    """
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in NAT64 else None)
    return is_public(str(inner)) if inner else ip.is_global and ip in UNICAST


def proxy_for(url: yarl.URL) -> str | None:
    """Return the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for an address, or None.

    Args:
        url: the address, absolute.
    """
    if urllib.request.proxy_bypass(url.host or ""):
        return None
    return proxy_of(url.scheme)


def proxy_of(scheme: str) -> str | None:
    """Return the proxy that the environment names for a scheme, http or https, or None."""
    proxies = urllib.request.getproxies()
    proxy = (proxies.get(scheme) or proxies.get("all") or "").strip() or None
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


class PublicResolver(AbstractResolver):
    """Resolves names for aiohttp, and refuses those that any private address belongs to.

    aiohttp connects to the very addresses returned here, so nothing can change between check and connection.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Args:
            host: its name.
            port: to connect to.
            family: of addresses, IPv4 or IPv6; both by default.

        Raises:
            DownloadError: `unknown_host`, or `forbidden_address` where one of them is not public.
        """
        try:
            found = await in_thread(lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM))
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
