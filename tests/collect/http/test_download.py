"""Every trouble on the way to a photo ends in its own reason, and none takes more time or memory than it may."""

import asyncio
import gzip
import json
import os
import socket
import ssl
import struct
import time
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
import trustme

from recognizer.collect.http.download import AT_ONCE, AT_ONCE_PER_HOST, TRIES, Downloader
from recognizer.collect.http.errors import DownloadError
from tests.drawn_web import draw_web
from tests.web import SmallWeb

TIMEOUT = 1.5  # seconds
PHOTO = "http://photos.example/1.jpg"
SECURE = "https://photos.example/1.jpg"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Outcome = bytes | str  # the bytes that came, or the reason why none did


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def use(environment: pytest.MonkeyPatch, web: SmallWeb) -> None:
    for name, value in {**web.environment, "HTTP_PROXY": web.environment["HTTPS_PROXY"]}.items():
        environment.setenv(name, value)


async def outcome(downloader: Downloader, address: str) -> Outcome:
    try:
        return await downloader.fetch(address)
    except DownloadError as error:
        return error.reason


def fetch(*addresses: str, timeout: float = TIMEOUT, most_bytes: int = 20_000_000) -> list[Outcome]:
    """Fetch addresses at once."""

    async def ask() -> list[Outcome]:
        async with Downloader(timeout, most_bytes) as downloader:
            return await asyncio.gather(*(outcome(downloader, address) for address in addresses))

    return asyncio.run(ask())


# Against the small web


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_web(tmp_path_factory.mktemp("web"), ["Kilim"], per_class=1, faults=True)


def addresses_of(folder: Path) -> dict[str, str]:
    """Trouble to its address."""
    return {kind: address for address, kind in json.loads((folder / "faults.json").read_text()).items()}


def body(folder: Path, address: str) -> bytes:
    resource = json.loads((folder / "web.json").read_text())["resources"][address]
    return Path(folder, resource.get("then", resource)["file"]).read_bytes()


def test_every_fault_has_its_own_reason(drawn: Path, environment: pytest.MonkeyPatch) -> None:
    expected: dict[str, str] = {f"http_{status}": f"http_{status}" for status in (403, 404, 410, 500)}
    expected |= {"hang": "timeout", "reset": "connection_reset", "slow_drip": "too_slow", "wrong_length": "incomplete"}
    expected |= {"redirect_loop": "too_many_redirects", "redirect_private": "forbidden_address"}
    expected |= {"html_page": "not_an_image"}
    addresses = addresses_of(drawn)
    with SmallWeb(drawn) as web:
        use(environment, web)
        got = dict(zip(addresses, fetch(*addresses.values()), strict=True))
        asked = web.requests
    assert {kind: reason for kind, reason in got.items() if isinstance(reason, str)} == expected
    assert not [address for address in asked if "192.168" in address], "the private address was asked"
    for kind in addresses.keys() - expected.keys():
        assert got[kind] == body(drawn, addresses[kind])
    assert Counter(asked)[addresses["rate_limited_once"]] == 2


def served(folder: Path, environment: pytest.MonkeyPatch, **resources: dict[str, object]) -> tuple[list[Outcome], ...]:
    """Fetch from a small web that has only these resources; return the outcomes and what was asked."""
    named = {f"https://photos.example/{name}": resource for name, resource in resources.items()}
    (folder / "web.json").write_text(json.dumps({"queries": {}, "resources": named}))
    with SmallWeb(folder) as web:
        use(environment, web)
        return fetch(*named), [urlsplit(address).path[1:] for address in web.requests]


def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    outcomes, asked = served(tmp_path, environment, busy={"status": 429, "retry_after": 1, "then": {"status": 410}})
    assert (outcomes, asked) == (["http_410"], ["busy", "busy"])
    assert time.monotonic() - begun >= 1


