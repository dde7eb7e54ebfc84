"""A quick plain-http web on loopback for benchmarks: a proxy that answers every address out of a folder.

    with PlainWeb(folder) as web:                     # http://any.example/1.jpg is folder/1.jpg
        subprocess.run(command, env=os.environ | web.environment)

It runs in a process of its own, so that it takes neither memory nor Python's lock from who is measured.
"""

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"


class PlainWeb:
    """A context manager: inside it the web answers.

    Args:
        folder: holds the files, which are all read into memory.

    Attributes:
        environment: HTTP_PROXY, for the clients; set on entering.
    """

    environment: dict[str, str]

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self._folder, theirs))
        self._process.start()
        proxy = f"http://127.0.0.1:{ours.recv()}"
        self.environment = {"HTTP_PROXY": proxy, "http_proxy": proxy}
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _serve(folder: Path, parent: Connection) -> None:
    answers = {path.name: _answer(path.read_bytes()) for path in folder.iterdir()}
    asyncio.run(_listen(answers, parent))


def _answer(body: bytes) -> bytes:
    return HEAD.format(len(body)).encode() + body


async def _listen(answers: dict[str, bytes], parent: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Conversation(answers), "127.0.0.1", 0, backlog=1024)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Conversation(asyncio.Protocol):
    """Answers GET requests, which have no body; closes where the client asks for it."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            head, _, self._asked = self._asked.partition(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
            self._transport.write(self._answers[name])
            if b"connection: close" in head.lower():
                self._transport.close()
