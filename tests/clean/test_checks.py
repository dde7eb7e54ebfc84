"""The checks on made-up pictures and features, where what is true is known."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from recognizer.clean import duplicates, quality
from recognizer.clean.cross_validation import out_of_fold, teaching_folds
from recognizer.clean.features import PhotoFeatures
from recognizer.clean.label_noise import LabelNoise, fit_noise
from recognizer.clean.label_quality import LabelEstimate, LdaSettings, choose_settings, estimate_labels, reduce_features
from recognizer.clean.registration import SIDE, likeness, read_measured, read_planes
from recognizer.clean.rules import decide_labels, surest
from recognizer.sample.cloth import photograph
from recognizer.sample.patterns import PATTERNS
from recognizer.store.rows import Issue, Photo

Change = Callable[[Image.Image], Image.Image]
Drawing = Callable[[], Image.Image]


def picture(seed: int) -> Image.Image:
    """Draw a plain ground with shapes of many sizes."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 300), tuple(random.integers(60, 220, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, width, height = (random.random(4) * (400, 300, 90, 90)).tolist()
        draw.ellipse((x, y, x + width, y + height), fill=tuple(random.integers(0, 255, 3).tolist()))
    return image


def photo(path: Path, image: Image.Image, label: str = "Tartan") -> Photo:
    image.save(path, quality=90)
    return Photo(path.stem, "0" * 16, image.width, image.height, label, label, "", "", "", "", "", path)


def stamped(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).text((150, 140), "EXAMPLE", fill="white", font_size=40)
    return copy


