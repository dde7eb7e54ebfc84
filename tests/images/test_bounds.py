"""Files that are made to take long are refused before they are decoded; what programs write is read."""

import time

import pytest
from PIL import Image

from recognizer.errors import PictureError
from recognizer.images.bounds import check_work
from recognizer.images.decode import read_picture
from tests.images.hostile import HONEST, TOO_COMPLEX, encoded

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def seconds_of_processor(data: bytes) -> tuple[float, str]:
    began = time.process_time()
    try:
        check_work(data)
        outcome = "passed"
    except PictureError as error:
        outcome = error.reason
    return time.process_time() - began, outcome


def reason(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data)
    assert str(caught.value).endswith(".")
    return caught.value.reason


@pytest.mark.parametrize("kind", TOO_COMPLEX)
def test_work_without_end_is_refused(kind: str) -> None:
    assert reason(TOO_COMPLEX[kind]()) == "too_complex"


@pytest.mark.parametrize("kind", HONEST)
def test_what_programs_write_is_read(kind: str) -> None:
    assert read_picture(HONEST[kind]()).mode == "RGB"


@pytest.mark.parametrize("size", [(1, 1_000_000), (1_000_000, 1)])
def test_pictures_like_a_thread_are_too_large(size: tuple[int, int]) -> None:
    assert reason(encoded(Image.new("L", size), "PNG")) == "too_large"


def test_a_webp_has_fewer_pixels_for_its_decoder_holds_it_four_times() -> None:
    assert reason(encoded(Image.new("RGB", (6000, 6000)), "WEBP", method=0)) == "too_large"


def test_counting_takes_no_longer_than_a_photo() -> None:
    """Of whatever there is to count: a photo of 12 million pixels takes about as long as the slowest."""
    photo = encoded(Image.effect_noise((4000, 3000), 60).convert("RGB"), "JPEG")
    began = time.process_time()
    read_picture(photo)
    allowed = 4 * (time.process_time() - began) + 0.05
    files = {**TOO_COMPLEX, **HONEST}
    slow = {kind for kind, make in files.items() if seconds_of_processor(make())[0] > allowed}
    assert not slow
