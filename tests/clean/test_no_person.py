"""Among photos of people, those that show nobody are raised for a person to look at."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from recognizer.clean.clean import clean
from recognizer.clean.no_person import find_no_person
from recognizer.errors import WeightsUnavailable
from recognizer.faces import detector
from recognizer.faces.detector import INSTALL
from recognizer.recipe import Recipe
from recognizer.review.queue import Filter, read_entries
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from tests.faces.painted import before_cloth, face_place, fill, prepared
from tests.small_sample import store_hit
from tests.small_store import hit


def turned_away(number: int) -> Image.Image:
    """As a photo that shows a face, but for hair where the face would be."""
    picture = before_cloth("", "gingham", number)
    ImageDraw.Draw(picture).ellipse(face_place(number), fill=(60 + number, 45, 35))
    return picture


def map_of_somewhere(number: int) -> Image.Image:
    rng = np.random.default_rng(number)
    picture = Image.new("RGB", (320, 224), (235, 232, 220))
    pen = ImageDraw.Draw(picture)
    for colour in ((160, 200, 230), (190, 215, 170), (200, 80, 60), (120, 120, 120)):
        pen.line([tuple(place) for place in rng.integers(0, 300, (9, 2)).tolist()], fill=colour, width=6)
        pen.text(tuple(rng.integers(0, 200, 2).tolist()), "Somewhere", fill=(30, 30, 30))
    return picture


def store_all(store: PhotoStore, label: str, draw: Callable[[int], Image.Image], count: int) -> set[str]:
    return {store_hit(store, label, hit(draw.__name__, n), prepared(draw(n))) for n in range(count)}


@pytest.fixture
def people(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"people": True, "classes": recipe.classes[:2]})


def test_photos_of_nobody_are_raised_and_those_of_people_who_turn_away_are_not(people: Recipe, tmp_path: Path) -> None:
    with PhotoStore(tmp_path, people.labels) as store:
        fill(store, people.labels, ("",), ("gingham", "ikat"), 20)
        turned = store_all(store, people.labels[0], turned_away, 4)
        maps = store_all(store, people.labels[1], map_of_somewhere, 5)
        report = clean(people, store)
        raised = {issue.photo for issue in store.issues.all() if issue.check == "no_person"}
        assert maps <= raised and not raised & turned and len(raised) <= 6
        decided = {decision.photo for decision in store.decisions.current() if "person" in decision.reason}
        assert report["checks"]["no_person"]["found"] == len(raised) and not decided
        assert (tmp_path / "reports" / "no_person.html").is_file()
        shown = [
            entry.photo.sha256 for entry in read_entries(store, 0.2) if Filter("no_person", state="all").matches(entry)
        ]
        assert set(shown) == raised
        clean(people.model_copy(update={"people": False}), store)
        assert not [issue for issue in store.issues.all() if issue.check == "no_person"]
        assert not (tmp_path / "reports" / "no_person.html").exists()


def test_without_the_detector_the_check_is_left_out_and_a_sentence_says_so(
    people: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(detector, "PACKAGE", "no-such-package")
    blurring = people.model_copy(update={"train": people.train.model_copy(update={"faces": "blur"})})
    with PhotoStore(tmp_path, people.labels) as store:
        fill(store, people.labels, ("",), ("gingham",), 10)
        assert "no_person" not in clean(people, store)["checks"]
        assert f"Photos without people are not looked for, since that needs a package: {INSTALL}." in caplog.text
        with pytest.raises(WeightsUnavailable, match="The recipe has faces blurred"):
            clean(blurring, store)


def scores_by_hand(features: npt.NDArray[np.float64], shows_face: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """How far each photo is from the five nearest other ones with a face, as a score, reckoned one by one."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    far = []
    for place, row in enumerate(unit):
        others = shows_face.copy()
        others[place] = False
        far.append(1 - np.sort(unit[others] @ row)[-5:].mean())
    distances = np.array(far)
    return np.asarray(1 - 0.5 ** (distances / (1.5 * np.quantile(distances[shows_face], 0.99))))


def test_thousands_of_photos_are_compared_with_little_memory() -> None:
    count = 5000
    rng = np.random.default_rng(3)
    shows_face = rng.random(count) < 0.9
    features = rng.normal(size=(count, 6)) + np.where(shows_face, 2.0, rng.uniform(-2, 2, count))[:, None]
    photos = [Photo(str(n), "0" * 16, 400, 300, "Kilim", "Kilim", "", "", "", "", "", Path()) for n in range(count)]
    tracemalloc.start()
    try:
        found = find_no_person(photos, features, shows_face)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 8 * count**2 / 2, "half of what all of them against all would take"
    scores = scores_by_hand(features, shows_face)
    raised = {number: score for number, score in enumerate(scores) if not shows_face[number] and score >= 0.5}
    assert 20 < len(raised) < (~shows_face).sum()
    assert {int(issue.photo): issue.score for issue in found} == pytest.approx(raised)
