"""Hugging Face on loopback: the hub's two answers about a Space, and the Space itself, asleep until it is woken."""

import http.client
import http.server
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from tests.browser import serving

SPACE_HOST = "someone-something.hf.space"


@dataclass
class SleepingSpace:
    """A Space in front of a running app.

    Args:
        app: host and port of the app that it forwards to once awake.
        stage: what the hub says while the Space is asleep.
        sdk: what the hub says that the Space is made with.
        awake: set it to wake the Space.
        port: where the HTTPS server listens; every host name of Hugging Face must lead there.
    """

    app: str
    stage: str = "SLEEPING"
    sdk: str = "gradio"
    awake: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def sleep(self, stage: str) -> None:
        """Go back to sleep; the hub says `stage`."""
        self.stage = stage
        self.awake.clear()

    @property
    def resolver_rules(self) -> str:
        """The Chromium switch that leads the two host names here."""
        rules = [f"MAP {host}:443 127.0.0.1:{self.port}" for host in ("huggingface.co", SPACE_HOST)]
        return f"--host-resolver-rules={', '.join(rules)}"


@contextmanager
def sleeping_space(app_url: str, folder: Path) -> Iterator[SleepingSpace]:
    """Serve a sleeping Space over HTTPS, with a certificate written to `folder`."""
    space = SleepingSpace(urlsplit(app_url).netloc)
    handler = type("Handler", (_HuggingFace,), {"space": space})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = _tls(folder).wrap_socket(server.socket, server_side=True)
    with serving(server) as port:
        space.port = port
        yield space


def _tls(folder: Path) -> ssl.SSLContext:
    pem = folder / "huggingface.pem"
    certificate = trustme.CA().issue_cert("huggingface.co", SPACE_HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class _HuggingFace(http.server.BaseHTTPRequestHandler):
    space: SleepingSpace

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.headers["Host"] == SPACE_HOST:
            self._space()
        elif self.path.endswith("/host"):
            self._json({"host": f"https://{SPACE_HOST}"})
        else:
            stage = "RUNNING" if self.space.awake.is_set() else self.space.stage
            self._json({"sdk": self.space.sdk, "runtime": {"stage": stage}})

    do_POST = do_OPTIONS = do_GET

    def _json(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _space(self) -> None:
        if self.space.awake.is_set():
            self._forward()
        else:
            self.send_error(503, "Your Space is asleep")

    def _forward(self) -> None:
        app = http.client.HTTPConnection(self.space.app)
        length = int(self.headers.get("Content-Length", 0))
        headers = dict(self.headers) | {"X-Forwarded-Proto": "https", "X-Forwarded-Host": SPACE_HOST}
        app.request(self.command, self.path, self.rfile.read(length), headers)
        answer = app.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        while part := answer.read1(65536):
            self.wfile.write(part)
            self.wfile.flush()
        app.close()


@contextmanager
def free_port() -> Iterator[int]:
    """A port on which nothing listens, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def forwarding(port: int, url: str, seen: bytearray | None = None) -> Iterator[None]:
    """Let a port lead to the app at `url`; what it is sent is added to `seen`."""
    target = urlsplit(url)

    class Forwarder(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((target.hostname or "", target.port or 80)) as app:
                back = threading.Thread(target=pump, args=(app, self.request), daemon=True)
                back.start()
                pump(self.request, app, seen)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", port), Forwarder) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.shutdown()


def pump(source: socket.socket, sink: socket.socket, seen: bytearray | None = None) -> None:
    """Copy bytes until the source ends or either side is gone."""
    try:
        while part := source.recv(65536):
            if seen is not None:
                seen.extend(part)
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
