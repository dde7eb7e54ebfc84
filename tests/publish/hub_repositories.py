"""What the Hub on loopback (hub.py) holds, and by which questions it is asked."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

TOKEN = "hf_LoopbackTokenThatIsNeverShown"
LARGE = (".onnx", ".pkl", ".jpg", ".png", ".safetensors")  # goes by LFS
_REPOSITORY = r"/(?P<kind>models|datasets|spaces)/(?P<name>[\w.-]+/[\w.-]+)"
# What is asked, by a name for it.
ROUTES = {
    "create": r"POST /api/repos/create",
    "validate": r"POST /api/validate-yaml",
    "tree": rf"GET /api{_REPOSITORY}/tree/\w+",
    "preupload": rf"POST /api{_REPOSITORY}/preupload/main",
    "commit": rf"POST /api{_REPOSITORY}/commit/main",
    "history": rf"GET /api{_REPOSITORY}/commits/\w+",
    "squash": rf"POST /api{_REPOSITORY}/super-squash/main",
    "settings": rf"PUT /api{_REPOSITORY}/settings",
    "kept": rf"GET /api{_REPOSITORY}/lfs-files",
    "purge": rf"POST /api{_REPOSITORY}/lfs-files/batch",
    "runtime": rf"GET /api{_REPOSITORY}/runtime",
    "hardware": rf"POST /api{_REPOSITORY}/hardware",
    "logs": rf"GET /api{_REPOSITORY}/logs/(?P<which>run|build)",
    "info": rf"GET /api{_REPOSITORY}(/revision/\w+)?",
    "batch": r"POST /(?P<path>.+)\.git/info/lfs/objects/batch",
    "large": r"PUT /large/(?P<oid>\w+)",
    "verify": r"POST /verify",
}
ERRORS = {
    401: "Invalid credentials in Authorization header",
    402: "Payment required",
    403: "Forbidden",
    412: "A commit has happened since. Please refresh and try again.",
}


@dataclass
class Repository:
    """One repository: its files, as they are after the last commit, and what was set."""

    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"* text=auto\n"})
    commits: int = 1
    private: bool = False
    made: dict[str, Any] = field(default_factory=dict)
    hardware: str | None = None
    stages: list[str] = field(default_factory=lambda: ["BUILDING", "APP_STARTING", "RUNNING"])
    log: list[str] = field(default_factory=list)
    large: set[str] = field(default_factory=set)  # of the large files that it ever had

    @property
    def sha(self) -> str:
        return f"{self.commits:040x}"


def entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": blob(data)}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": digest(data), "size": len(data), "pointerSize": 130}
    return entry


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()
