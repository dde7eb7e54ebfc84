"""A photo becomes the same numbers in a browser as in Python."""

import base64
import functools
import io
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page

from recognizer.images.decode import read_picture
from recognizer.images.pixels import squish
from tests.browser import page_of_site
from tests.images.profiles import DISPLAY_P3, screen_profile

pytestmark = pytest.mark.browser

SIDE = 224
MOST, MOST_IN_THE_MEAN = 2, 0.25  # levels of 255
MOST_OF_LARGE_JPEGS = 4, 1.0  # Python decodes them at half their size, a browser at their whole
PIXELS = """async ([content, size]) => {
    const { networkPixels } = await import("/js/model/pixels.js");
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const pixels = await networkPixels(new Blob([bytes]), size);
    return Array.from(pixels, (level) => Math.round(level * 255));
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with page_of_site("about.html") as page:
        yield page


def scene(width: int, height: int) -> Image.Image:
    """Return a picture with edges, fine lines, and colours that change slowly."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 127 * np.sin(x / 17 + y / 29), x * 255 / width, 255 * ((x // 8 + y // 8) % 2)]
    return Image.fromarray(np.stack(waves, -1).astype(np.uint8))


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file_of(scene(450, 350), "JPEG", quality=92, exif=exif)


def see_through() -> Image.Image:
    picture = scene(450, 350)
    picture.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 450).astype(np.uint8), (350, 1))))
    return picture


def file_of(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    **{f"turned {number}": functools.partial(turned, number) for number in range(1, 9)},
    "Display P3": lambda: file_of(scene(450, 350), "JPEG", icc_profile=screen_profile(DISPLAY_P3)),
    "see-through": lambda: file_of(see_through(), "PNG"),
    "grey JPEG": lambda: file_of(scene(450, 350).convert("L"), "JPEG"),
    "grey PNG": lambda: file_of(scene(450, 350).convert("L"), "PNG"),
    "CMYK": lambda: file_of(scene(450, 350).convert("CMYK"), "JPEG"),
    "palette": lambda: file_of(scene(450, 350).quantize(64), "PNG"),
    "WebP": lambda: file_of(scene(450, 350), "WEBP"),
    "1 x 5,000": lambda: file_of(scene(1, 5000), "PNG"),
    "5,000 x 1": lambda: file_of(scene(5000, 1), "PNG"),
    "larger than stored": lambda: file_of(scene(900, 700), "JPEG"),
    "6 megapixels": lambda: file_of(scene(3000, 2000).resize((3000, 2000)), "JPEG"),
    "large PNG": lambda: file_of(scene(2400, 1000), "PNG"),
}


def pixels_here(page: Page, photo: bytes) -> npt.NDArray[np.int64]:
    return np.array(page.evaluate(PIXELS, [base64.b64encode(photo).decode(), SIDE]))


@pytest.mark.parametrize("name", PICTURES)
def test_a_browser_sees_what_python_sees(page: Page, name: str) -> None:
    photo = PICTURES[name]()
    expected = squish(read_picture(photo), SIDE).reshape(-1).astype(int)
    difference = np.abs(pixels_here(page, photo) - expected)
    most, most_in_the_mean = MOST_OF_LARGE_JPEGS if name == "6 megapixels" else (MOST, MOST_IN_THE_MEAN)
    assert difference.max() <= most and difference.mean() <= most_in_the_mean


@pytest.mark.parametrize("name", ["turned 1", "turned 6", "grey JPEG", "CMYK", "WebP", "larger than stored"])
def test_photos_that_are_decoded_whole_agree_to_the_last_bit(page: Page, name: str) -> None:
    photo = PICTURES[name]()
    assert (pixels_here(page, photo) == squish(read_picture(photo), SIDE).reshape(-1)).all()


def test_what_is_no_picture_is_told_apart(page: Page) -> None:
    with pytest.raises(Exception, match="unreadable"):
        pixels_here(page, b"no picture")
