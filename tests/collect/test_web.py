"""The small web, asked by the clients that the pipeline uses."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from ddgs import DDGS
from ddgs.exceptions import DDGSException
from PIL import Image, ImageOps

from tests.drawn_web import SIZE, draw_web
from tests.paths import ROOT
from tests.web import SmallWeb

CLASSES = ("Kilim", "Batik")
FAST = httpx.Timeout(5, read=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_web(tmp_path_factory.mktemp("web"), CLASSES, per_class=2, faults=True)


@pytest.fixture(scope="module")
def listed(folder: Path) -> dict[str, list[str]]:
    """Every address that each query lists."""
    queries = json.loads((folder / "web.json").read_text())["queries"]
    return {query: [result["image"] for result in results] for query, results in queries.items()}


@pytest.fixture(scope="module")
def kinds(folder: Path) -> dict[str, str]:
    """Trouble to an address that has it."""
    return {kind: address for address, kind in json.loads((folder / "faults.json").read_text()).items()}


@pytest.fixture
def web(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallWeb]:
    with SmallWeb(folder) as running:
        set_environment(monkeypatch, running.environment)
        yield running


@pytest.fixture
def client(web: SmallWeb) -> Iterator[httpx.Client]:
    with httpx.Client(timeout=FAST) as opened:
        yield opened


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in ("https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def write_web(folder: Path, queries: dict[str, int], resources: dict[str, dict[str, object]]) -> Path:
    """A web without pictures: each query lists so many addresses."""
    results = {
        query: [{"image": f"https://a.example/{query}/{n}.jpg", "title": f"{n}"} for n in range(count)]
        for query, count in queries.items()
    }
    (folder / "web.json").write_text(json.dumps({"queries": results, "resources": resources}))
    return folder


def search(web: SmallWeb, query: str, page: int) -> set[str]:
    proxy, authority = web.environment["HTTPS_PROXY"], web.environment["SSL_CERT_FILE"]
    engine = DDGS(proxy=proxy, verify=authority)
    return {hit["image"] for hit in engine.images(query, backend="duckduckgo", page=page, max_results=100)}


def connect(web: SmallWeb, host: str) -> http.client.HTTPSConnection:
    """A tunnel through the proxy, for clients that need to hold the connection."""
    trust = ssl.create_default_context(cafile=web.environment["SSL_CERT_FILE"])
    port = urlsplit(web.environment["HTTPS_PROXY"]).port
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trust)
    connection.set_tunnel(host, 443)
    return connection


def test_ddgs_gets_a_query_page_by_page(tmp_path: Path) -> None:
    with SmallWeb(write_web(tmp_path, {"Hat": 149}, {})) as web:
        first, second = search(web, "Hat", 1), search(web, "hat", 2)
        assert (len(first), len(second), len(first | second)) == (100, 49, 149)
        for query, page in (("Hat", 3), ("no such query", 1)):
            with pytest.raises(DDGSException, match="No results"):
                search(web, query, page)


def test_search_lists_what_web_json_lists(web: SmallWeb, listed: dict[str, list[str]]) -> None:
    assert search(web, "Kilim", 1) == set(listed["Kilim"])


def test_search_wants_its_token(client: httpx.Client) -> None:
    address = "https://duckduckgo.com/i.js"
    assert client.get(address, params={"q": "Kilim"}).status_code == 403
    assert client.get(address, params={"q": "Kilim", "vqd": "4-1"}).status_code == 403
    assert client.get("https://duckduckgo.com/other").status_code == 404


def test_photos_arrive_whole_and_upright(client: httpx.Client, listed: dict[str, list[str]]) -> None:
    forms = []
    for address in listed["Kilim"][:5]:
        image = Image.open(BytesIO(client.get(address).raise_for_status().content))
        forms.append((image.format, image.getexif().get(0x0112, 1)))
        assert ImageOps.exif_transpose(image).size == SIZE
    assert forms == [("JPEG", 1), ("JPEG", 1), ("PNG", 1), ("WEBP", 1), ("JPEG", 6)]


def test_content_type_and_length(client: httpx.Client, kinds: dict[str, str]) -> None:
    types = {"html_page": "text/html", "html_as_jpeg": "image/jpeg", "svg": "image/svg+xml"}
    for kind, expected in (types | {"pixel": "image/gif", "bomb": "image/png"}).items():
        answer = client.get(kinds[kind])
        assert answer.headers["Content-Type"] == expected
        assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_statuses(client: httpx.Client, kinds: dict[str, str], status: int) -> None:
    assert client.get(kinds[f"http_{status}"]).status_code == status


def test_unknown_addresses_are_not_found(web: SmallWeb, client: httpx.Client) -> None:
    asked = ["https://photos.example/none.jpg", "https://10.0.0.1/", "https://[::1]/"]
    assert [client.get(address).status_code for address in asked] == [404, 404, 404]
    with pytest.raises(httpx.ProxyError, match="404"):
        client.get("https://odd.example:8443/")
    assert web.requests == [*asked, "odd.example:8443"]


def test_plain_http_is_answered_from_the_resources(tmp_path: Path) -> None:
    known = "http://a.example/old?size=1"
    with SmallWeb(write_web(tmp_path, {}, {known: {"status": 410}})) as web:
        proxy = web.environment["HTTPS_PROXY"]
        assert httpx.get(known, proxy=proxy).status_code == 410
        assert httpx.get("http://192.168.13.37/photo.jpg", proxy=proxy).status_code == 404
        assert httpx.post(known, proxy=proxy).status_code == 405
        assert httpx.head(known, proxy=proxy).headers["Content-Length"] == "9"


def test_rate_limit_then_photo(client: httpx.Client, kinds: dict[str, str]) -> None:
    first = client.get(kinds["rate_limited_once"])
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    second = client.get(kinds["rate_limited_once"])
    assert (second.status_code, second.headers["Content-Type"]) == (200, "image/jpeg")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("hang", httpx.ReadTimeout),
        ("redirect_loop", httpx.TooManyRedirects),
        ("wrong_length", httpx.RemoteProtocolError),
    ],
)
def test_faults(client: httpx.Client, kinds: dict[str, str], kind: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        client.get(kinds[kind], follow_redirects=True)


def test_reset_in_the_middle(web: SmallWeb, kinds: dict[str, str]) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient(timeout=FAST) as client, client.stream("GET", kinds["reset"]) as answer:
            assert answer.status_code == 200
            await answer.aread()

    # Not the blocking client: before Python 3.11.9 it takes a reset under TLS for a plain end.
    with pytest.raises(httpx.ReadError):
        asyncio.run(ask())


def test_redirect_to_a_private_address(client: httpx.Client, kinds: dict[str, str]) -> None:
    answer = client.get(kinds["redirect_private"])
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).hostname == "192.168.13.37"


def test_slow_drip_never_times_out_between_bytes(client: httpx.Client, kinds: dict[str, str]) -> None:
    with client.stream("GET", kinds["slow_drip"]) as answer:
        assert int(answer.headers["Content-Length"]) > 10_000
        pieces = answer.iter_raw()
        assert [len(next(pieces)), len(next(pieces))] == [1, 1]


def test_drawn_troubles_are_what_they_say(folder: Path, client: httpx.Client, kinds: dict[str, str]) -> None:
    with pytest.raises(Image.DecompressionBombError, match="400000000 pixels"):
        Image.open(BytesIO(client.get(kinds["bomb"]).content))
    with pytest.raises(OSError, match="truncated"):
        Image.open(BytesIO(client.get(kinds["truncated"]).content)).load()
    assert Image.open(BytesIO(client.get(kinds["pixel"]).content)).size == (1, 1)
    flat = Image.open(BytesIO(client.get(kinds["flat_colour"]).content))
    assert len(flat.getcolors(SIZE[0] * SIZE[1]) or []) == 1
    assert len(kinds) == 19


def test_each_picture_is_another_but_for_the_duplicate(
    client: httpx.Client, listed: dict[str, list[str]], kinds: dict[str, str]
) -> None:
    duplicate = kinds["exact_duplicate"]
    label = next(label for label in listed if duplicate in listed[label])
    contents = {address: client.get(address).content for query in listed for address in listed[query][:5]}
    assert len(set(contents.values())) == len(contents)
    assert client.get(duplicate).content == contents[listed[label][0]]


def test_the_same_seed_draws_the_same_web(tmp_path: Path) -> None:
    first, again = (draw_web(tmp_path / name, ["Kilim"], 1, seed=3) for name in ("first", "again"))
    other = draw_web(tmp_path / "other", ["Kilim"], 1, seed=4)
    assert (first / "web.json").read_bytes() == (again / "web.json").read_bytes()
    assert (first / "web.json").read_bytes() != (other / "web.json").read_bytes()


def test_extra_headers_and_delay(tmp_path: Path) -> None:
    resource: dict[str, object] = {"status": 503, "headers": {"X-Served-By": "b"}, "delay": 0.3}
    with SmallWeb(write_web(tmp_path, {}, {"http://a.example/": resource})) as web:
        start = time.monotonic()
        answer = httpx.get("http://a.example/", proxy=web.environment["HTTPS_PROXY"])
        assert time.monotonic() - start >= 0.3
        assert (answer.status_code, answer.headers["X-Served-By"]) == (503, "b")


def test_unknown_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'explode'; there are hang, reset"):
        SmallWeb(write_web(tmp_path, {}, {"https://a.example/": {"fault": "explode"}}))


def test_one_connection_serves_many_photos(web: SmallWeb, listed: dict[str, list[str]]) -> None:
    connection = connect(web, "shop.example")
    for address in [address for address in listed["Kilim"] if "shop.example" in address][:1] * 20:
        connection.request("GET", urlsplit(address).path)
        kept = connection.sock
        answer = connection.getresponse()
        assert (answer.status, answer.read(3)) == (200, b"\xff\xd8\xff")
        answer.read()
        assert connection.sock is kept
    connection.close()
    assert len(web.requests) == 20


def test_two_hundred_clients_at_once(web: SmallWeb, listed: dict[str, list[str]]) -> None:
    address = urlsplit(listed["Kilim"][0])
    connections = [connect(web, address.netloc) for _ in range(200)]
    for connection in connections:
        connection.request("GET", address.path)
    lengths = {len(connection.getresponse().read()) for connection in connections}
    assert len(lengths) == 1 and lengths.pop() > 10_000
    for connection in connections:
        connection.close()


def test_leaving_stops_at_once_and_leaves_nothing(folder: Path, kinds: dict[str, str]) -> None:
    before = threading.enumerate()
    with SmallWeb(folder) as web:
        hanging = [connect(web, urlsplit(kinds[kind]).netloc) for kind in ("hang", "slow_drip") * 3]
        for connection, kind in zip(hanging, ("hang", "slow_drip") * 3, strict=True):
            connection.request("GET", urlsplit(kinds[kind]).path)
    assert threading.enumerate() == before
    assert not Path(web.environment["SSL_CERT_FILE"]).parent.exists()
    for connection in hanging:
        assert received(connection) < 10_000, "it stopped before the photo was through"
        connection.close()


def received(connection: http.client.HTTPConnection) -> int:
    """Count what had come when the other side went away."""
    count = 0
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while more := connection.sock.recv(4096):
            count += len(more)
    return count


def test_runs_alone_until_sigterm(folder: Path, listed: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-X", "dev", "-m", "tests.web", str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(2)]
        environment = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert list(environment) == ["HTTPS_PROXY", "SSL_CERT_FILE"]
        set_environment(monkeypatch, environment)
        assert httpx.get(listed["Kilim"][0]).status_code == 200
        process.terminate()
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors and "ResourceWarning" not in errors
    assert not Path(environment["SSL_CERT_FILE"]).parent.exists()
