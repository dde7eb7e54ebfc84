"""A repository on the Hub, what is to be in it, and whether that is there already."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants
from huggingface_hub.hf_api import RepoFile

from recognizer.errors import RecognizerError
from recognizer.store.spaces import MARKER

Files = Mapping[str, Path | bytes]
"""What is to be in a repository: each file's path there, and where its bytes are."""

# What a new repository holds before anything is pushed to it, and a static Space besides.
NEW = {".gitattributes", "README.md"}
WELCOME = {"index.html", "style.css"}


@dataclass(frozen=True)
class Repository:
    """A repository on the Hub.

    Args:
        name: OWNER/NAME.
        kind: "space", "model" or "dataset".
        sdk: of a Space.
        hardware: of a Space, where it is not the usual.
        private: whether only its owner may see it; it is made so where it is not.
    """

    name: str
    kind: str
    sdk: str | None = None
    hardware: str | None = None
    private: bool = False

    @property
    def url(self) -> str:
        """Its page."""
        return f"{constants.ENDPOINT}/{'' if self.kind == 'model' else f'{self.kind}s/'}{self.name}"

    def __str__(self) -> str:
        return f"the {'Space' if self.kind == 'space' else self.kind} {self.name}"


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Args:
        commit: that the repository is at now.
        sent: files that were new or had changed.
        removed: files that were there and are gone.
        size: bytes that were sent.
    """

    commit: str
    sent: int
    removed: int
    size: int


def check_holder(repository: Repository, there: Mapping[str, Any], is_untouched: Callable[[], bool]) -> None:
    """Refuse a repository that holds something else than what was pushed from here.

    Args:
        repository: the repository.
        there: its files.
        is_untouched: tells whether nothing has happened in it since it was made.
    """
    others = sorted(there.keys() - NEW)
    if others and MARKER not in there and not (WELCOME.issuperset(others) and is_untouched()):
        raise RecognizerError(
            f"{repository.url} holds other files, such as {others[0]}; name a new repository, an empty one, or one "
            "that was pushed to from here before."
        )


def is_there(file: RepoFile | None, data: Path | bytes) -> bool:
    """Tell whether the Hub has just these bytes: it knows large files by their sha256, and others as git does."""
    if file is None or file.size != size_of(data):
        return False
    content = data if isinstance(data, bytes) else data.read_bytes()
    if file.lfs:
        return bool(file.lfs.sha256 == hashlib.sha256(content).hexdigest())
    return bool(file.blob_id == hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest())


def size_of(data: Path | bytes) -> int:
    """Return how many bytes a file has."""
    return len(data) if isinstance(data, bytes) else data.stat().st_size
