"""Whatever strangers send becomes a safe upright picture or a refusal with its reason."""

import io
import random
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from recognizer.errors import PictureError
from recognizer.images.decode import FORMATS, Limits, read_picture, sha256
from recognizer.images.prepare import prepare_photo
from tests.drawn_web import BOMB_SIDE, PATTERNS, SVG, Painter, bomb
from tests.paths import ROOT

T = Image.Transpose
# How a picture lies in a file that has each EXIF orientation.
LYING = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE}
LYING |= {6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}


# What Pillow says of damaged files.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def asymmetric(width: int = 80, height: int = 60) -> Image.Image:
    """Four quarters, each of another colour."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[: height // 2, :, 1] = 255
    return Image.fromarray(pixels)


def noisy(width: int = 400, height: int = 300) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def lying(image: Image.Image, form: str, orientation: int) -> bytes:
    """A file of an upright picture as a camera writes it that was held another way."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = image.transpose(LYING[orientation]) if orientation in LYING else image
    return encoded(stored, form, exif=exif.tobytes())


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of one size, in grey levels."""
    assert (one.size, one.mode, other.mode) == (other.size, "RGB", "RGB")
    return float(np.abs(np.asarray(one, int) - np.asarray(other, int)).mean())


def reason(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data, limits)
    assert str(caught.value).endswith(".")
    return caught.value.reason


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_pictures_are_turned_upright(form: str, orientation: int) -> None:
    assert difference(read_picture(lying(asymmetric(), form, orientation)), asymmetric()) < 3


def lying_by_exif_alone(image: Image.Image, orientation: int) -> bytes:
    """A HEIC file that has an EXIF orientation, and no box that turns the picture."""
    stored = image.transpose(LYING[orientation]) if orientation in LYING else image
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00"  # tag, type and number of the orientation that follows
    data = lying(stored, "HEIF", 1)
    assert data.count(entry + b"\x01") == 1
    return data.replace(entry + b"\x01", entry + bytes([orientation]))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_pictures_are_turned_upright_that_have_only_an_exif_orientation(orientation: int) -> None:
    data = lying_by_exif_alone(asymmetric(), orientation)
    assert b"irot" not in data and b"imir" not in data
    assert difference(read_picture(data), asymmetric()) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_large_jpegs_are_turned_upright(orientation: int) -> None:
    """Of these a smaller picture is decoded than is in the file."""
    read = read_picture(lying(asymmetric(4000, 3000), "JPEG", orientation))
    assert difference(read, asymmetric(640, 480)) < 3


@pytest.mark.parametrize("orientation", [3, 6])
def test_pictures_with_a_palette_are_turned_upright(orientation: int) -> None:
    palette = asymmetric().quantize(4)
    assert difference(read_picture(lying(palette, "PNG", orientation)), asymmetric()) == 0


@pytest.mark.parametrize("form", [*FORMATS, "MPO"])
def test_every_format_is_read(form: str) -> None:
    assert difference(read_picture(encoded(asymmetric(), form)), asymmetric()) < 3


def assert_white_beside_black(data: bytes) -> None:
    pixels = np.asarray(read_picture(data))
    assert pixels[:, :18].max() < 10 and pixels[:, 22:].min() > 245


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_white(mode: str) -> None:
    layer = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    layer.paste((0, 0, 0, 255), (0, 0, 20, 40))
    for form in ("PNG", "WEBP", "TIFF"):
        assert_white_beside_black(encoded(layer.convert(mode), form))


def test_the_transparent_colour_of_a_palette_is_white() -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([200, 0, 0, 0, 0, 0])
    image.paste(1, (0, 0, 20, 40))
    for form in ("PNG", "GIF"):
        assert_white_beside_black(encoded(image, form, transparency=0))


def test_half_transparent_parts_are_mixed_with_white() -> None:
    glass = encoded(Image.new("RGBA", (10, 10), (255, 0, 0, 128)), "PNG")
    assert difference(read_picture(glass), Image.new("RGB", (10, 10), (255, 127, 127))) <= 1


def test_large_transparent_pictures_have_no_dark_edges() -> None:
    """Hidden pixels are black here, and must not bleed when the picture is scaled down."""
    layer = Image.new("RGBA", (1280, 1280), (0, 0, 0, 0))
    layer.paste((255, 255, 255, 255), (0, 0, 633, 1280))
    assert np.asarray(read_picture(encoded(layer, "PNG"))).min() >= 250


def test_cmyk_keeps_its_colours() -> None:
    for form in ("JPEG", "TIFF"):
        read = read_picture(encoded(Image.new("CMYK", (40, 30), (0, 255, 255, 0)), form))
        assert difference(read, Image.new("RGB", (40, 30), (255, 0, 0))) < 3


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bit_greys_are_not_clipped(form: str) -> None:
    steps = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(20, axis=0)
    expected = Image.fromarray((steps // 257).astype(np.uint8)).convert("RGB")
    assert difference(read_picture(encoded(Image.fromarray(steps), form)), expected) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_other_modes_are_read(mode: str) -> None:
    white = Image.new("RGB", (40, 30), "white").convert(mode)
    assert difference(read_picture(encoded(white, "TIFF")), Image.new("RGB", (40, 30), "white")) <= 1


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_used(form: str) -> None:
    frames = [Image.new("RGB", (40, 30), "blue")]
    data = encoded(asymmetric(40, 30), form, save_all=True, append_images=frames)
    assert difference(read_picture(data), asymmetric(40, 30)) < 5


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 400), (640, 400)), ((2000, 1000), (640, 320)), ((300, 1290), (149, 640)), ((1, 3000), (1, 640))],
)
def test_the_longest_side_is_limited(size: tuple[int, int], expected: tuple[int, int]) -> None:
    for form in ("PNG", "JPEG"):
        assert read_picture(encoded(Image.new("RGB", size), form)).size == expected


def test_small_pictures_keep_their_size() -> None:
    assert read_picture(encoded(noisy(33, 21), "PNG")).size == (33, 21)


def test_prepared_photos_have_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(noisy(), "JPEG", exif=exif, icc_profile=profile, comment=b"SecretWords", dpi=(300, 300))
    prepared = prepare_photo(data)
    image = Image.open(io.BytesIO(prepared.jpeg))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (prepared.width, prepared.height))
    assert not image.getexif() and not {"exif", "icc_profile", "comment", "dpi", "xmp"} & image.info.keys()
    assert b"Secret" in data and b"Secret" not in prepared.jpeg and b"Exif" not in prepared.jpeg


def test_the_same_bytes_give_the_same_photo() -> None:
    data = encoded(noisy(1000, 700), "PNG")
    first, again = prepare_photo(data), prepare_photo(data)
    assert first == again and first.sha256 == sha256(first.jpeg)
    assert (len(first.sha256), len(first.phash), first.width, first.height) == (64, 16, 640, 448)
    assert prepare_photo(encoded(noisy(1000, 699), "PNG")).sha256 != first.sha256


def test_the_hash_survives_another_size_and_format() -> None:
    large = Painter(PATTERNS[3], 0.4, (0, 0)).paint()
    small = large.resize((200, 150))
    one, other = prepare_photo(encoded(large, "PNG")), prepare_photo(encoded(small, "WEBP", quality=60))
    assert (int(one.phash, 16) ^ int(other.phash, 16)).bit_count() <= 4


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not_an_image"),
        (b"<!DOCTYPE html><title>Gone</title>", "not_an_image"),
        (b'{"error": "gone"}', "not_an_image"),
        (bytes(5000), "not_an_image"),
        (random.Random(0).randbytes(5000), "not_an_image"),
        (SVG, "unsupported_format"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n' + SVG, "unsupported_format"),
        (encoded(Image.new("L", (1, 1)), "GIF"), "too_small"),
    ],
)
def test_what_is_no_photo_is_refused(data: bytes, expected: str) -> None:
    assert reason(data, Limits(min_side=64)) == expected


@pytest.mark.parametrize("form", ["EPS", "ICO", "PPM", "JPEG2000", "PSD"])
def test_formats_that_are_not_read_are_refused(form: str) -> None:
    data = b"8BPS\0\1" + bytes(100) if form == "PSD" else encoded(asymmetric(), form)
    assert reason(data) == "unsupported_format"


@pytest.mark.parametrize("form", ["TGA", "PCX", "SGI", "PDF"])
def test_rare_formats_are_refused(form: str) -> None:
    assert reason(encoded(asymmetric(), form)) in ("unsupported_format", "not_an_image")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_cut_off_files_are_told_from_web_pages(form: str, share: float) -> None:
    data = encoded(noisy(), form)
    assert reason(data[: int(len(data) * share)]) == "truncated"


def test_limits_are_kept() -> None:
    data = encoded(noisy(100, 80), "PNG")
    assert reason(data, Limits(bytes=len(data) - 1)) == "too_large"
    assert reason(data, Limits(pixels=7999)) == "too_large"
    assert reason(data, Limits(min_side=81)) == "too_small"
    assert read_picture(data, Limits(len(data), 8000, 80)).size == (100, 80)


def peak_megabytes(path: Path) -> tuple[str, int]:
    """Read a picture in a process of its own: what came of it, and the most memory that it took.

    Linux tells it for the process alone; what `resource` tells begins with the memory of the parent.
    """
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from recognizer.images.decode import PictureError, read_picture\n"
        "try: print(read_picture(Path(sys.argv[1]).read_bytes()).size[0])\n"
        "except PictureError as error: print(error.reason)\n"
        "status = open('/proc/self/status').read()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    outcome, peak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return outcome, int(peak)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(BOMB_SIDE))
    outcome, peak = peak_megabytes(tmp_path / "bomb.png")
    assert outcome == "too_large" and peak < 400


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file with some bytes changed, or a piece lost or doubled."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(min(len(changed), rng.choice((64, 1000, len(changed)))))] = rng.randrange(256)
    start, length = rng.randrange(len(changed)), rng.randrange(1, 200)
    piece = changed[start : start + length]
    return bytes(
        rng.choice((changed, changed[:start] + piece + changed[start:], changed[:start] + changed[start + length :]))
    )


@pytest.mark.parametrize("form", FORMATS)
def test_damaged_files_give_a_picture_or_a_reason(form: str) -> None:
    data, rng = encoded(asymmetric(), form), random.Random(form)
    outcomes = set()
    for _ in range(300 // len(FORMATS) + 1):
        try:
            outcomes.add(read_picture(mutated(data, rng)).mode)
        except PictureError as error:
            outcomes.add(error.reason)
    assert outcomes <= {"RGB", "truncated", "not_an_image", "too_large", "unsupported_format"}
    assert len(outcomes) > 1


def test_reading_in_threads_leaves_the_warning_filters_alone() -> None:
    data, before = lying(asymmetric(), "JPEG", 6), list(warnings.filters)
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(read_picture, [data] * 200))
    assert warnings.filters == before
    assert len({picture.tobytes() for picture in pictures}) == 1
