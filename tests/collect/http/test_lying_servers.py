"""Servers that lie: the reason is right, the time is bounded, and nothing inside is asked."""

import asyncio
import gzip
import json
import time
from collections import Counter
from pathlib import Path

import pytest

from recognizer.collect.http.download import REDIRECTS, Downloader
from recognizer.collect.http.robots import has_opted_out
from recognizer.errors import PictureError
from recognizer.images.decode import read_picture
from tests.collect.http.test_download import (
    HEAD,
    TIMEOUT,
    Answer,
    Outcome,
    against,
    environment,
    outcome,
    redirect,
    saying,
    saying_then_waiting,
    served,
)
from tests.drawn_web import PATTERNS, Painter, encode

__all__ = ["environment"]  # a fixture for all tests here
BOUND = 20 * TIMEOUT  # far more than a try may take, for a busy machine; far less than the lies would


def bounded(environment: pytest.MonkeyPatch, answer: Answer) -> Outcome:
    begun = time.monotonic()
    got = against(environment, answer)
    assert time.monotonic() - begun < BOUND
    return got


def photo() -> bytes:
    return encode(Painter(PATTERNS[0], 0.5, (1, 1)).paint(), "JPEG")


def test_a_length_that_is_too_short_cuts_the_photo_off(environment: pytest.MonkeyPatch) -> None:
    whole = photo()
    half = len(whole) // 2

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % half + whole[:half])
        await writer.drain()
        await asyncio.sleep(0.2)  # so that the rest comes by itself, after the photo was taken
        writer.write(whole[half:])

    got = bounded(environment, answer)
    assert got == whole[:half]
    with pytest.raises(PictureError) as caught:
        read_picture(whole[:half])
    assert caught.value.reason == "truncated"


def test_bytes_that_come_together_with_more_than_announced_are_a_bad_answer(environment: pytest.MonkeyPatch) -> None:
    assert bounded(environment, saying(HEAD + b"Content-Length: 3\r\n\r\nabcdef")) == "bad_answer"


def test_what_comes_after_the_announced_length_does_not_reach_the_next_photo(environment: pytest.MonkeyPatch) -> None:
    """The surplus looks like an answer of its own, to whoever uses the connection next."""
    surplus = HEAD + b"Content-Length: 4\r\n\r\nevil"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 3\r\n\r\nabc" + surplus)
        await writer.drain()
        writer.write(HEAD + b"Content-Length: 3\r\n\r\ndef")
        await reader.read()

    async def ask() -> list[Outcome]:
        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
            writer.close()

        server = await asyncio.start_server(welcome, "127.0.0.1", 0)
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server, Downloader(TIMEOUT) as downloader:
            return [await outcome(downloader, f"http://photos.example/{number}.jpg") for number in range(3)]

    assert asyncio.run(ask()) == [b"abc"] * 3


@pytest.mark.parametrize("surplus", [1, 10**6 - 10, 10**17])
def test_a_length_that_is_too_long_is_told(environment: pytest.MonkeyPatch, surplus: int) -> None:
    got = bounded(environment, saying(HEAD + b"Content-Length: %d\r\n\r\nabc" % (3 + surplus)))
    assert got == ("incomplete" if surplus < 10**6 else "too_large")


@pytest.mark.parametrize("lengths", [b"3\r\nContent-Length: 5", b"-3", b"+3", b"3, 5", b"0x3"])
def test_lengths_that_contradict_are_a_bad_answer(environment: pytest.MonkeyPatch, lengths: bytes) -> None:
    assert bounded(environment, saying(HEAD + b"Content-Length: " + lengths + b"\r\n\r\nabcde")) == "bad_answer"


def dripping(first: bytes, piece: bytes) -> Answer:
    """An answer that never ends, a piece every moment."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)

    return answer


def test_a_body_that_drips_without_end_is_too_slow(environment: pytest.MonkeyPatch) -> None:
    assert bounded(environment, dripping(HEAD + b"\r\n", b"x")) == "too_slow"


def test_headers_that_drip_without_end_are_a_timeout(environment: pytest.MonkeyPatch) -> None:
    assert bounded(environment, dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x")) == "timeout"


def test_headers_without_end_are_a_bad_answer(environment: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-Bomb: boom\r\n" * 1000)
            await writer.drain()

    assert bounded(environment, answer) == "bad_answer"


def test_endless_early_hints_are_a_timeout(environment: pytest.MonkeyPatch) -> None:
    assert bounded(environment, dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")) == "timeout"


def test_a_gzip_bomb_is_too_large(environment: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    assert bounded(environment, saying(head + bomb)) == "too_large"


def test_ten_thousand_redirects_are_too_many(environment: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(asked) < 10_000 and (line := await reader.readline()):
            await reader.readuntil(b"\r\n\r\n")
            asked.append(line)
            writer.write(redirect(b"http://host%d.example/%d" % (len(asked), len(asked))))
        writer.close()

    async def ask() -> Outcome:
        server = await asyncio.start_server(welcome, "127.0.0.1", 0)
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server, Downloader(TIMEOUT) as downloader:
            return await outcome(downloader, "http://photos.example/")

    assert asyncio.run(ask()) == "too_many_redirects"
    assert len(asked) == REDIRECTS + 1


def test_slow_redirects_do_not_add_up(environment: pytest.MonkeyPatch) -> None:
    """Each alone is in time; together they are not."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6 * TIMEOUT)  # the server's slowness
        writer.write(redirect(b"http://photos.example/again"))

    assert bounded(environment, answer) == "timeout"


