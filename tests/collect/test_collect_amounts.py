"""Every class gets its number, whatever stands in the way of others; trouble on this machine is told."""

import asyncio
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from recognizer.collect.engines.sample import SampleEngine
from recognizer.collect.filling import UNDER_WAY, Filling
from recognizer.collect.progress import ClassProgress
from recognizer.collect.searches import Searches
from recognizer.errors import Unwritable, WorkInUse
from recognizer.images.prepare import PreparedPhoto
from recognizer.recipe import PhotoClass
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Hit, WaitingHit
from tests.collect.collecting import (
    CLASSES,
    TIMEOUT,
    Run,
    Web,
    assert_same,
    collected,
    content,
    read_state,
    set_environment,
    write_bare_web,
    write_recipe,
)
from tests.web import SmallWeb

# Enough of each class


def test_copies_do_not_count(quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same picture in another size is another file, but no more of a class."""
    web = json.loads((quick_run.folder / "web" / "web.json").read_text())
    results = web["queries"]["Kilim"]
    picture = Image.open(io.BytesIO(content(quick_run.folder, results[0]["image"])))
    copies = []
    for size in ((200, 150), (300, 225), (360, 270)):
        file = tmp_path / f"{size[0]}.png"
        picture.resize(size).save(file)
        copies.append({"image": f"https://copies.example/{file.name}"})
        web["resources"][copies[-1]["image"]] = {"file": str(file), "type": "image/png"}
    web["queries"]["Kilim"] = [results[0], *copies, *results[1:]]
    for resource in web["resources"].values():
        if "file" in resource:
            resource["file"] = str(quick_run.folder / "web" / resource["file"])
    (tmp_path / "web.json").write_text(json.dumps(web))
    with SmallWeb(tmp_path) as small_web:
        set_environment(monkeypatch, small_web.environment)
        report = collected(write_recipe(tmp_path, 3, {"Kilim": ["Kilim"], "Batik": ["Batik"]}), tmp_path / "work")
    assert report["short"] == {} and report["labels"]["Batik"] == 3
    with PhotoStore(tmp_path / "work", CLASSES) as store:
        assert store.photos.usable("Kilim") == 3 and store.hits.count("stored", "Kilim") > 3


def test_a_large_class_is_not_counted_anew_for_each_photo(tmp_path: Path) -> None:
    many, counted = 5 * UNDER_WAY, []
    with PhotoStore(tmp_path, ["Kilim"]) as store:
        hits = [Hit(f"https://a.example/{number}.jpg") for number in range(2 * many)]
        store.hits.add_page("sample", "Kilim", "Kilim", 1, hits)
        searches = Searches({"sample": SampleEngine()}, store)

        async def settle(hit: WaitingHit) -> None:
            await asyncio.sleep(0)
            if hit.id % 3:
                store.photos.add(hit.id, PreparedPhoto(b"", f"{hit.id:064x}", f"{hit.id // 2:016x}", 4, 3))
            else:
                store.hits.fail(hit.id, "http_404")

        async def fill() -> None:
            filling = Filling(PhotoClass(name="Kilim", queries=["kilim"]), many, store, searches, settle)
            async with asyncio.TaskGroup() as tasks:
                await filling.fill(tasks)

        store.database._db.set_trace_callback(lambda words: counted.append("count(DISTINCT phash)" in words))
        asyncio.run(fill())
        store.database._db.set_trace_callback(None)
        assert store.photos.usable("Kilim") == many
        last = store.database.number("SELECT max(id) FROM hits WHERE status <> 'waiting'")
        assert store.hits.count("waiting") == 2 * many - last, "none was taken beyond the last that was needed"
    assert sum(counted) < many / 5


def test_a_class_with_mostly_faults_reaches_its_number(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred dead links stand before the photos, on one host which lets few in at once."""
    web = json.loads((quick_run.folder / "web" / "web.json").read_text())
    dead = [{"image": f"https://dead.example/{number}.jpg"} for number in range(100)]
    web["queries"]["Kilim"] = dead + web["queries"]["Kilim"]
    copy = Path(shutil.copytree(quick_run.folder / "web", tmp_path / "web"))
    (copy / "web.json").write_text(json.dumps(web))
    with SmallWeb(copy) as small_web:
        set_environment(monkeypatch, small_web.environment)
        report = collected(write_recipe(tmp_path, 6), tmp_path / "work")
    assert report["labels"] == dict.fromkeys(CLASSES, 6) and report["failures"]["http_404"] >= 100


@pytest.mark.slow
def test_a_slow_host_does_not_hold_other_classes(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = json.loads((quick_run.folder / "web" / "web.json").read_text())
    slow = [f"https://slow.example/{number}.jpg" for number in range(12)]
    web["queries"]["Kilim"] = [{"image": address} for address in slow] + web["queries"]["Kilim"]
    web["resources"] |= {address: {"fault": "hang"} for address in slow}
    copy = Path(shutil.copytree(quick_run.folder / "web", tmp_path / "web"))
    (copy / "web.json").write_text(json.dumps(web))
    seen: list[dict[str, ClassProgress]] = []
    with SmallWeb(copy) as small_web:
        set_environment(monkeypatch, small_web.environment)
        recipe = write_recipe(tmp_path, 6, timeout=TIMEOUT)
        collected(recipe, tmp_path / "work", lambda classes: seen.append({one.label: one for one in classes}))
    assert any(one["Batik"].usable == 6 and one["Kilim"].failed == 0 for one in seen)
    assert all(one.usable == one.wanted == 6 for one in seen[-1].values())


def test_work_under_way_does_not_grow_with_the_hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bare_web(tmp_path, {f"kilim {number}": 500 for number in range(6)})
    tasks: list[int] = []
    with Web(tmp_path) as web:
        set_environment(monkeypatch, web.environment)
        recipe = write_recipe(tmp_path, 3000, {"Kilim": [f"kilim {number}" for number in range(6)], "Batik": ["none"]})
        report = collected(recipe, tmp_path / "work", lambda _: tasks.append(len(asyncio.all_tasks())))
    assert report["counts"]["failed"] == 3000
    assert max(tasks) <= UNDER_WAY + 10


# Trouble on this machine


def test_a_second_run_at_once_is_told(quick_run: Run, tmp_path: Path) -> None:
    with PhotoStore(tmp_path, CLASSES) as store, store.locked(), pytest.raises(WorkInUse):
        collected(quick_run.recipe, tmp_path)


def test_a_folder_that_cannot_be_written_is_told_and_a_later_run_goes_on(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").write_text("no folder")
    with SmallWeb(quick_run.folder / "web") as web:
        set_environment(monkeypatch, web.environment)
        with pytest.raises(Unwritable):
            collected(quick_run.recipe, tmp_path)
        (tmp_path / "photos").unlink()
        collected(quick_run.recipe, tmp_path)
    assert_same(read_state(tmp_path), quick_run.state)
