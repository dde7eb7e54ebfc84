"""A Hub on loopback: what huggingface_hub asks of Hugging Face when it pushes, with repositories in memory.

It keeps commits whole or not at all, as the real one does, takes large files by Git LFS, and counts what it is sent.

    with LoopbackHub() as hub:
        os.environ.update(hub.environment)
        hub.fail("commit", 503)                 # each time, until hub.mend()
        hub.repositories["spaces/me/bags"].files["README.md"]

A test's process sets HF_HUB_DISABLE_XET=1, since large files go elsewhere otherwise, and nobody serves that here.
"""

import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.publish.hub_answers import Handler
from tests.publish.hub_repositories import ERRORS, ROUTES, TOKEN, Repository, digest


class LoopbackHub:
    """The server; `asked` lists what was asked, and `received` how many bytes of files came with it."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.received = 0
        self.faults: dict[str, Callable[[Handler], None]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.hub = self  # type: ignore[attr-defined]
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that is to push here."""
        return {"HF_ENDPOINT": self.address, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}

    def fail(self, what: str, status: int, **headers: str) -> None:
        """Answer a question, one of `ROUTES`, with an error."""

        def fault(handler: "Handler") -> None:
            handler.answer(status, {"error": ERRORS.get(status, "trouble")}, headers)

        self._set(what, 1000, fault)

    def break_off(self, what: str, times: int = 1000, before: Callable[[], None] = lambda: None) -> None:
        """Hang up in the middle of a question; `before` is called first."""

        def fault(handler: "Handler") -> None:
            handler.rfile.read(100)
            before()
            handler.hang_up()

        self._set(what, times, fault)

    def meanwhile(self, what: str, act: Callable[[], None]) -> None:
        """Do something right before a question is answered for the first time."""

        def fault(handler: "Handler") -> None:
            act()
            handler.serve(what)

        self._set(what, 1, fault)

    def _set(self, what: str, times: int, fault: Callable[["Handler"], None]) -> None:
        assert what in ROUTES
        left = iter(range(times))

        def counted(handler: "Handler") -> None:
            if next(left, None) is None:
                self.faults.pop(what, None)
                handler.serve(what)
            else:
                fault(handler)

        self.faults[what] = counted

    def mend(self) -> None:
        """Be well again, and forget what was asked."""
        self.faults.clear()
        self.asked.clear()
        self.received = 0

    def add(self, path: str, files: dict[str, bytes], **facts: Any) -> Repository:
        """Make a repository, such as spaces/me/bags."""
        self.repositories[path] = Repository(files={".gitattributes": b""} | files, **facts)
        return self.repositories[path]


def same_as(files: dict[str, bytes], folder: Path) -> bool:
    """Tell whether a repository holds just the files of a folder, but for what git has to itself."""
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: digest(data) for path, data in files.items()} == {path: digest(data) for path, data in there.items()}
