"""Webs, recipes and runs that the tests of collecting share."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.collect.collect import collect
from recognizer.collect.http.retries import Patience
from recognizer.collect.progress import ClassWatch, unwatched_classes
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from tests.web import SmallWeb
from tests.web_answers import Reply

CLASSES = ("Kilim", "Batik", "Ikat")
PLAIN = 3  # plain JPEGs of each class; a PNG, a WebP, a JPEG on its side, a late one and a flat one are stored besides
STORED = PLAIN + 5
ONCE = Patience(tries=1)  # engines are not asked again, which takes seconds
TIMEOUT = 3  # seconds: what hangs takes so long in every run, and what does not must be done by then on a busy machine


class Web(SmallWeb):
    """A small web whose search can be made to answer otherwise."""

    search: Callable[[str], Reply | None] = staticmethod(lambda address: None)

    def _reply(self, method: str, address: str) -> Reply:
        odd = self.search(address) if address.startswith("https://duckduckgo.com/") else None
        return odd or super()._reply(method, address)


def set_environment(environment: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        environment.delenv(name, raising=False)
        environment.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        environment.setenv(name, value)


def write_recipe(
    folder: Path,
    photos: int,
    queries: dict[str, list[str]] | None = None,
    timeout: float = TIMEOUT,
    examples: bool = False,
) -> Path:
    """A recipe that wants so many photos of each class; a query for each, or those given."""
    classes = queries or {label: [label] for label in CLASSES}
    tables = [f"[[classes]]\nname = {json.dumps(k)}\nqueries = {json.dumps(v)}\n" for k, v in classes.items()]
    path = folder / "cloth.toml"
    settings = f"[collect]\nphotos = {photos}\ntimeout = {timeout}\nexamples = {json.dumps(examples)}\n"
    path.write_text(f'title = "Cloth"\n{settings}' + "".join(tables))
    return path


def share_a_photo(folder: Path) -> None:
    """Let the last class list first what the first class lists second, under an address of its own."""
    path = folder / "web.json"
    web = json.loads(path.read_text())
    original = web["queries"][CLASSES[0]][1]
    copy = original | {"image": "https://mirror.example/copy.jpg"}
    web["queries"][CLASSES[-1]].insert(0, copy)
    web["resources"][copy["image"]] = web["resources"][original["image"]]
    path.write_text(json.dumps(web))


def write_bare_web(folder: Path, queries: dict[str, int]) -> Path:
    """A web that lists only photos that are not to be asked for, which takes no time."""
    results = {
        query: [{"image": f"https://photos.local/{query}/{number}.jpg"} for number in range(count)]
        for query, count in queries.items()
    }
    (folder / "web.json").write_text(json.dumps({"queries": results, "resources": {}}))
    return folder


OFFLINE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}  # where nobody listens


def write_photo_web(folder: Path, query: str, resources: dict[str, dict[str, Any] | None]) -> Path:
    """A web whose query lists these addresses; None stands for a photo, each a different one."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, address in enumerate(resources):
        if resources[address] is None:
            Image.fromarray(np.random.default_rng(number).integers(0, 256, (90, 120, 3), np.uint8)).save(
                folder / f"{number}.jpg"
            )
            resources[address] = {"file": f"{number}.jpg", "type": "image/jpeg"}
    queries = {query: [{"image": address} for address in resources]}
    (folder / "web.json").write_text(json.dumps({"queries": queries, "resources": resources}))
    return folder


def searches(web: SmallWeb) -> list[str]:
    """The pages of hits that were asked for."""
    return [address for address in web.requests if address.startswith("https://duckduckgo.com/i.js")]


def collected(recipe: Path, work: Path, watch: ClassWatch = unwatched_classes) -> dict[str, Any]:
    found = load_recipe(recipe)
    with PhotoStore(work, found.labels) as store:
        return collect(found, store, watch, ONCE)


@dataclass(frozen=True)
class State:
    """All that two stores of one recipe must have in common."""

    photos: list[tuple[str, str]]
    hits: list[tuple[Any, ...]]
    files: dict[str, str]


def read_state(work: Path) -> State:
    with PhotoStore(work, CLASSES) as store:
        photos = [(photo.sha256, photo.label) for photo in store.photos.all()]
        hits = store.database.execute(
            "SELECT label, rank, image, status, reason, photo FROM hits ORDER BY 1, 2"
        ).fetchall()
    files = [path for path in (work / "photos").rglob("*") if path.is_file()]
    digests = {str(path.relative_to(work)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return State(photos, [tuple(hit) for hit in hits], digests)


def assert_same(one: State, other: State) -> None:
    assert set(one.hits) ^ set(other.hits) == set()
    assert one == other


@dataclass(frozen=True)
class Run:
    """A run that nothing disturbed, and the second one after it."""

    folder: Path
    recipe: Path
    work: Path
    report: dict[str, Any]
    state: State
    asked: list[str]
    again: State
    asked_again: list[str]


def take_no_time(folder: Path) -> None:
    """Make nothing of the troubles that take time."""
    web = json.loads((folder / "web.json").read_text())
    for resource in web["resources"].values():
        if resource.get("fault") in ("hang", "slow_drip") or "retry_after" in resource:
            resource.clear()
            resource["status"] = 404
    (folder / "web.json").write_text(json.dumps(web))


def listed(folder: Path) -> dict[str, list[str]]:
    queries = json.loads((folder / "web" / "web.json").read_text())["queries"]
    return {query: [result["image"] for result in results] for query, results in queries.items()}


def kinds(folder: Path) -> dict[str, str]:
    """Address to its trouble."""
    found: dict[str, str] = json.loads((folder / "web" / "faults.json").read_text())
    return found


def content(folder: Path, address: str) -> bytes:
    resource = json.loads((folder / "web" / "web.json").read_text())["resources"][address]
    return Path(folder, "web", resource["file"]).read_bytes()