@pytest.mark.slow
def test_a_server_that_stays_busy_is_given_up(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    resources: dict[str, dict[str, object]] = {
        f"busy{status}": {"status": status, "retry_after": 0} for status in (429, 502, 503, 504)
    }
    outcomes, asked = served(tmp_path, environment, **resources)
    assert outcomes == ["http_429", "http_502", "http_503", "http_504"]
    assert set(Counter(asked).values()) == {TRIES}


def test_a_server_that_wants_a_long_wait_is_not_waited_for(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    """Had it been waited for, the time for the photo would have run out: `timeout`."""
    assert served(tmp_path, environment, busy={"status": 429, "retry_after": 3600}) == (["http_429"], ["busy"])


def test_an_odd_retry_after_is_not_minded(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    odd = {"date": "Wed, 21 Oct 2026 07:28:00 GMT", "square": "\u00b2", "minus": "-1", "empty": ""}
    odd |= {
        "year": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "zone": "Wed, 21 Oct 2015 07:28:00 +99999999999999",
    }
    then = {"status": 410}
    resources: dict[str, dict[str, object]] = {
        name: {"status": 429, "headers": {"Retry-After": value}, "then": then} for name, value in odd.items()
    }
    assert served(tmp_path, environment, **resources)[0] == ["http_410"] * len(odd)


def test_an_unknown_authority_is_a_bad_certificate(drawn: Path, environment: pytest.MonkeyPatch) -> None:
    with SmallWeb(drawn) as web, trustme.CA().cert_pem.tempfile() as other:
        use(environment, web)
        environment.setenv("SSL_CERT_FILE", other)
        assert fetch(SECURE) == ["bad_certificate"]
        assert web.requests == []


@pytest.fixture(scope="module")
def zeros(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A hundred million zeros, packed."""
    plain = bytes(100_000_000)
    return {"gzip": gzip.compress(plain, 9), "br": brotli.compress(plain, quality=5)}


def test_a_packed_bomb_is_too_large_and_never_unpacked_whole(
    tmp_path: Path, environment: pytest.MonkeyPatch, zeros: dict[str, bytes]
) -> None:
    twice = {"gzip, gzip": gzip.compress(zeros["gzip"])}
    for packing, content in (zeros | twice).items():
        (tmp_path / packing).write_bytes(content)
    resources: dict[str, dict[str, object]] = {
        packing.replace(", ", "-"): {"file": packing, "type": "image/jpeg", "headers": {"Content-Encoding": packing}}
        for packing in zeros | twice
    }
    tracemalloc.start()
    outcomes, _ = served(tmp_path, environment, **resources)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcomes == ["too_large", "bad_answer", "bad_answer"]
    assert peak < 60_000_000


def test_a_photo_that_comes_packed_is_unpacked(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    (tmp_path / "good").write_bytes(gzip.compress(b"a photo" * 1000))
    (tmp_path / "bad").write_bytes(b"no gzip at all")
    packed = {"type": "image/jpeg", "headers": {"Content-Encoding": "gzip"}}
    outcomes, _ = served(tmp_path, environment, good={"file": "good", **packed}, bad={"file": "bad", **packed})
    assert outcomes == [b"a photo" * 1000, "bad_answer"]


# Against servers that do what no server should


def against(
    environment: pytest.MonkeyPatch, answer: Answer, address: str = PHOTO, most_bytes: int = 1_000_000
) -> Outcome:
    """Fetch an address through a proxy that answers as told."""

    async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
            await writer.drain()
        except (ConnectionError, ssl.SSLError):
            return  # the client left
        finally:
            writer.close()

    async def ask() -> Outcome:
        server = await asyncio.start_server(answer_and_close, "127.0.0.1", 0)
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            environment.setenv(name, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server, Downloader(TIMEOUT, most_bytes) as downloader:
            return await outcome(downloader, address)

    return asyncio.run(ask())


def saying(content: bytes) -> Answer:
    """An answer of these bytes, and no more."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return answer


def saying_then_waiting(content: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await reader.read()

    return answer


def redirect(location: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEAD + b"Content-Length: 3\r\n\r\nabc", b"abc"),
        (HEAD + b"\r\nabc", b"abc"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "incomplete"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nthree\r\n", "bad_answer"),
        (HEAD + b"Content-Length: 9\r\n\r\nabc", "incomplete"),
        (HEAD + b"Content-Length: many\r\n\r\nabc", "bad_answer"),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc", "bad_answer"),
        (b"", "connection_reset"),
        (b"HTTP/1.1 20", "connection_reset"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "http_204"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc", "http_206"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "http_304"),
        (HEAD.replace(b"image/jpeg", b"text/html; charset=utf-8") + b"\r\n<html>", "not_an_image"),
        (HEAD.replace(b"image/jpeg", b"Text/HTML") + b"\r\n<html>", "not_an_image"),
        (redirect(b"http://127.0.0.1:22/"), "forbidden_address"),
        (redirect(b"http://0x7f.1/"), "forbidden_address"),
        (redirect(b"file:///etc/passwd"), "bad_address"),
        (redirect(b"http://a.example:b/"), "bad_address"),
        (redirect(b"http://xn--a.com/"), "bad_address"),
        (redirect(b"https:////]"), "bad_address"),
        (redirect(b"//]"), "bad_address"),
        (redirect(b"http://[a]@/"), "bad_address"),
        (redirect(b"http://a.example\\@127.0.0.1/"), "bad_address"),
        (redirect(b"http://caf\xe9.example/\xff"), "bad_address"),
        (redirect(b"http://caf\xc3\xa9.example:+80/"), "bad_address"),
    ],
)  # fmt: skip
def test_odd_answers(environment: pytest.MonkeyPatch, content: bytes, expected: Outcome) -> None:
    assert against(environment, saying(content)) == expected


async def tell_what_was_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that answers with the first line of the request, and the user that it was told of."""
    request = await reader.readuntil(b"\r\n\r\n")
    lines = [line for line in request.split(b"\r\n") if line.startswith((b"GET", b"CONNECT", b"Authorization"))]
    writer.write(HEAD + b"\r\n" + b"\n".join(lines))
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://[2606:4700:4700::1111]/x.jpg", b"GET http://[2606:4700:4700::1111]/x.jpg HTTP/1.1"),
        ("http://[2606:4700:4700::1111]:8080/x.jpg", b"GET http://[2606:4700:4700::1111]:8080/x.jpg HTTP/1.1"),
        ("http://me:secret@a.example/b%20%2c?q=%2F+%20#x", b"GET http://a.example/b%20%2c?q=%2F+%20 HTTP/1.1"),
        ("http://134744072/", b"GET http://8.8.8.8/ HTTP/1.1"),
        ("http://m\u00fcnchen.example/\u00fc", b"GET http://xn--mnchen-3ya.example/%C3%BC HTTP/1.1"),
    ],
)  # fmt: skip
def test_an_address_is_asked_for_as_it_was_checked(environment: pytest.MonkeyPatch, address: str, asked: bytes) -> None:
    async def ask() -> Outcome:
        server = await asyncio.start_server(tell_what_was_asked, "127.0.0.1", 0)
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server, Downloader(TIMEOUT) as downloader:
            return await outcome(downloader, address)

    assert asyncio.run(ask()) == asked


def test_a_public_ipv6_address_is_asked_over_tls(environment: pytest.MonkeyPatch) -> None:
    """Through the tunnel of a proxy; where nobody answers there, the connection failed."""
    refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
    address = "https://[2606:4700:4700::1111]/x.jpg"
    assert against(environment, saying(refusal), address) == "connection_failed"


@pytest.mark.parametrize("length", [1_000_001, 10**12])
def test_what_announces_too_much_is_not_read(environment: pytest.MonkeyPatch, length: int) -> None:
    """The server says no more than that, so who reads on gets `too_slow`."""
    announced = HEAD + b"Content-Length: %d\r\n\r\n" % length
    assert against(environment, saying_then_waiting(announced)) == "too_large"


@pytest.mark.parametrize("framing", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_without_end_is_too_large(environment: pytest.MonkeyPatch, framing: bytes) -> None:
    piece = b"10000\r\n" + bytes(0x10000) + b"\r\n" if framing else bytes(0x10000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + framing + b"\r\n")
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()

    assert against(environment, answer) == "too_large"


def test_a_body_that_stops_coming_is_too_slow(environment: pytest.MonkeyPatch) -> None:
    assert against(environment, saying_then_waiting(HEAD + b"Content-Length: 9\r\n\r\nabc")) == "too_slow"


def test_a_head_that_stops_coming_is_a_timeout(environment: pytest.MonkeyPatch) -> None:
    assert against(environment, saying_then_waiting(HEAD)) == "timeout"


def reset(writer: asyncio.StreamWriter) -> None:
    """Break off with a TCP reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("content", [b"", b"HTTP/1.1", HEAD + b"Content-Length: 9\r\n\r\nabc"])
def test_a_reset_is_told(environment: pytest.MonkeyPatch, content: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        reset(writer)

    assert against(environment, answer) == "connection_reset"


def test_a_proxy_that_is_not_there_is_a_failed_connection(environment: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    assert fetch(SECURE) == ["connection_failed"]


@pytest.mark.parametrize("status", [b"403 Forbidden", b"407 Proxy Authentication Required", b"502 Bad Gateway"])
def test_a_proxy_that_refuses_is_a_failed_connection(environment: pytest.MonkeyPatch, status: bytes) -> None:
    refusal = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    assert against(environment, saying(refusal), SECURE) == "connection_failed"


ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def test_a_server_without_tls_is_a_failed_connection(environment: pytest.MonkeyPatch) -> None:
    assert against(environment, saying(ESTABLISHED + b"220 mail.example ESMTP\r\n"), SECURE) == "connection_failed"


@pytest.mark.parametrize("host", ["a..example", ".example.com", "a" * 64 + ".example"])
def test_a_name_that_tls_cannot_take_is_a_bad_answer(environment: pytest.MonkeyPatch, host: str) -> None:
    """Python raises UnicodeError for it, once a proxy has made the tunnel."""
    assert against(environment, saying_then_waiting(ESTABLISHED), f"https://{host}/1.jpg") == "bad_answer"


@pytest.fixture
def authority(environment: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    found = trustme.CA()
    with found.cert_pem.tempfile() as path:
        environment.setenv("SSL_CERT_FILE", path)
        yield found


def over_tls(authority: trustme.CA, name: str, answer: Answer) -> Answer:
    """An answer after a TLS handshake in the name of a host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    async def answer_over_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ESTABLISHED)
        await writer.start_tls(context)
        await reader.readuntil(b"\r\n\r\n")
        await answer(reader, writer)

    return answer_over_tls


def test_a_certificate_for_another_host_is_bad(environment: pytest.MonkeyPatch, authority: trustme.CA) -> None:
    answer = saying(HEAD + b"Content-Length: 3\r\n\r\nabc")
    assert against(environment, over_tls(authority, "photos.example", answer), SECURE) == b"abc"
    assert against(environment, over_tls(authority, "other.example", answer), SECURE) == "bad_certificate"


def test_garbage_in_a_tls_connection_is_a_bad_answer(environment: pytest.MonkeyPatch, authority: trustme.CA) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 9\r\n\r\nabc")
        await writer.drain()
        os.write(writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x40" + bytes(64))
        await reader.read()

    assert against(environment, over_tls(authority, "photos.example", answer), SECURE) == "bad_answer"


def test_a_reset_under_tls_is_told(environment: pytest.MonkeyPatch, authority: trustme.CA) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 9\r\n\r\nabc")
        await writer.drain()
        reset(writer)

    for _ in range(10):
        assert against(environment, over_tls(authority, "photos.example", answer), SECURE) == "connection_reset"


@pytest.mark.parametrize(("hosts", "of_one", "of_all"), [(3, AT_ONCE_PER_HOST, 3 * AT_ONCE_PER_HOST), (24, 2, AT_ONCE)])
def test_few_are_asked_of_one_host_and_not_too_many_of_all(
    environment: pytest.MonkeyPatch, hosts: int, of_one: int, of_all: int
) -> None:
    active: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        host = urlsplit(request.split()[1].decode()).netloc
        active.update([host, "all"])
        for name in (host, "all"):
            most[name] = max(most[name], active[name])
        await asyncio.sleep(0.1)  # the server's own slowness, in which others may come
        active.subtract([host, "all"])
        writer.write(HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
        writer.close()

    async def ask() -> list[Outcome]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server, Downloader(timeout=10) as downloader:
            addresses = [f"http://host{number % hosts}.example/{number}" for number in range(96)]
            return await asyncio.gather(*(outcome(downloader, address) for address in addresses))

    assert asyncio.run(ask()) == [b"abc"] * 96
    assert most.pop("all") == of_all and max(most.values()) >= of_one and max(most.values()) <= AT_ONCE_PER_HOST