@pytest.mark.parametrize(
    "inside",
    [b"http://127.0.0.1/", b"http://169.254.169.254/latest/meta-data/", b"http://[::1]/", b"//10.0.0.1/x", b"http://2130706433/",
     b"http://localhost/", b"http://192.168.0.1:8080/", b"http://[fd00::1]/", b"http://[::ffff:169.254.169.254]/"],
)  # fmt: skip
def test_redirects_to_the_inside_are_not_followed(environment: pytest.MonkeyPatch, inside: bytes) -> None:
    assert bounded(environment, saying(redirect(inside))) == "forbidden_address"


# Owners who do not want their photos taken

OPTED_OUT = [
    ["noai"], ["NoAI"], ["noimageai"], ["noindex"], ["nofollow, noai"], ["all", "noindex"], ["*: noai"],
    ["ethnic-group-recognizer: noai"], ["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"],
    ["otherbot: nofollow, ethnic-group-recognizer: noimageai"],
]  # fmt: skip
WELCOME = [
    [],
    ["all"],
    ["otherbot: noai"],
    ["otherbot: nofollow, noai"],
    ["nofollow"],
    ["noaition"],
    ["max-image-preview: noai"],
]


@pytest.mark.parametrize("headers", OPTED_OUT)
def test_an_owner_may_opt_out(headers: list[str]) -> None:
    assert has_opted_out(headers, "ethnic-group-recognizer")


@pytest.mark.parametrize("headers", WELCOME)
def test_what_is_said_to_others_or_of_other_things_does_not_count(headers: list[str]) -> None:
    assert not has_opted_out(headers, "ethnic-group-recognizer")


def test_a_photo_that_was_opted_out_is_not_read(environment: pytest.MonkeyPatch) -> None:
    head = HEAD + b"X-Robots-Tag: otherbot: noindex\r\nx-robots-tag: NOIMAGEAI\r\nContent-Length: 3\r\n\r\n"
    assert bounded(environment, saying_then_waiting(head)) == "opted_out"


def test_a_host_that_wants_fewer_at_once_gets_fewer(environment: pytest.MonkeyPatch) -> None:
    active: Counter[str] = Counter()
    most: list[int] = []
    agents: set[str] = set()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        agents.update(line for line in request.decode().split("\r\n") if line.startswith("User-Agent"))
        active["now"] += 1
        most.append(active["now"])
        await asyncio.sleep(0.02)  # the server's slowness, in which others may come
        active["now"] -= 1
        writer.write(HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
        writer.close()

    async def ask() -> list[Outcome]:
        server = await asyncio.start_server(welcome, "127.0.0.1", 0)
        environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        limits = {"upload.example": 2}
        async with server, Downloader(BOUND, contact="me@mail.example", host_limits=limits) as downloader:
            return await asyncio.gather(*(outcome(downloader, f"http://upload.example/{n}") for n in range(12)))

    assert asyncio.run(ask()) == [b"abc"] * 12
    assert max(most) == 2
    (agent,) = agents
    assert agent.startswith("User-Agent: ethnic-group-recognizer/") and agent.endswith(" (me@mail.example)")


def test_who_waits_for_a_busy_server_holds_nobody_up(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    """More are told to wait than may be under way at once; a photo behind them comes all the same, and first."""
    busy: dict[str, dict[str, object]] = {
        f"busy{number}": {"status": 429, "retry_after": 2, "then": {"status": 410}} for number in range(8)
    }
    (tmp_path / "photo").write_bytes(b"abc")
    outcomes, asked = served(tmp_path, environment, **busy, photo={"file": "photo", "type": "image/jpeg"})
    assert outcomes == ["http_410"] * 8 + [b"abc"]
    assert json.dumps(asked).index("photo") < json.dumps(asked).rindex("busy0")
