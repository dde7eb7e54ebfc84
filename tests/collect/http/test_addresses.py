"""Nothing but the public internet is asked, however an address is spelled and whatever its name resolves to."""

import asyncio
import random
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yarl
from aiohttp.helpers import is_ip_address

from recognizer.collect.http.addresses import PublicResolver, check_address, is_public, proxy_for
from recognizer.collect.http.download import Downloader
from recognizer.collect.http.environment import check_environment
from recognizer.collect.http.errors import DownloadError
from recognizer.errors import RecognizerError

PUBLIC = "93.184.215.14"
UNUSED = "192.88.99.1"  # public by its range, and nobody is there since 2015 (RFC 7526)


def reason(address: str, base: yarl.URL | None = None) -> str:
    with pytest.raises(DownloadError) as caught:
        check_address(address, base)
    return caught.value.reason


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "127。0。0。1", "0",
        "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.13.37", "169.254.169.254", "100.64.0.1", "198.18.0.1",
        "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fec0::1]",
        "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
        "[2002:7f00:1::]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[2001:db8::1]", "[2001::1]", "user@127.0.0.1",
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "foo.local", "foo.local.", "router", "ip6-localhost",
        "localhost.localdomain", "metadata.google.internal", "nas.lan", "nas.home.arpa",
        "0251.0376.43518", "0xa9fea9fe", "127.0.0.1..", "１２７.0.0.1", "①②⑦.0.0.1", "127.0.0.1．", "ⓛocalhost",
        "localhoſt", "localhost。", "[2002:a00:1::]", "[::ffff:169.254.169.254]",
        "a@b@127.0.0.1", "user:p%40ss@[::1]", "8.8.8.8@10.0.0.1", "[2606:4700:4700::1111]@[::1]",
    ],
)  # fmt: skip
def test_this_machine_and_private_networks_are_forbidden(host: str) -> None:
    for address in (f"http://{host}/photo.jpg", f"https://{host}:8443/"):
        assert reason(address) == "forbidden_address"


@pytest.mark.parametrize(
    "host",
    ["example.com", "example.com.", "EXAMPLE.com", "münchen.de", "local.example", "mylocalhost.com", "8.8.8.8",
     "134744072", PUBLIC, "[2606:4700:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]", "[2002:808:808::]"],
)  # fmt: skip
def test_public_hosts_are_allowed(host: str) -> None:
    assert check_address(f"https://{host}/a%20b.jpg?w=3").raw_path_qs == "/a%20b.jpg?w=3"


@pytest.mark.parametrize(
    "address",
    ["", "photo.jpg", "//example.com/a.jpg", "ftp://example.com/a", "file:///etc/passwd", "data:image/png;base64,AA",
     "javascript:alert(1)", "http://", "http:///a.jpg", "https://./", "https://example.com:99999/", "https://a.com:b/",
     "https://[::1/", "https://[x]/", "https://a.com/\n", "https://xn--a.com/", "https://a.com/" + "a" * 100_000,
     "https://[a]@/", "https://@/", "https://:80/", "https:////]", "https:a.com/1.jpg", "https:///a.com/1.jpg",
     "https://a.com:-1/", "https://a.com:+80/", "https://a.com: 80/", "https://a.com:8_0/", "https://a.com:٣/",
     "https://a.com:80:90/", "https://::1/", "https://[v1.a]/", "https://[0x7f::1]/", "https://[::1]x/", "https://a[b].com/",
     "https://1.2.3.4.5/", "https://256.1.1.1/", "https://0127.0.0.1/", "https://a.0x7f/", "https://b.com\\@127.0.0.1/",
     "https://b.com\\.a.com/", "https://127.0.0.1%2e/", "https://%31%32%37.0.0.1/", "https://a%00.com/", "https://a.com%2fb/",
     "https://a b.com/", "https://a.com\t/", "https://a\r\n.com/", "https://a.\u200d.com/", "https://loc\u00adalhost/",
     "https://[::1%25]/", "https://a.com/\ud800",
     "https://8.8.8.8%25x/", "https://a,b.com/"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(address: str) -> None:
    assert reason(address) == "bad_address"


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("HTTPS://EXAMPLE.com", "https://example.com/"),
        ("http://a.com:80/", "http://a.com/"),
        ("http://a.com:443/", "http://a.com:443/"),
        ("https://user:secret@a.com/1.jpg#part", "https://a.com/1.jpg"),
        ("https://münchen.de/ü?q=ü", "https://xn--mnchen-3ya.de/%C3%BC?q=%C3%BC"),
        ("https://☃.net/", "https://xn--n3h.net/"),
        ("https://a。com/", "https://a.com/"),
        ("https://[2606:4700:4700:0::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
        ("https://[2606:4700:4700::1111%25eth0]/", "https://[2606:4700:4700::1111]/"),
        ("https://134744072./", "https://8.8.8.8/"),
        ("https://0x8.8.2056/", "https://8.8.8.8/"),
    ],
)  # fmt: skip
def test_an_address_is_asked_for_in_its_usual_form(address: str, asked: str) -> None:
    assert str(check_address(address)) == asked


@pytest.mark.parametrize(
    "rest",
    ["a%20b.jpg", "a%2Fb%2cc%7Ed%41", "a+b;c=d,e@f:g", "//a//b", "a%zz%", "x?q=a%20b+c&d=%2B%26", "x?next=https://b.com/?y",
     "x?sig=%2F%3d==", "x?{a}`|^"],
)  # fmt: skip
def test_what_is_escaped_or_not_stays_so(rest: str) -> None:
    assert check_address(f"https://a.com/{rest}").raw_path_qs == f"/{rest}"


def test_what_no_request_may_hold_is_escaped() -> None:
    assert check_address('https://a.com/a "b"\u2028{c}?d <e>').raw_path_qs == "/a%20%22b%22%E2%80%A8%7Bc%7D?d%20%3Ce%3E"
    assert check_address("https://a.com/b/../c/./d").raw_path_qs == "/c/d"


BASE = check_address("https://photos.example:8443/d%20e/f.jpg?x=1")


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/z.jpg", "https://photos.example:8443/z.jpg"),
        ("z.jpg?y=%20", "https://photos.example:8443/d%20e/z.jpg?y=%20"),
        ("?y", "https://photos.example:8443/d%20e/f.jpg?y"),
        ("../../z z", "https://photos.example:8443/z%20z"),
        ("//b.com/z", "https://b.com/z"),
        ("http://b.com", "http://b.com/"),
        ("///127.0.0.1/", "https://photos.example:8443/127.0.0.1/"),
        ("\\\\127.0.0.1\\z", "https://photos.example:8443/d%20e/\\\\127.0.0.1\\z"),
        ("/\\127.0.0.1/", "https://photos.example:8443/\\127.0.0.1/"),
    ],
)  # fmt: skip
def test_a_redirect_is_read_from_where_it_stands(location: str, asked: str) -> None:
    assert str(check_address(location, BASE)) == asked


