"""What the Hub on loopback (hub.py) answers to each question of huggingface_hub."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from tests.publish.hub_repositories import ERRORS, LARGE, ROUTES, TOKEN, Repository, blob, digest, entry


class Hub(Protocol):
    """What an answer is made of: the repositories, the large files, what was asked, and what is to go wrong."""

    repositories: dict[str, Repository]
    large: dict[str, bytes]
    asked: list[str]
    received: int
    faults: dict[str, Callable[[Handler], None]]
    address: str

    def add(self, path: str, files: dict[str, bytes], **facts: Any) -> Repository:
        """Make a repository."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    match: re.Match[str]

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        line = f"{self.command} {unquote(urlsplit(self.path).path)}"
        found = ((name, match) for name, route in ROUTES.items() if (match := re.fullmatch(route, line)))
        what, self.match = next(found, ("", None))  # type: ignore[assignment]
        self.hub.asked.append(what or line)
        if not what:
            self.answer(404, {"error": "no such route"})
        elif what != "large" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"error": ERRORS[401]}, {"X-Error-Message": ERRORS[401]})
        else:
            self.hub.faults[what](self) if what in self.hub.faults else self.serve(what)

    do_GET = do_POST = do_PUT = _handle

    def serve(self, what: str) -> None:
        getattr(self, f"_{what}")()

    def answer(
        self, status: int, value: Any, headers: dict[str, str] | None = None, kind: str = "application/json"
    ) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        if status >= 400:
            self.send_header("Connection", "close")  # what was sent is not read
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _json(self) -> Any:
        return json.loads(self._body() or b"{}")

    def _found(self) -> Repository | None:
        """Return the repository that is asked for, and answer that there is none."""
        found = self.hub.repositories.get(f"{self.match['kind']}/{self.match['name']}")
        if found is None:
            self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        return found

    def _create(self) -> None:
        asked = self._json()
        path = f"{asked.get('type', 'model')}s/{asked['organization']}/{asked['name']}"
        is_new = path not in self.hub.repositories
        if is_new:
            made = self.hub.add(path, {"README.md": b"# new\n"}, made=asked, hardware=asked.get("hardware"))
            made.private = asked.get("visibility") == "private"
        url = f"{self.hub.address}/{path.removeprefix('models/')}"
        self.answer(200 if is_new else 409, {"url": url, "name": path})

    def _info(self) -> None:
        if found := self._found():
            siblings = [{"rfilename": path} for path in found.files]
            facts = {"id": self.match["name"], "sha": found.sha, "private": found.private, "siblings": siblings}
            self.answer(200, {"_id": "1", "likes": 0, "tags": [], "downloads": 0, "disabled": False, **facts})

    def _tree(self) -> None:
        if found := self._found():
            self.answer(200, [entry(path, data) for path, data in found.files.items()])

    def _validate(self) -> None:
        head = self._json()["content"].split("---")
        is_fine = len(head) > 2
        self.answer(200 if is_fine else 400, {"errors": [] if is_fine else [{"message": "no head"}], "warnings": []})

    def _preupload(self) -> None:
        asked = self._json()["files"]
        if found := self._found():
            self.answer(200, {"files": [self._mode(found, one["path"]) for one in asked]})

    def _mode(self, found: Repository, path: str) -> dict[str, Any]:
        data = found.files.get(path)
        oid = None if data is None else digest(data) if path.endswith(LARGE) else blob(data)
        return {
            "path": path,
            "uploadMode": "lfs" if path.endswith(LARGE) else "regular",
            "shouldIgnore": False,
            "oid": oid,
        }

    def _batch(self) -> None:
        objects = []
        for one in self._json()["objects"]:
            actions = {
                "upload": {"href": f"{self.hub.address}/large/{one['oid']}?X-Amz-Signature=secret"},
                "verify": {"href": f"{self.hub.address}/verify"},
            }
            objects.append(one if one["oid"] in self.hub.large else {**one, "actions": actions})
        self.answer(200, {"transfer": "basic", "objects": objects})

    def _large(self) -> None:
        data = self._body()
        self.hub.received += len(data)
        if digest(data) != self.match["oid"]:
            self.answer(400, {"error": "not these bytes"})
        else:
            self.hub.large[self.match["oid"]] = data
            self.answer(200, {})

    def _verify(self) -> None:
        asked = self._json()
        is_there = len(self.hub.large.get(asked["oid"], b"")) == asked["size"]
        self.answer(200 if is_there else 404, {})

    def _commit(self) -> None:
        found = self._found()
        if not found:
            return
        files, changes = dict(found.files), [json.loads(line) for line in self._body().splitlines()]
        parents = {change["value"].get("parentCommit", found.sha) for change in changes if change["key"] == "header"}
        if parents != {found.sha}:
            self.answer(412, {"error": ERRORS[412]})
            return
        for change in changes:
            self._apply(files, **change)
            found.large |= {change["value"]["oid"]} if change["key"] == "lfsFile" else set()
        found.files, found.commits = files, found.commits + 1
        path = f"{self.match['kind']}/{self.match['name']}".removeprefix("models/")
        self.answer(200, {"commitUrl": f"{self.hub.address}/{path}/commit/{found.sha}", "commitOid": found.sha})

    def _apply(self, files: dict[str, bytes], key: str, value: dict[str, Any]) -> None:
        if key == "file":
            files[value["path"]] = base64.b64decode(value["content"])
            self.hub.received += len(files[value["path"]])
        elif key == "lfsFile":
            files[value["path"]] = self.hub.large[value["oid"]]
        elif key == "deletedFile":
            del files[value["path"]]
        else:
            assert key == "header", key

    def _history(self) -> None:
        if found := self._found():
            facts = {"authors": [], "date": "2026-11-26T00:00:00.000Z", "title": "one", "message": ""}
            self.answer(200, [{"id": f"{number:040x}", **facts} for number in range(found.commits)])

    def _squash(self) -> None:
        self._json()
        if found := self._found():
            found.commits = 1
            self.answer(200, {})

    def _kept(self) -> None:
        """List the large files that a repository ever had."""
        if found := self._found():
            facts = {"filename": "", "oid": "", "pushedAt": "2026-11-26T00:00:00.000Z", "ref": None}
            oids = [oid for oid in sorted(found.large) if oid in self.hub.large]
            self.answer(200, [{**facts, "fileOid": oid, "size": len(self.hub.large[oid])} for oid in oids])

    def _purge(self) -> None:
        for oid in self._json()["deletions"]["sha"]:
            del self.hub.large[oid]
        self.answer(200, {})

    def _settings(self) -> None:
        asked = self._json()
        if found := self._found():
            found.private = asked.get("private", asked.get("visibility") == "private")
            self.answer(200, {})

    def _hardware(self) -> None:
        asked = self._json()
        if found := self._found():
            found.hardware = asked["flavor"]
            self._tell_runtime(found)

    def _runtime(self) -> None:
        if found := self._found():
            self._tell_runtime(found)

    def _tell_runtime(self, found: Repository) -> None:
        stage = found.stages.pop(0) if len(found.stages) > 1 else found.stages[0]
        sha = found.sha
        if stage == "FORMER":  # what ran before the last commit
            stage, sha = "RUNNING", "0" * 40
        hardware = {"current": found.hardware, "requested": found.hardware}
        self.answer(200, {"stage": stage, "hardware": hardware, "gcTimeout": None, "sha": sha})

    def _logs(self) -> None:
        if found := self._found():
            events = [json.dumps({"data": line, "timestamp": "2026-11-26T00:00:00.000Z"}) for line in found.log]
            self.answer(200, "".join(f"data: {event}\n\n" for event in events).encode(), kind="text/event-stream")
