"""What all tests of engines share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.collect.http.retries import Patience
from tests.collect.engines.web import Web


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without what this machine's owner set."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "openverse_token"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
def web(tmp_path: Path, bare: pytest.MonkeyPatch) -> Iterator[Web]:
    with Web(tmp_path) as small:
        for name, value in small.environment.items():
            bare.setenv(name, value)
        yield small


@pytest.fixture
def waits() -> list[float]:
    """How long was waited."""
    return []


@pytest.fixture
def patience(waits: list[float]) -> Patience:
    """Three tries, and no time passes."""
    return Patience(tries=3, sleep=waits.append)
