"""The checks on made-up pictures and features, where what is true is known."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from recognizer.clean import duplicates, quality
from recognizer.clean.registration import SIDE, likeness, read_measured, read_planes
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


@pytest.mark.parametrize("change", ["bordered", "mirrored"])
def test_a_copy_that_features_do_not_show_is_found_by_its_thumbnail(tmp_path: Path, change: str) -> None:
    photos = [photo(tmp_path / f"{seed}.jpg", picture(seed)) for seed in range(9)]
    copy = photo(tmp_path / "copy.jpg", CHANGES[change](picture(0)))
    features = np.eye(9)[[0, 1, 1, 1, 1, 1, 1, 1, 1, 1]]  # as if the copy looked like all others
    told: list[tuple[str, int, int]] = []
    planes = read_planes([one.path for one in [*photos, copy]], watch=lambda *step: told.append(step))
    issues = duplicates.find_duplicates([*photos, copy], features, planes, lambda *step: told.append(step))
    assert [{issue.photo, issue.twin} for issue in issues] == [{"0", "copy"}]
    ends = {what: (done, total) for what, done, total in told}
    assert ends["looking at photos"] == ends["looking for copies"] == (10, 10)
    assert ends["comparing likely copies"][0] == ends["comparing likely copies"][1] > 0


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