CHANGES: dict[str, Change] = {
    "scaled": lambda image: image.resize((150, 112)),
    "cropped": lambda image: image.crop((40, 30, 400, 300)),
    "brightened": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "bordered": lambda image: ImageOps.expand(image, 25, "white"),
    "watermarked": stamped,
    "turned": lambda image: image.rotate(2, Image.Resampling.BILINEAR, fillcolor="white"),
    "mirrored": ImageOps.mirror,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_a_copy(tmp_path: Path, change: Change) -> None:
    for seed in range(3):
        one = photo(tmp_path / f"one{seed}.jpg", picture(seed))
        other = photo(tmp_path / f"other{seed}.jpg", change(picture(seed)))
        assert likeness(*read_planes([one.path, other.path])) >= duplicates.COPY


def test_a_large_watermark_makes_no_doubt(tmp_path: Path) -> None:
    marked = picture(3)
    ImageDraw.Draw(marked).text((20, 110), "EXAMPLE", fill="white", font_size=60)
    paths = [photo(tmp_path / name, one).path for name, one in (("a.png", picture(3)), ("b.png", marked))]
    assert likeness(*read_planes(paths)) > 0.8


def test_another_shot_that_differs_in_its_finest_detail_only_is_no_copy(tmp_path: Path) -> None:
    def shot(seed: int) -> Image.Image:
        fine = np.random.default_rng(seed).normal(0, 30, (300, 400, 1))
        return Image.fromarray((np.asarray(picture(1)) + fine).clip(0, 255).astype(np.uint8))

    photos = [photo(tmp_path / f"{name}.png", shot(seed)) for name, seed in (("one", 1), ("other", 2))]
    planes = read_planes([one.path for one in photos])
    assert likeness(planes[0], planes[1]) > duplicates.COPY, "small pictures do not tell"
    assert duplicates.find_duplicates(photos, np.ones((2, 3)), planes) == []
    same = [photos[0], photo(tmp_path / "same.jpg", shot(1))]
    assert duplicates.find_duplicates(same, np.ones((2, 3)), read_planes([one.path for one in same])) != []


def test_other_pictures_are_no_copies(tmp_path: Path) -> None:
    planes = read_planes([photo(tmp_path / f"{seed}.jpg", picture(seed)).path for seed in range(8)])
    assert all(likeness(planes[a], planes[b]) < duplicates.COPY for a in range(8) for b in range(a))


def test_plain_pictures_are_no_copies_of_each_other(tmp_path: Path) -> None:
    plain = [photo(tmp_path / f"{grey}.png", Image.new("RGB", (80, 80), (grey,) * 3)) for grey in (20, 20, 200)]
    planes = read_planes([one.path for one in plain])
    assert likeness(planes[0], planes[1]) == likeness(planes[0], planes[2]) == 0.0


def test_the_best_copy_is_kept_and_another_label_is_a_conflict(tmp_path: Path) -> None:
    photos = [
        photo(tmp_path / "small.jpg", picture(1).resize((200, 150))),
        photo(tmp_path / "large.jpg", picture(1)),
        photo(tmp_path / "elsewhere.jpg", picture(1).resize((300, 225)), "Batik"),
        photo(tmp_path / "stranger.jpg", picture(2)),
    ]
    issues = duplicates.find_duplicates(photos, np.eye(4) + 1, read_planes([one.path for one in photos]))
    assert {(issue.photo, issue.check, issue.twin) for issue in issues} == {
        ("small", "duplicate", "large"),
        ("elsewhere", "conflict", "large"),
    }
    assert [decision.photo for decision in duplicates.decide_duplicates(issues)] == ["small"]


def found_poor(photos: list[Photo]) -> list[Issue]:
    return quality.find_poor(photos, *read_measured([one.path for one in photos], quality.measure_drawing), 224)


def test_many_pictures_are_not_all_in_memory_as_floats() -> None:
    count = 3000
    planes = np.random.default_rng(0).integers(0, 255, (count, SIDE, SIDE), dtype=np.uint8)
    photos = [Photo(str(number), "0" * 16, 400, 300, "", "", "", "", "", "", "", Path()) for number in range(count)]
    tracemalloc.start()
    try:
        quality.find_poor(photos, planes, np.full((count, 2), 0.5), 224)
        assert tracemalloc.get_traced_memory()[1] < 3 * planes.nbytes  # as floats, they take eight times as much
    finally:
        tracemalloc.stop()


def test_poor_pictures_are_named(tmp_path: Path) -> None:
    poor = {
        "empty": Image.new("RGB", (400, 300), "grey"),
        "tiny": picture(50).resize((60, 45)),
        "blurred": picture(51).filter(ImageFilter.GaussianBlur(14)),
        "dark": ImageEnhance.Brightness(picture(52)).enhance(0.3),
        "light": picture(53).point(lambda value: 190 + value // 4),
    }
    photos = [photo(tmp_path / f"{name}.png", image) for name, image in poor.items()]
    photos += [photo(tmp_path / f"good{seed}.png", picture(seed)) for seed in range(30)]
    issues = found_poor(photos)
    assert {(name, name) for name in poor} <= {(issue.photo, issue.check) for issue in issues}
    assert sum(issue.photo.startswith("good") for issue in issues) <= 2
    assert [decision.photo for decision in quality.decide_poor(issues)] == ["empty"]


def lettered(image: Image.Image, colour: str, size: int) -> Image.Image:
    """Write lines of words all over a picture."""
    draw = ImageDraw.Draw(image)
    for number, top in enumerate(range(10, image.height - size, size * 3 // 2)):
        words = "Opening hours and prices, as of this summer"[number * 3 % 20 :]
        draw.text((15, top), words, fill=colour, font_size=size)
    return image


def logo() -> Image.Image:
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((120, 60, 280, 220), fill="darkblue")
    draw.polygon([(200, 80), (250, 190), (150, 190)], fill="orange")
    draw.text((60, 260), "WEAVERS & CO", fill="darkblue", font_size=40)
    return image


def chart() -> Image.Image:
    image = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(image)
    for number, height in enumerate((90, 200, 150, 280, 240)):
        left = 60 + 100 * number
        draw.rectangle((left, 360 - height, left + 60, 360), fill="steelblue")
        draw.text((left, 370), f"{2020 + number}", fill="black", font_size=20)
    return image


def screenshot() -> Image.Image:
    image = lettered(Image.new("RGB", (640, 420), "whitesmoke"), "black", 14)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 640, 40), fill="seagreen")
    draw.rounded_rectangle((420, 120, 600, 170), 8, fill="royalblue")
    return image


DRAWINGS: dict[str, Drawing] = {
    "page": lambda: lettered(Image.new("RGB", (480, 640), "white"), "black", 18),
    "small print": lambda: lettered(Image.new("RGB", (600, 400), "ivory"), "navy", 12),
    "white on red": lambda: lettered(Image.new("RGB", (640, 300), "firebrick"), "white", 60),
    "logo": logo,
    "chart": chart,
    "screenshot": screenshot,
}


def product(seed: int) -> Image.Image:
    """Draw a shaded thing of cloth on white, as shops show it."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:400, 0:400] / 400
    inside = ((x - 0.5) / 0.35) ** 2 + ((y - 0.5) / 0.4) ** 2 < 1
    light = 0.5 + 0.4 * np.sin(6 * x + 9 * y * random.random()) * y + random.normal(0, 0.02, x.shape)
    pixels = np.where(inside[..., None], random.uniform(60, 250, 3) * light[..., None], 255)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def cloths(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    """Photo-like pictures of every pattern of the sample, many of which are drawings that somebody photographed."""
    folder = tmp_path_factory.mktemp("cloths")
    return [
        photo(folder / f"{name}{seed}.jpg", photograph(name, np.random.default_rng(seed)))
        for name in PATTERNS
        for seed in range(3)
    ]


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_a_drawing_among_photos_waits_for_a_person(cloths: list[Photo], tmp_path: Path, draw: Drawing) -> None:
    issues = found_poor([*cloths, photo(tmp_path / "drawn.jpg", draw())])
    assert [issue.photo for issue in issues if issue.check == "text"] == ["drawn"]
    assert quality.decide_poor(issues) == []


def test_products_on_white_and_patterned_cloth_are_no_drawings(cloths: list[Photo], tmp_path: Path) -> None:
    products = [photo(tmp_path / f"product{seed}.jpg", product(seed)) for seed in range(4)]
    assert "text" not in {issue.check for issue in found_poor([*cloths, *products])}


def test_where_all_pictures_are_drawn_none_is_an_outlier(tmp_path: Path) -> None:
    drawn = [photo(tmp_path / f"{name}{n}.jpg", draw()) for name, draw in DRAWINGS.items() for n in range(2)]
    assert "text" not in {issue.check for issue in found_poor(drawn)}


def test_the_longest_head_of_a_ranking_that_keeps_its_precision_is_chosen() -> None:
    assert surest(np.array([0.2, 1.0, 0.9, 0.95]), 0.95).tolist() == [False, True, True, True]
    assert not surest(np.array([0.2, 0.9]), 0.95).any()
    assert surest(np.array([]), 0.95).tolist() == []


def test_rules_go_by_the_least_sure_estimate_and_rename_only_where_the_new_label_is_sure_itself() -> None:
    probabilities = np.array([[0.001, 0.998, 0.001], [0.001, 0.92, 0.079], [0.001, 0.998, 0.001]])
    surely_wrong, nothing = np.array([0.999, 0.999, 0.9]), np.zeros(3)
    names, own = ["Argyle", "Batik", "Ikat"], np.zeros(3, dtype=int)
    estimate = LabelEstimate(names, own, probabilities, surely_wrong, nothing, LabelNoise(1.0, 0.1, 0.0))
    photos = [Photo(str(n), "", 9, 9, "", "", "", "", "", "", "", Path()) for n in range(3)]
    decisions = decide_labels(photos, estimate, np.ones(3, dtype=bool), 0.95)
    assert [(one.photo, one.action) for one in decisions] == [("0", "relabel"), ("1", "drop")]


def test_labels_that_say_nothing_are_not_all_taken_for_wrong() -> None:
    labels = np.arange(40) % 2
    against = np.where(np.eye(2, dtype=bool)[labels], -9.0, 9.0)  # as out-of-fold predictions of chance labels may be
    noise = fit_noise(against, labels)
    assert noise.share == pytest.approx(0.5) and np.isfinite(noise.true_class(against, labels)).all()


def test_wrong_labels_teach_little() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 4, 400)
    features = random.standard_normal((4, 40))[truth] * 0.6 + random.standard_normal((400, 40))
    labels = np.where(random.random(400) < 0.35, (truth + random.integers(1, 4, 400)) % 4, truth)
    names, groups, held_out = labels.astype(str).tolist(), [str(n) for n in range(400)], np.zeros(400, dtype=bool)
    (once,) = out_of_fold(features, labels, teaching_folds(labels, groups, held_out, 0), held_out, [0.5])
    estimate = estimate_labels(names, LdaSettings(features, 0.5), groups, held_out, 0)
    assert (once.argmax(axis=1) != truth).mean() > 1.5 * (estimate.probabilities.argmax(axis=1) != truth).mean()


def test_planted_wrong_labels_are_found_at_the_stated_precision() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, 600)
    features = random.standard_normal((4, 40))[truth] * 0.6 + random.standard_normal((600, 40))
    wrong = random.random(600) < 0.15
    numbers = np.where(wrong, (truth + random.integers(1, 4, 600)) % 4, truth)
    names = np.array(["Argyle", "Batik", "Ikat", "Toile"])
    held_out = random.random(600) < 0.2
    photos = [Photo(str(n), "", 9, 9, "", "", "", "", "", "", "", Path()) for n in range(600)]
    seen, groups = PhotoFeatures(features, features[:, :0]), [str(n) for n in range(600)]
    labels = names[numbers].tolist()
    settings = choose_settings(labels, reduce_features(seen), groups, held_out, 0)
    estimate = estimate_labels(labels, settings, groups, held_out, 0)
    assert estimate.noise.share == pytest.approx(wrong.mean(), abs=0.04)
    decisions = decide_labels(photos, estimate, ~held_out)
    places = [int(decision.photo) for decision in decisions]
    assert len(places) >= 0.5 * (wrong & ~held_out).sum() and not held_out[places].any()
    assert wrong[places].mean() >= 0.9
    for decision, place in zip(decisions, places, strict=True):
        assert decision.action == "drop" or decision.label != names[numbers[place]]
    assert not [decision.reason for decision in decisions if "100" in decision.reason], "no rule is certain"
