"""Hundreds of odd pictures, and what makes them.

    for name, make in odd_pictures().items():
        data = make()

The same name makes the same bytes each time.

odd_forms.py        damaged, of every mode and shape, animated, not read, two files in one
odd_data.py         metadata, sizes and compressions that are not what they should be
hostile.py          made to take long; and honest ones that are near them
hostile_boxes.py    HEIC and AVIF that are made to take long, out of boxed_files.py
large.py            the most that is allowed of each kind, which takes minutes to make
"""

from tests.images.hostile import HONEST, TOO_COMPLEX
from tests.images.hostile_boxes import HOSTILE_BOXES
from tests.images.odd_data import odd_data
from tests.images.odd_forms import Maker, odd_forms


def odd_pictures() -> dict[str, Maker]:
    """Return what makes each odd picture, by name; none is made before it is asked for."""
    hostile = {f"hostile: {name}": make for name, make in (TOO_COMPLEX | HOSTILE_BOXES).items()}
    return odd_forms() | odd_data() | hostile | {f"honest: {name}": make for name, make in HONEST.items()}
