"""Forgetting goes on where what the stages have copied of photos is damaged, and keeps none of it in use."""

import json
from pathlib import Path

import numpy as np
import pytest

from recognizer.store.copies import remove_copies

GONE, OTHER = "a" * 64, "b" * 64


def make_run(folder: Path, photos: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "photos.json").write_bytes(photos)
    (folder / "metrics.json").write_text(json.dumps({"round": 1}))
    return folder


@pytest.mark.parametrize("left", [b"", b"junk", b"PK\x03\x04"])
def test_damaged_features_go_and_the_others_lose_a_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, left: bytes
) -> None:
    folder = tmp_path / "features" / "key"
    folder.mkdir(parents=True)
    (folder / "damaged.npz").write_bytes(left)
    np.savez(folder / "whole.npz", photos=np.array([GONE, OTHER]), overall=np.zeros((2, 3)))
    assert remove_copies(tmp_path, {GONE})["features"] == 1
    assert [file.name for file in folder.iterdir()] == ["whole.npz"]
    assert caplog.messages == [f"{folder}/damaged.npz is damaged; it is not used any more."]


@pytest.mark.parametrize("left", [b"", b"[", b"{}"])
def test_a_run_that_does_not_say_what_it_learned_from_is_put_out_of_use(tmp_path: Path, left: bytes) -> None:
    damaged = make_run(tmp_path / "runs" / "1", left)
    whole = make_run(tmp_path / "runs" / "2", json.dumps([OTHER]).encode())
    remove_copies(tmp_path, {GONE})
    assert not (damaged / "metrics.json").exists() and (damaged / "metrics.forgotten.json").is_file()
    assert (whole / "metrics.json").is_file()


def test_a_damaged_model_loses_the_picture_all_the_same(tmp_path: Path) -> None:
    from recognizer.images.decode import sha256

    examples = tmp_path / "model" / "examples"
    examples.mkdir(parents=True)
    (examples / "1.jpg").write_bytes(b"picture")
    (tmp_path / "model" / "model.json").write_text("{")
    assert remove_copies(tmp_path, {sha256(b"picture")})["examples"] == 1
    assert list(examples.iterdir()) == []
