"""Whatever one hit comes to, it is that hit's reason, and the collection goes on."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.collect.collect import collect
from recognizer.recipe import load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit
from tests.collect.collecting import ONCE, collected, set_environment, write_recipe
from tests.web import SmallWeb

GOOD = "https://photos.example/good.jpg"
MOVED = "https://photos.example/moved"
BUSY = "https://photos.example/busy"
# Address to its reason; "" for a photo.
ODD = {
    "https://[::1]/x.jpg": "forbidden_address",
    "https://[2606:4700:4700::1111]/x.jpg": "http_404",
    "https://[v1.a]/x.jpg": "bad_address",
    "https://[a]@/x.jpg": "bad_address",
    "https://photos.example:٣/x.jpg": "bad_address",
    "https:////]": "bad_address",
    MOVED: "bad_address",
    BUSY: "",
    GOOD: "",
}


def noise(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (90, 120, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def write_odd_web(folder: Path) -> None:
    for number, name in enumerate(("good", "later")):
        (folder / name).write_bytes(noise(number))
    later = {"file": "later", "type": "image/jpeg"}
    year = {"Retry-After": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"}
    resources: dict[str, Any] = {
        GOOD: {"file": "good", "type": "image/jpeg"},
        MOVED: {"status": 302, "headers": {"Location": "https:////]"}},
        BUSY: {"status": 429, "headers": year, "then": later},
    }
    queries = {"kilim": [{"image": address} for address in ODD], "batik": []}
    (folder / "web.json").write_text(json.dumps({"queries": queries, "resources": resources}))


def reasons(store: PhotoStore) -> dict[str, str]:
    return {row["image"]: row["reason"] for row in store.database.rows("SELECT image, reason FROM hits")}


def test_odd_addresses_and_answers_end_as_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_odd_web(tmp_path)
    recipe = write_recipe(tmp_path, 60, {"Kilim": ["kilim"], "Batik": ["batik"]})
    with SmallWeb(tmp_path) as web:
        set_environment(monkeypatch, web.environment)
        report = collected(recipe, tmp_path / "work")
    with PhotoStore(tmp_path / "work", ["Kilim"]) as store:
        assert reasons(store) == ODD
    assert report["counts"]["stored"] == 2 and report["counts"]["waiting"] == 0


def test_an_address_that_its_engine_cannot_read_is_a_bad_answer(tmp_path: Path) -> None:
    """Such as one that another version of the sample gave."""
    recipe = tmp_path / "cloth.toml"
    classes = "".join(f'[[classes]]\nname = "{name}"\nqueries = ["{name}"]\n' for name in ("Argyle", "Chevron"))
    recipe.write_text(f'title = "Cloth"\n[collect]\nengines = ["sample"]\nphotos = 1\n{classes}')
    odd = ["sample:argyle/9999.jpg", "sample:none/0001.jpg", "no address"]
    with PhotoStore(tmp_path / "work", ["Argyle", "Chevron"]) as store:
        store.hits.add_page("sample", "Argyle", "Argyle", 1, [Hit(address) for address in odd])
        report = collect(load_recipe(recipe), store, patience=ONCE)
    assert report["failures"] == {"bad_answer": len(odd)}
    assert report["labels"] == {"Argyle": 1, "Chevron": 1}
