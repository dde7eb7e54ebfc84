"""A small web on loopback, for tests and benchmarks on a machine without internet.

It is an HTTP proxy on 127.0.0.1. It accepts CONNECT, ends TLS itself with certificates of its own
authority, and answers out of a folder: `web.json` (image search results and what each address
answers) and the files named in it. It never connects to anything.

    with SmallWeb(folder) as web:
        os.environ.update(web.environment)
        httpx.get("https://photos.example/hat/1.jpg")

or, for another program: `python -m tests.web FOLDER`, which prints the two variables to set.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import signal
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import NamedTuple, Self

import trustme

from tests.web_answers import Answers, Reply, plain

DRIP_SECONDS = 0.5  # between two bytes of a slow photo
MISSING_BYTES = 1000  # what a wrong Content-Length promises too much


class Client(NamedTuple):
    """One connection to a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, content: bytes) -> None:
        """Send bytes; raises ConnectionError where the client has left."""
        self.writer.write(content)
        await self.writer.drain()


async def hang(client: Client, reply: Reply) -> None:
    """Say nothing until the client leaves."""
    await client.reader.read()


async def reset(client: Client, reply: Reply) -> None:
    """Break off with a TCP reset in the middle of the body."""
    await client.send(reply.head() + reply.body[: len(reply.body) // 2])
    connection = client.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


async def slow_drip(client: Client, reply: Reply) -> None:
    """Send the body byte by byte, each after a wait."""
    await client.send(reply.head())
    for position in range(len(reply.body)):
        await client.send(reply.body[position : position + 1])
        await asyncio.sleep(DRIP_SECONDS)


async def wrong_length(client: Client, reply: Reply) -> None:
    """Promise more bytes than come, then close."""
    await client.send(reply.head(MISSING_BYTES) + reply.body)


# The faults that break the connection; a redirect is a fault that does not.
BREAKS: dict[str, Callable[[Client, Reply], Awaitable[None]]] = {
    "hang": hang,
    "reset": reset,
    "slow_drip": slow_drip,
    "wrong_length": wrong_length,
}


class Request(NamedTuple):
    """The part of a request that the answer depends on."""

    method: str
    target: str
    keep_alive: bool


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request on a connection; None where the client has closed it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    method, target, version = head.split("\r\n", 1)[0].split(" ")
    # A request that brings a body is not read further, so the next one could not be found.
    single = version != "HTTP/1.1" or method not in ("GET", "HEAD") or "\r\nconnection: close" in head.lower()
    return Request(method, target, keep_alive=not single)


class SmallWeb:
    """A context manager: inside it the small web answers, from a thread of its own.

    Args:
        folder: holds web.json and the files that it names.

    Attributes:
        environment: HTTPS_PROXY and SSL_CERT_FILE, for the clients; set on entering.
    """

    environment: dict[str, str]

    def __init__(self, folder: Path) -> None:
        self._answers = Answers(folder)
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._requests: list[str] = []
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def requests(self) -> list[str]:
        """The addresses asked so far, in order: a copy, safe to read from any thread."""
        return list(self._requests)

    def __enter__(self) -> Self:
        self._scratch = TemporaryDirectory(prefix="small-web-")
        authority = Path(self._scratch.name, "ca.pem")
        self._authority.cert_pem.write_to_path(authority)
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.environment = {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(authority)}
        self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
        self._thread = Thread(target=self._run, args=(listener,), name="small-web")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._scratch.cleanup()

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._welcome, sock=listener)
        await self._stop.wait()
        server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = self._loop.create_task(self._converse(Client(reader, writer)))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, client: Client) -> None:
        try:
            await self._answer_all(client)
            client.writer.close()
            await client.writer.wait_closed()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            return  # the client left or does not trust the certificate: nobody is there to be told
        finally:
            client.writer.transport.abort()

    async def _answer_all(self, client: Client) -> None:
        origin = ""
        while request := await read_request(client.reader):
            if request.method == "CONNECT" and request.target.endswith(":443"):
                origin = await self._open_tunnel(client, request.target)
            elif not await self._answer(client, request, origin + request.target):
                return

    async def _open_tunnel(self, client: Client, target: str) -> str:
        """Start TLS in the name of the host that the client asked for; return `https://host`."""
        host = target.removesuffix(":443").lower().strip("[]")
        context = self._context(host)
        client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await client.writer.start_tls(context)
        return f"https://[{host}]" if ":" in host else f"https://{host}"

    def _context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]

    async def _answer(self, client: Client, request: Request, address: str) -> bool:
        """Answer one request; return whether the connection stays open."""
        self._requests.append(address)
        reply = self._reply(request.method, address)
        await asyncio.sleep(reply.delay)
        if reply.fault in BREAKS:
            await BREAKS[reply.fault](client, reply)
            return False
        await client.send(reply.head() + (b"" if request.method == "HEAD" else reply.body))
        return request.keep_alive

    def _reply(self, method: str, address: str) -> Reply:
        if method == "CONNECT":
            return plain(404)
        return self._answers.reply(address) if method in ("GET", "HEAD") else plain(405)


def main() -> None:
    """Serve a folder until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.web", description="Serve a small web on loopback.")
    parser.add_argument("folder", type=Path, help="holds web.json and its files")
    folder = parser.parse_args().folder
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # before the thread starts, which inherits it
    with SmallWeb(folder) as web:
        for name, value in web.environment.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        signal.sigwait(endings)


if __name__ == "__main__":
    main()
