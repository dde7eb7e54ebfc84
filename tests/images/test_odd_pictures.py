"""Each of many odd pictures ends as a picture or as one sentence, soon; `benchmarks.odd_pictures` has all of them."""

import re
import time

import pytest

from recognizer.errors import PictureError
from recognizer.images.decode import LONGEST_SIDE, read_picture
from tests.images.odd_data import odd_data
from tests.images.odd_forms import odd_forms

SLOW_TO_MAKE = re.compile("500|ICNS")
ODD = {name: make for name, make in (odd_forms() | odd_data()).items() if not SLOW_TO_MAKE.search(name)}
CHOSEN = list(ODD)[::4]


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_an_odd_picture_ends_as_a_picture_or_a_sentence(name: str) -> None:
    data, before = ODD[name](), time.process_time()
    try:
        picture = read_picture(data)
        assert picture.mode == "RGB" and 1 <= max(picture.size) <= LONGEST_SIDE
    except PictureError as error:
        assert re.fullmatch(r"[A-Z][^\n]+\.", str(error))
    assert time.process_time() - before < 2


@pytest.mark.parametrize("name", CHOSEN[::8])
def test_an_odd_picture_is_the_same_each_time(name: str) -> None:
    assert ODD[name]() == ODD[name]()