@pytest.mark.parametrize(
    "location",
    ["https:////]", "https:////127.0.0.1/", "https:z.jpg", "http:", "//]", "//[", "//:80", "//[a]@/", "//b.com:٣/",
     "file:///etc/passwd", "http:\\\\127.0.0.1\\", "javascript:alert(1)", "a:b", "/z\r\nX: y", "//1.2.3.4.5/"],
)  # fmt: skip
def test_an_odd_redirect_is_a_bad_address(location: str) -> None:
    assert reason(location, BASE) == "bad_address"


@pytest.mark.parametrize(
    "location", ["//127.0.0.1/", "//0x7f.1", "http://2130706433/", "//user@[::1]:80/", "//localhost:1"]
)
def test_a_redirect_to_the_inside_is_forbidden(location: str) -> None:
    assert reason(location, BASE) == "forbidden_address"


HOSTS = [
    "127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:10.0.0.1]", "localhost", "１２７.0.0.1", "a.com", "ü.de",
    "8.8.8.8", "134744072", "[2606:4700:4700::1111]", "[fe80::1%25e]", "xn--a.com", "1.2.3.4.5", "[v1.a]",
]  # fmt: skip
MARKS = [
    "/", "\\", "@", ":", "?", "#", "[", "]", "%", ".", "。", " ", "\t", "//", "%2f", "%40", "%00", ":80", ":-1", "://",
    "http:", "user:pw@", "/../", "é", "\u2028", "\ud800",
]  # fmt: skip


def put_together_anyhow(draw: random.Random) -> str:
    scheme = draw.choice(["http://", "https://", "//", ""])
    return scheme + "".join(draw.choices(HOSTS + MARKS, k=draw.randint(1, 6)))


@pytest.mark.parametrize("base", [None, BASE])
def test_whatever_is_allowed_can_be_read_in_one_way_only(base: yarl.URL | None) -> None:
    """What aiohttp connects to, what a proxy reads in the text, and what was checked are the same public host."""
    allowed, draw = 0, random.Random(1)
    for _ in range(20_000):
        try:
            url = check_address(address := put_together_anyhow(draw), base)
        except DownloadError as error:
            assert error.reason in ("bad_address", "forbidden_address")
            continue
        allowed += 1
        assert url.raw_user is url.raw_password is None and str(url).isascii() and str(url).isprintable()
        assert urlsplit(str(url)).hostname == httpx.URL(str(url)).raw_host.decode() == url.raw_host, address
        if is_ip_address(url.raw_host):  # aiohttp resolves anything else through `PublicResolver`
            assert is_public(url.raw_host or ""), address
    assert allowed > 400


def test_ip_addresses_with_a_zone_are_judged_by_the_address() -> None:
    assert not is_public("fe80::1%eth0") and is_public("2606:4700:4700::1111")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def proxy(address: str) -> str | None:
    return proxy_for(yarl.URL(address))


