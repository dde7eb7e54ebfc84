"""The sample engine draws what it says, the same each time, with every planted trouble in its place."""

import hashlib
import io
import subprocess
import sys

import imagehash
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from recognizer.collect.engines.sample import SampleEngine
from recognizer.recipe import load_recipe
from recognizer.sample.cloth import photograph
from recognizer.sample.palette import palette
from recognizer.sample.patterns import PATTERNS, TILE
from recognizer.sample.pictures import HITS, ORIGINAL, PLANTED, planted, truth
from recognizer.store.rows import Hit
from tests.paths import ROOT

ENGINE = SampleEngine()


def address(pattern: str, number: int) -> str:
    return f"sample:{pattern}/{number:04d}.jpg"


def places(kind: str) -> list[int]:
    return [number for number, planted_kind in PLANTED.items() if planted_kind == kind]


def picture(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def all_hits(query: str) -> list[Hit]:
    pages = [ENGINE.search(query, page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [20, 20, 6, 0]
    return [hit for page in pages for hit in page]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_hits_come_in_pages_with_origin_and_licence(pattern: str) -> None:
    hits = all_hits(pattern)
    assert [hit.image for hit in hits] == [address(pattern, number) for number in range(1, HITS + 1)]
    assert {(hit.licence, hit.author) for hit in hits} == {("CC0-1.0", "drawn by this program")}
    assert len({hit.page for hit in hits}) == HITS


def test_a_query_may_be_written_in_any_case() -> None:
    assert ENGINE.search(" Paisley ", 1) == ENGINE.search("paisley", 1)


def test_an_unknown_query_has_no_hits() -> None:
    assert ENGINE.search("corduroy", 1) == []


def test_every_class_of_the_recipe_is_known_to_the_engine() -> None:
    recipe = load_recipe(ROOT / "data/recipes/textiles.toml")
    queries = [query for photo_class in recipe.classes for query in photo_class.queries]
    assert sorted(queries) == sorted(PATTERNS)
    assert recipe.collect.engines == [SampleEngine.name]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_clean_pictures_decode_and_are_all_different(pattern: str) -> None:
    clean = [hit.image for hit in all_hits(pattern) if planted(hit.image) == "clean"]
    files = [ENGINE.read(one) for one in clean]
    assert (
        len({hashlib.sha256(data).digest() for data in files})
        == len(clean)
        in (HITS - len(PLANTED), HITS - len(PLANTED) + 1)
    )
    for one, data in zip(clean, files, strict=True):
        image = picture(data)
        assert (image.format, image.mode, truth(one)) == ("JPEG", "RGB", pattern)
        assert all(300 <= side <= 600 for side in image.size)


def test_the_same_address_gives_the_same_bytes_in_another_process() -> None:
    addresses = [address("tartan", number) for number in (1, *PLANTED)]
    program = (
        "import hashlib, sys; from recognizer.collect.engines.sample import SampleEngine as E;"
        "[print(hashlib.sha256(E().read(a)).hexdigest()) for a in sys.argv[1:]]"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program, *addresses], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [hashlib.sha256(ENGINE.read(one)).hexdigest() for one in addresses]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_duplicates_repeat_their_originals(pattern: str) -> None:
    for number in places("exact_duplicate"):
        assert ENGINE.read(address(pattern, number)) == ENGINE.read(address(pattern, ORIGINAL[number]))
    for number in places("near_duplicate"):
        copy, original = (ENGINE.read(address(pattern, one)) for one in (number, ORIGINAL[number]))
        assert copy != original
        assert picture(copy).size != picture(original).size
        # Unrelated pictures are about 32 apart.
        assert imagehash.phash(picture(copy)) - imagehash.phash(picture(original)) <= 14


def test_every_third_pattern_has_a_wrong_label_that_shows_another_pattern() -> None:
    (number,) = places("mislabelled")
    wrong = [pattern for pattern in PATTERNS if planted(address(pattern, number)) == "mislabelled"]
    assert wrong == list(PATTERNS)[::3]
    for pattern in PATTERNS:
        assert (truth(address(pattern, number)) != pattern) == (pattern in wrong)
        picture(ENGINE.read(address(pattern, number)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_broken_files_are_broken_as_planned(pattern: str) -> None:
    (truncated,), (html,), (flat,) = places("truncated"), places("html"), places("flat")
    with pytest.raises(OSError, match="truncated"):
        picture(ENGINE.read(address(pattern, truncated)))
    assert ENGINE.read(address(pattern, html)).startswith(b"<!doctype html>")
    with pytest.raises(UnidentifiedImageError):
        picture(ENGINE.read(address(pattern, html)))
    pixels = np.asarray(picture(ENGINE.read(address(pattern, flat)))).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) == 1
    assert truth(address(pattern, flat)) == truth(address(pattern, html)) == ""


@pytest.mark.parametrize(
    "wrong",
    ["", "paisley/0001.jpg", "sample:corduroy/0001.jpg", "sample:paisley/0000.jpg", "sample:paisley/0047.jpg",
     "sample:paisley/1.jpg", "sample:paisley/0001.jpg\n", "https://example.org/paisley/0001.jpg"],
)  # fmt: skip
def test_an_unknown_address_is_an_error_that_names_it(wrong: str) -> None:
    for function in (ENGINE.read, planted, truth):
        with pytest.raises(ValueError, match="no address of the sample engine") as caught:
            function(wrong)
        assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_repeat_uses_several_colours_of_the_palette_and_varies(name: str) -> None:
    repeats = [PATTERNS[name].draw(np.random.default_rng(seed)) for seed in range(8)]
    for repeat in repeats:
        assert repeat.shape == (TILE, TILE)
        assert 2 <= len(np.unique(repeat)) <= len(palette(np.random.default_rng(0)))
    assert len({repeat.tobytes() for repeat in repeats}) > 1


def test_colour_does_not_tell_the_pattern() -> None:
    """Pictures of one pattern differ in colour more than patterns differ from each other."""

    def colour(name: str, seed: int) -> list[float]:
        pixel = photograph(name, np.random.default_rng(seed)).resize((1, 1), Image.Resampling.BOX)
        return [float(value) for value in np.asarray(pixel)[0, 0]]

    means = np.array([[colour(name, 8 * row + n) for n in range(8)] for row, name in enumerate(PATTERNS)])
    assert means.std(axis=1).mean() > 1.5 * means.mean(axis=1).std(axis=0).mean()
