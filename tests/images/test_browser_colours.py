"""A browser scales large photos down before it sends them; their colours are then those that Python reads."""

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from recognizer.images.decode import read_picture
from tests.browser import page_of_site
from tests.images.hostile import encoded
from tests.images.profiles import ADOBE_RGB, DISPLAY_P3, screen_profile

pytestmark = pytest.mark.browser

SIDE = 300  # pixels, of a patch of one colour in a photo of 8 x 6 of them
PROFILES = {
    "none": None,
    "AdobeRGB": screen_profile(ADOBE_RGB, 2.19921875),
    "Display P3": screen_profile(DISPLAY_P3),
}
SCRIPT = """async ([content]) => {
    const { readyToSend } = await import("/js/photo.js");
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const { photo: sent } = await readyToSend(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
    const address = await new Promise((resolve) => {
        const reader = new FileReader();
        reader.addEventListener("load", () => resolve(reader.result));
        reader.readAsDataURL(sent);
    });
    return address.split(",")[1];
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with page_of_site("index.html") as page:
        yield page


def patches() -> Image.Image:
    """Colours that are neither near black nor pure, with so much noise that the file is a large one."""
    rng = np.random.default_rng(0)
    colours = rng.integers(60, 200, (6, 8, 3)).repeat(SIDE, 0).repeat(SIDE, 1)
    return Image.fromarray((colours + rng.normal(0, 16, colours.shape)).clip(0, 255).astype(np.uint8))


def patch_means(data: bytes) -> NDArray[np.float64]:
    image = read_picture(data)
    assert image.size == (640, 480)
    pixels = np.asarray(image, float).reshape(6, 80, 8, 80, 3)[:, 15:65, :, 15:65]
    means: NDArray[np.float64] = pixels.mean((1, 3))
    return means


@pytest.mark.parametrize("kind", PROFILES)
def test_a_browser_sends_the_colours_that_python_reads(page: Page, kind: str) -> None:
    photo = encoded(patches(), "JPEG", quality=95, icc_profile=PROFILES[kind])
    sent = base64.b64decode(page.evaluate(SCRIPT, [base64.b64encode(photo).decode()]))
    assert len(sent) < len(photo) / 2
    differences = np.abs(patch_means(sent) - patch_means(photo))
    assert differences.max() < 5