def test_without_the_variables_there_is_no_proxy(environment: pytest.MonkeyPatch) -> None:
    assert proxy("https://example.com/") is None


def test_each_scheme_has_its_proxy(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert (proxy("https://a.example/"), proxy("http://a.example/")) == ("http://proxy.example:3128", None)
    environment.setenv("http_proxy", "http://other.example:80")
    assert proxy("http://a.example/") == "http://other.example:80"


def test_all_proxy_stands_in(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALL_PROXY", "http://proxy.example:3128")
    assert proxy("https://a.example/") == proxy("http://a.example/") == "http://proxy.example:3128"


def test_a_proxy_may_end_in_a_line_end(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy.example:3128\n")
    assert proxy("https://a.example/") == "http://proxy.example:3128"
    check_environment()


def test_a_proxy_with_a_line_end_within_is_told_without_its_password(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://me:secret\nword@proxy.example:3128")
    with pytest.raises(
        RecognizerError, match=r"^The proxy http://proxy.example:3128 of the environment cannot be used"
    ):
        check_environment()


def test_a_proxy_may_be_written_without_its_scheme(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "127.0.0.1:3128")
    assert proxy("https://a.example/") == "http://127.0.0.1:3128"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_names_exceptions(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    environment.setenv(name, "photos.example,.wiki.example")
    assert proxy("https://photos.example/") is proxy("https://de.wiki.example/") is None
    assert proxy("https://example.com/") == "http://proxy.example:3128"
    environment.setenv(name, "*")
    assert proxy("https://example.com/") is None


# Connecting


class Names:
    """What names resolve to, from now on and at each look in turn, in the place of the network's name service."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.looks = 0
        monkeypatch.setattr(socket, "getaddrinfo", self._look)

    def _look(self, host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        found = self.answers[min(self.looks, len(self.answers) - 1)]
        self.looks += 1
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(family, *kind, (address, port)) for family, address in zip(families, found, strict=True)]


def refused(host: str, port: int = 9) -> str:
    with pytest.raises(DownloadError) as caught:
        asyncio.run(PublicResolver().resolve(host, port))
    return caught.value.reason


def fetch_failed(address: str, timeout: float = 2) -> str:
    async def fetch() -> bytes:
        async with Downloader(timeout) as downloader:
            return await downloader.fetch(address)

    with pytest.raises(DownloadError) as caught:
        asyncio.run(fetch())
    return caught.value.reason


@pytest.mark.parametrize("host", ["localhost", "localhost.", "127.0.0.1", "::1", "0x7f.1"])
def test_a_name_of_this_machine_is_refused(host: str) -> None:
    assert refused(host) in ("forbidden_address", "unknown_host")
    assert refused("localhost") == refused("127.0.0.1") == "forbidden_address"


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, [PUBLIC, "192.168.1.1"])
    assert refused("photos.example") == "forbidden_address"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "nowhere.invalid"])
def test_a_name_that_cannot_be_resolved_is_unknown(host: str) -> None:
    assert refused(host) == "unknown_host"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "192.168.13.37", "fd00::1", "::ffff:127.0.0.1"]
)
def test_downloads_without_a_proxy_go_through_the_check(environment: pytest.MonkeyPatch, address: str) -> None:
    Names(environment, [address])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family) as server:
        server.settimeout(0)
        assert fetch_failed(f"http://photos.example:{server.getsockname()[1]}/1.jpg") == "forbidden_address"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_checked_address_is_the_one_connected_to(environment: pytest.MonkeyPatch) -> None:
    """A second look at the name would give this machine's address; there is no second look."""
    names = Names(environment, [UNUSED], ["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        reason = fetch_failed(f"http://photos.example:{server.getsockname()[1]}/1.jpg", timeout=0.3)
        assert reason != "forbidden_address"
        with pytest.raises(BlockingIOError):
            server.accept()
    assert names.looks == 1


def test_a_name_that_moves_inside_is_refused_at_the_second_fetch(environment: pytest.MonkeyPatch) -> None:
    names = Names(environment, [UNUSED], ["169.254.169.254"])
    assert fetch_failed("http://photos.example:9/1.jpg", timeout=0.3) != "forbidden_address"
    assert fetch_failed("http://photos.example:9/1.jpg") == "forbidden_address"
    assert names.looks == 2


@pytest.mark.parametrize(
    "address", ["http://a@127.0.0.1@b.example/", "http://b.example\\@127.0.0.1/", "http://b.example#@[::1]/"]
)
def test_no_second_reading_of_an_address_leads_inside(environment: pytest.MonkeyPatch, address: str) -> None:
    """The HTTP client gets the parts that were checked, not the text that they were read from."""
    names = Names(environment, ["127.0.0.1"])
    assert fetch_failed(address) in ("forbidden_address", "bad_address")
    assert names.looks <= 1
