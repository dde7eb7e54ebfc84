"""The cache of features: rows come back as they were added, and files that are damaged are made anew."""

from pathlib import Path

import numpy as np
import pytest

from recognizer.networks.cache import FeatureCache, newest

ROWS = [("a" * 64, 0), ("a" * 64, 1), ("b" * 64, 0)]


def values(count: int, start: int = 0) -> dict[str, np.ndarray]:
    return {"maps": np.arange(start, start + 6 * count, dtype=np.float16).reshape(count, 2, 3)}


def test_rows_come_back_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "key")
    cache.add(ROWS[:2], values(2))
    cache.add(ROWS[2:], values(1, start=100))
    for opened in (cache, FeatureCache(tmp_path / "key")):
        maps = opened.gather([ROWS[2], ROWS[0], ROWS[2]], ["maps"])["maps"]
        assert (maps == np.stack([values(1, 100)["maps"][0], values(2)["maps"][0], values(1, 100)["maps"][0]])).all()
        assert opened.missing([ROWS[1], ("c" * 64, 0)]) == [("c" * 64, 0)]


def test_a_damaged_file_is_told_and_removed_and_the_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FeatureCache(tmp_path)
    cache.add(ROWS[:1], values(1))
    (whole,) = tmp_path.glob("*.npz")
    kinds = {"empty": b"", "text": b"no numbers", "cut": whole.read_bytes()[:-40], "other": whole.read_bytes()}
    kinds["other"] = kinds["other"].replace(b"\x00\x3c", b"\x01\x3c")  # a value that is not what was written
    for name, data in kinds.items():
        (tmp_path / f"{name}.npz").write_bytes(data)
    cache.add(ROWS[2:], values(1, start=100))
    opened = FeatureCache(tmp_path)
    assert f"{tmp_path}/empty.npz was damaged; what was in it is computed anew." in caplog.messages
    assert len(caplog.messages) == len(kinds)
    assert {file.stem for file in tmp_path.glob("*.npz")}.isdisjoint({"empty", "text", "cut"})
    assert opened.missing(ROWS) == [ROWS[1]]


def test_the_newest_folder_of_a_pattern_is_named(tmp_path: Path) -> None:
    assert newest(tmp_path, "net-pooled-*") is None
    for name in ("net-pooled-288-a", "net-maps-64-b", "other-pooled-288-c"):
        FeatureCache(tmp_path / "features" / name).add(ROWS[:1], values(1))
    assert newest(tmp_path, "net-pooled-*") == tmp_path / "features" / "net-pooled-288-a"
