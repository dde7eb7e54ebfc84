"""What is forgotten is gone from everywhere, and does not come back as it was or nearly so."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from typer.testing import CliRunner

from recognizer.cli.commands import app
from recognizer.errors import NotFound, WorkInUse
from recognizer.images.prepare import PreparedPhoto, prepare_photo
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.credits import write_credits
from recognizer.store.forget import erase, find_match, forget, remembered
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Decision, Hit, Issue, LabelQuality, Photo
from tests.paths import ROOT
from tests.small_store import assert_rows_and_files_agree, rows, state

LABELS = ("Paisley", "Tartan")
PHOTOS = 6  # of each label
ONE_PAGE = "https://page.example/many"  # where the last two photos of each label stand


def drawn(seed: int) -> Image.Image:
    """A picture of soft blots, which has much for a perceptual hash to see."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(noise).resize((400, 300), Image.Resampling.BICUBIC)


def prepared(image: Image.Image, quality: int = 95) -> PreparedPhoto:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return prepare_photo(buffer.getvalue())


def hit(label: str, number: int) -> Hit:
    address = f"https://a.example/{label}/{number}.jpg"
    page = ONE_PAGE if number >= PHOTOS - 2 else f"{address}/page"
    return Hit(address, page, f"Titled {label} {number}", "CC0", f"Author of {label} {number}")


def seed(label: str, number: int) -> int:
    return LABELS.index(label) * PHOTOS + number


@pytest.fixture
def recipe() -> Recipe:
    return load_recipe(str(ROOT / "data" / "recipes" / "textiles.toml"))


@pytest.fixture
def store(tmp_path: Path, recipe: Recipe) -> Iterator[PhotoStore]:
    with PhotoStore(tmp_path / "work", recipe.labels) as found:
        search(found, 1)
        fetch(found)
        yield found


def search(store: PhotoStore, page: int) -> None:
    for label in LABELS:
        store.hits.add_page("e", "q", label, page, [hit(label, number) for number in range(PHOTOS)])


def fetch(store: PhotoStore) -> None:
    for label in LABELS:
        for waiting in store.hits.to_fetch(label, 100, ["e"]):
            number = int(Path(waiting.image).stem)
            store.photos.add(waiting.id, prepared(drawn(seed(label, number))))


def offer(store: PhotoStore, photo: PreparedPhoto, address: str = "https://elsewhere.example/1.jpg") -> None:
    """Find a photo at some address, and fetch it."""
    store.hits.add_page("e", Path(address).stem, LABELS[0], 1, [Hit(address, f"{address}/page", "Another title")])
    for waiting in store.hits.to_fetch(LABELS[0], 9, ["e"]):
        store.photos.add(waiting.id, photo)


def traces(work: Path, *words: str) -> list[tuple[str, str]]:
    """Which of these words stand in which files."""
    files = [file for file in work.rglob("*") if file.is_file()]
    return [(file.name, word) for file in files for word in words if word.encode() in file.read_bytes()]


def words_of(store: PhotoStore, photo: Photo) -> list[str]:
    number = Path(photo.image).stem
    return [photo.image, photo.title, photo.author, f"{photo.image}/page", f"{photo.found_as}/{number}.jpg"]


# What goes


def by_sha256(photo: Photo) -> str:
    return photo.sha256


def by_first_digits(photo: Photo) -> str:
    return photo.sha256[:12]


def by_address(photo: Photo) -> str:
    return photo.image


def by_page(photo: Photo) -> str:
    return photo.page


@pytest.mark.parametrize("named", [by_sha256, by_first_digits, by_address, by_page])
def test_a_photo_goes_with_all_that_is_known_of_it(
    store: PhotoStore, recipe: Recipe, named: Callable[[Photo], str]
) -> None:
    photo, other = store.photos.all()[:2]
    store.issues.replace(
        "copy", [Issue(photo.sha256, "copy", 0.9), Issue(other.sha256, "copy", 0.8, None, photo.sha256)]
    )
    store.label_quality.replace([LabelQuality(photo.sha256, photo.label, 0.9)])
    store.decisions.add(Decision(photo.sha256, "keep", "fine", by="ann"))
    write_credits(recipe, store)
    assert len(traces(store.work, *words_of(store, photo))) >= 5
    report = forget(recipe, store, named(photo))
    assert (report["counts"]["photos"], report["counts"]["near_copies"], report["counts"]["hits"]) == (1, 0, 1)
    assert store.photos.get(photo.sha256) is None and not photo.path.exists()
    assert store.issues.all() == [] and store.decisions.current() == [] and rows(store, "SELECT * FROM trust") == []
    assert store.hits.failures() == {"forgotten": 1} and len(store.photos.all()) == 2 * PHOTOS - 1
    assert traces(store.work, *words_of(store, photo)) == []
    assert_rows_and_files_agree(store)


