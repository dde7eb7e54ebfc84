"""From words to photos through the small web, with the search client as it is: complete and told."""

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.collect.collecting import (
    CLASSES,
    PLAIN,
    STORED,
    Run,
    assert_same,
    collected,
    content,
    kinds,
    listed,
    read_state,
    set_environment,
    write_recipe,
)
from tests.web import SmallWeb

FAILED = {
    "http_403": 1, "http_404": 1, "http_410": 1, "http_500": 1, "timeout": 1, "connection_reset": 1, "too_slow": 1,
    "incomplete": 1, "too_many_redirects": 1, "forbidden_address": 1, "not_an_image": 2, "truncated": 1,
    "unsupported_format": 1, "too_small": 1, "too_large": 1,
}  # fmt: skip


def test_every_hit_has_a_row_in_the_order_of_the_search(run: Run) -> None:
    for label, addresses in listed(run.folder).items():
        assert [(hit[1], hit[2]) for hit in run.state.hits if hit[0] == label] == list(enumerate(addresses, start=1))


def test_totals_add_up(run: Run) -> None:
    hits = len(run.state.hits)
    assert hits == sum(map(len, listed(run.folder).values())) == 25 * len(CLASSES) + 1
    expected = {"hits": hits, "stored": STORED * len(CLASSES), "duplicate": len(CLASSES) + 1, "waiting": 0}
    assert run.report["counts"] == expected | {"failed": sum(FAILED.values()) * len(CLASSES)}
    assert run.report["labels"] == dict.fromkeys(CLASSES, STORED)
    assert Counter(hit[3] for hit in run.state.hits) == {
        k: v for k, v in run.report["counts"].items() if v < hits and v
    }


def test_each_fault_ends_as_its_own_reason(run: Run) -> None:
    for label in CLASSES:
        failed = [hit[4] for hit in run.state.hits if hit[0] == label and hit[3] == "failed"]
        assert Counter(failed) == FAILED
    assert run.report["failures"] == {reason: number * len(CLASSES) for reason, number in FAILED.items()}
    reason = {hit[2]: hit[4] for hit in run.state.hits}
    named = {"pixel": "too_small", "bomb": "too_large", "svg": "unsupported_format", "truncated": "truncated"}
    named |= {"hang": "timeout", "slow_drip": "too_slow", "wrong_length": "incomplete", "reset": "connection_reset"}
    named |= {"redirect_private": "forbidden_address", "html_as_jpeg": "not_an_image", "exact_duplicate": "same_bytes"}
    for address, kind in kinds(run.folder).items():
        assert reason[address] == named.get(kind, reason[address])


def test_the_report_is_written(run: Run) -> None:
    written = json.loads((run.work / "reports" / "collect.json").read_text())
    assert written.keys() == run.report.keys() and written["stage"] == "collect" and written["recipe"] == "cloth"
    assert run.report["refused"] == []


def test_rows_and_files_agree(run: Run) -> None:
    assert {f"photos/{label}/{sha256[:16]}.jpg": sha256 for sha256, label in run.state.photos} == run.state.files
    assert {hit[5] for hit in run.state.hits if hit[3] in ("stored", "duplicate")} == {p[0] for p in run.state.photos}


def test_the_same_bytes_are_stored_under_the_first_class(run: Run) -> None:
    original, copy = listed(run.folder)[CLASSES[0]][1], "https://mirror.example/copy.jpg"
    found = {hit[2]: hit for hit in run.state.hits}
    assert found[original][3] == "stored" and found[copy][3:5] == ("duplicate", "same_bytes")
    assert found[copy][5] == found[original][5]
    assert (found[original][5], CLASSES[0]) in run.state.photos


def test_a_photo_on_its_side_is_stored_upright(run: Run) -> None:
    address = listed(run.folder)["Batik"][PLAIN + 2]
    (sha256,) = (hit[5] for hit in run.state.hits if hit[2] == address)
    original = Image.open(io.BytesIO(content(run.folder, address)))
    assert original.getexif()[0x0112] == 6
    with Image.open(run.work / "photos" / "Batik" / f"{sha256[:16]}.jpg") as stored:
        assert not stored.getexif()
        upright = np.asarray(ImageOps.exif_transpose(original), int)
        assert np.abs(np.asarray(stored, int) - upright).mean() < 5


def test_nothing_private_was_asked(run: Run) -> None:
    assert not [address for address in run.asked if "192.168" in address]
    assert not [address for address in run.asked if not address.startswith("https://")]


MAY_BE_THERE = {"http_500", "timeout", "connection_reset", "too_slow", "incomplete"}  # another day


def test_a_second_run_tries_again_what_may_be_there_now_and_asks_nothing_else(run: Run) -> None:
    expected = {hit[2] for hit in run.state.hits if hit[4] in MAY_BE_THERE}
    assert run.asked_again[: len(run.asked)] == run.asked
    assert set(run.asked_again[len(run.asked) :]) == expected and len(expected) == len(MAY_BE_THERE) * len(CLASSES)
    assert run.report["again"] == len(expected)
    assert run.again == run.state


def test_each_photo_was_asked_for_once_but_for_the_busy_and_looping(run: Run) -> None:
    troubles = kinds(run.folder)
    asked = Counter(address for address in run.asked if "duckduckgo.com" not in address)
    for address, times in asked.items():
        trouble = troubles.get(address, "")
        expected = {"rate_limited_once": 2, "redirect_loop": 6}.get(trouble, 1)
        more = trouble == "reset"  # a connection that was used before and breaks off is tried anew
        assert expected <= times <= expected + more, address


@pytest.mark.parametrize("wanted", [1, 5])
def test_a_smaller_target_is_met_exactly(
    run: Run, wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallWeb(run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe := write_recipe(tmp_path, wanted), tmp_path / "work")
        asked = web.requests
        collected(recipe, tmp_path / "work")
        assert web.requests == asked
    assert report["labels"] == dict.fromkeys(CLASSES, wanted)
    assert len(read_state(tmp_path / "work").files) == wanted * len(CLASSES)
    assert report["counts"]["waiting"] > 0


def test_a_larger_target_goes_on_from_a_smaller_one(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = tmp_path / quick_run.recipe.name
    smaller.write_text(quick_run.recipe.read_text().replace("photos = 10", "photos = 2"))
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        for recipe in (smaller, quick_run.recipe):
            collected(recipe, tmp_path / "work")
    assert_same(read_state(tmp_path / "work"), quick_run.state)