def test_a_page_means_all_photos_found_on_it_and_those_still_to_be_fetched(store: PhotoStore, recipe: Recipe) -> None:
    late = Hit("https://a.example/late.jpg", ONE_PAGE, "A late title")
    store.hits.add_page("e", "q2", LABELS[0], 1, [late])
    counts = forget(recipe, store, ONE_PAGE)["counts"]
    assert (counts["photos"], counts["hits"], store.hits.count("waiting")) == (4, 5, 0)
    assert traces(store.work, ONE_PAGE, late.image, late.title) == []
    store.hits.add_page("e", "q2", LABELS[0], 2, [Hit("https://a.example/later.jpg", ONE_PAGE, "A later title")])
    assert store.hits.count("waiting") == 0 and traces(store.work, ONE_PAGE, "later") == []


def test_near_copies_go_too(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    offer(store, prepared(drawn(0).resize((200, 150)), 70))
    offer(store, prepared(trimmed(drawn(0))), "https://elsewhere.example/2.jpg")
    assert len(store.photos.all()) == 2 * PHOTOS + 2
    counts = forget(recipe, store, photo.sha256)["counts"]
    assert (counts["photos"], counts["near_copies"], counts["hits"]) == (1, 2, 3)
    assert traces(store.work, "elsewhere.example", "Another title") == []


def test_every_hit_of_the_same_bytes_or_address_goes(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    offer(store, prepared(drawn(0)))
    store.hits.add_page("e", "third", LABELS[1], 1, [hit(LABELS[0], 0)])
    assert (store.hits.count("duplicate"), store.hits.count("waiting")) == (1, 1)
    assert forget(recipe, store, photo.sha256)["counts"]["hits"] == 3
    assert store.hits.failures() == {"forgotten": 3}
    assert traces(store.work, "elsewhere.example", *words_of(store, photo)) == []


def test_copies_in_the_work_folder_go(store: PhotoStore, recipe: Recipe) -> None:
    first, second = store.photos.all()[:2]
    model, features, sheet = (
        store.work / "model",
        store.work / "features" / "net-64" / "pooled.npz",
        store.work / "reports/copy.jpg",
    )
    for folder in (model / "examples", features.parent, sheet.parent):
        folder.mkdir(parents=True)
    shutil.copyfile(first.path, model / "examples" / "1.jpg")
    shutil.copyfile(second.path, model / "examples" / "2.jpg")
    examples = [{"file": f"examples/{number}.jpg", "page": photo.page} for number, photo in ((1, first), (2, second))]
    (model / "model.json").write_text(json.dumps({"title": "T", "examples": examples}))
    np.savez(features, photos=np.array([second.sha256, first.sha256]), features=np.array([[2.0], [1.0]], np.float32))
    shutil.copyfile(first.path, sheet)
    half = first.path.with_suffix(".0123abcd.part")
    shutil.copyfile(first.path, half)
    report = forget(recipe, store, first.sha256)
    assert {name: report["counts"][name] for name in ("examples", "features", "sheets")} == dict.fromkeys(
        ("examples", "features", "sheets"), 1
    )
    assert report["again"] == ["export"]
    assert [file.name for file in (model / "examples").iterdir()] == ["2.jpg"] and not (sheet.exists() or half.exists())
    assert json.loads((model / "model.json").read_text()) == {"title": "T", "examples": examples[1:]}
    with np.load(features) as stored:
        assert (stored["photos"].tolist(), stored["features"].tolist()) == ([second.sha256], [[2.0]])


# What does not come back


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((160, 120))


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.15)


def trimmed(image: Image.Image) -> Image.Image:
    return image.crop((18, 12, 382, 288))


def framed(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, 16, "white")


def turned(image: Image.Image) -> Image.Image:
    return image.rotate(2, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def unchanged(image: Image.Image) -> Image.Image:
    return image


@pytest.mark.parametrize("turn", [unchanged, ImageOps.mirror])
@pytest.mark.parametrize("change", [unchanged, smaller, brighter, trimmed, framed, turned])
def test_near_copies_from_elsewhere_do_not_come_back(
    store: PhotoStore, recipe: Recipe, change: Callable[[Image.Image], Image.Image], turn: Callable[..., Image.Image]
) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    before = store.photos.all()
    offer(store, prepared(turn(change(drawn(0))), 80))
    assert store.photos.all() == before and store.hits.failures() == {"forgotten": 2}
    assert_rows_and_files_agree(store)
    store.close()
    assert traces(store.work, "elsewhere.example", "Another title") == []


def test_other_photos_come_as_before(store: PhotoStore, recipe: Recipe) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    for number in range(20):
        offer(store, prepared(drawn(100 + number)), f"https://elsewhere.example/{number}.jpg")
    assert len(store.photos.all()) == 2 * PHOTOS - 1 + 20


def test_a_forgotten_address_is_not_even_fetched(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    forget(recipe, store, photo.sha256)
    search(store, 2)
    assert store.hits.count("waiting") == 0 and store.hits.failures() == {"forgotten": 2}
    assert traces(store.work, *words_of(store, photo)) == []


def test_collecting_again_gives_the_same_store(store: PhotoStore, recipe: Recipe) -> None:
    forget(recipe, store, store.photos.all()[0].sha256)
    before = state(store)
    store.repair()
    fetch(store)
    assert state(store) == before


# Stops, errors, the command


def stopped_after_remembering(store: PhotoStore, photo: Photo) -> None:
    match = find_match(store, photo.image)
    store.forgotten.remember(match.photos, match.addresses)


def stopped_amid_the_files(store: PhotoStore, photo: Photo) -> None:
    stopped_after_remembering(store, photo)
    photo.path.unlink()


def stopped_before_the_credits(store: PhotoStore, photo: Photo) -> None:
    match = find_match(store, photo.image)
    store.forgotten.remember(match.photos, match.addresses)
    erase(store, remembered(store), match.hits)


def stopped_and_collected(store: PhotoStore, photo: Photo) -> None:
    stopped_amid_the_files(store, photo)
    store.repair()
    fetch(store)


STOPS = [stopped_after_remembering, stopped_amid_the_files, stopped_before_the_credits, stopped_and_collected]


@pytest.mark.parametrize("stop", STOPS)
def test_doing_it_again_finishes_what_was_stopped(
    store: PhotoStore, recipe: Recipe, stop: Callable[[PhotoStore, Photo], None]
) -> None:
    photo = store.photos.all()[0]
    write_credits(recipe, store)
    stop(store, photo)
    forget(recipe, store, photo.image)
    assert len(store.photos.all()) == 2 * PHOTOS - 1 and store.hits.failures() == {"forgotten": 1}
    assert traces(store.work, *words_of(store, photo)) == []
    assert_rows_and_files_agree(store)


@pytest.mark.parametrize("what", ["", "0" * 64, "0" * 11, "*", "https://nowhere.example/"])
def test_what_is_not_there_is_one_sentence(store: PhotoStore, recipe: Recipe, what: str) -> None:
    with pytest.raises(NotFound, match=f"No photo in {store.work} has the sha256, address or page"):
        forget(recipe, store, what)
    assert len(store.photos.all()) == 2 * PHOTOS


def test_nothing_is_forgotten_while_a_run_collects(store: PhotoStore, recipe: Recipe) -> None:
    photo = store.photos.all()[0]
    with store.locked(), pytest.raises(WorkInUse):
        forget(recipe, store, photo.sha256)
    assert store.photos.get(photo.sha256) == photo


def test_the_command(store: PhotoStore) -> None:
    photo = store.photos.all()[0]
    arguments = ["forget", "textiles", photo.image, "--work", str(store.work)]
    first, second = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "near copies" in first.output and "forgotten before" in second.output
    arguments[2] = "https://nowhere.example/"
    third = CliRunner().invoke(app, arguments)
    assert third.exit_code == 1 and third.output.startswith("No photo in") and third.output.count("\n") == 1
    assert json.loads((store.work / "reports" / "forget.json").read_text())["counts"]["photos"] == 0
