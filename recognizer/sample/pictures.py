"""The sample: pictures of patterned cloth, drawn on the spot, with troubles planted among them.

It stands in for an image search where there is no internet. A query is the word for one of the twelve
patterns in `patterns.py`; each has 46 hits, and the address alone decides every byte of a picture:

    hits = search("paisley", page=1)        # 20 hits; page 3 has 6, page 4 none
    read("sample:paisley/0012.jpg")         # a JPEG, the same on each call

What stands at which place is the same for every pattern (`PLANTED`):

    6   near duplicate of 2, scaled to 80 % and compressed harder
    11  the same bytes as 4
    17  a JPEG that breaks off in the middle
    19  an HTML page instead of a picture
    22  a flat single-colour picture
    24  near duplicate of 9, with 1 % cut off each side
    27  in every third pattern a wrong label: the picture shows the next pattern

All other places are clean. `planted` and `truth` tell this to tests and benchmarks; the pipeline never asks.
"""

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from recognizer.errors import RecipeError
from recognizer.names import few
from recognizer.sample.cloth import photograph
from recognizer.sample.patterns import PATTERNS
from recognizer.store.rows import Hit

HITS = 46  # of each pattern
HITS_A_PAGE = 20

PLANTED = {
    6: "near_duplicate",
    11: "exact_duplicate",
    17: "truncated",
    19: "html",
    22: "flat",
    24: "near_duplicate",
    27: "mislabelled",
}
ORIGINAL = {6: 2, 11: 4, 24: 9}  # what the duplicates repeat
_WRONG_EVERY = 3  # the first of so many patterns has a wrong label; the picture shows the pattern after it

_ADDRESS = re.compile(r"sample:([a-z]+)/(\d{4})\.jpg")


def search(query: str, page: int) -> list[Hit]:
    """Return one page of hits.

    Args:
        query: a pattern's word, such as "paisley"; case does not matter.
        page: the page, counted from 1.

    Returns:
        At most 20 hits; an empty list after the last page and for a word that is no pattern.
    """
    pattern = query.strip().lower()
    if pattern not in PATTERNS:
        return []
    first = (page - 1) * HITS_A_PAGE + 1
    return [_hit(pattern, number) for number in range(first, min(first + HITS_A_PAGE, HITS + 1))]


def check_drawn(queries: Mapping[str, Sequence[str]]) -> None:
    """See that something can be drawn of each class.

    Args:
        queries: class to its words; one that is a pattern's is enough.

    Raises:
        RecipeError: there are classes of which nothing can be drawn.
    """
    lacking = [f"“{name}”" for name, words in queries.items() if not any(search(word, 1) for word in words)]
    if lacking:
        raise RecipeError(
            f"The engine sample cannot draw {few(lacking)}; the patterns that it draws are {', '.join(PATTERNS)}. "
            "Give each class one of these as a query, or take photos from elsewhere: with another --engine, or your "
            "own with --folder DIR."
        )


def read(address: str) -> bytes:
    """Draw the file at an address; mostly a JPEG of 300 to 600 pixels a side.

    Args:
        address: of a hit, as `search` gives it.

    Raises:
        ValueError: `search` never gave that address.
    """
    pattern, number = _parse(address)
    return _FILES[planted(address)](pattern, number)


def planted(address: str) -> str:
    """Tell what is planted at an address: "clean" or one of the kinds in `PLANTED`.

    Args:
        address: of a hit, as `search` gives it.

    Raises:
        ValueError: `search` never gave that address.
    """
    pattern, number = _parse(address)
    kind = PLANTED.get(number, "clean")
    return "clean" if kind == "mislabelled" and not _has_wrong_label(pattern) else kind


def truth(address: str) -> str:
    """Tell which pattern the picture at an address really shows; "" where it shows none.

    Args:
        address: of a hit, as `search` gives it.

    Raises:
        ValueError: `search` never gave that address.
    """
    pattern, number = _parse(address)
    return "" if planted(address) in ("html", "flat") else _drawn(pattern, number)


def _address(pattern: str, number: int) -> str:
    return f"sample:{pattern}/{number:04d}.jpg"


def _hit(pattern: str, number: int) -> Hit:
    return Hit(
        image=_address(pattern, number),
        page=f"sample:{pattern}/page/{number}",
        title=f"{pattern.capitalize()} cloth {number}",
        licence="CC0-1.0",
        author="drawn by this program",
    )


def _parse(address: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(address)
    if match and match[1] in PATTERNS and 1 <= int(match[2]) <= HITS:
        return match[1], int(match[2])
    allowed = f"sample:<pattern>/0001.jpg to {HITS:04d}.jpg, with one of {', '.join(PATTERNS)}"
    raise ValueError(f"{address!r} is no address of the sample engine; there are {allowed}.")


def _drawn(pattern: str, number: int) -> str:
    wrong = PLANTED.get(number) == "mislabelled" and _has_wrong_label(pattern)
    return list(PATTERNS)[list(PATTERNS).index(pattern) + wrong]


def _has_wrong_label(pattern: str) -> bool:
    return list(PATTERNS).index(pattern) % _WRONG_EVERY == 0


def _random(pattern: str, number: int) -> np.random.Generator:
    digest = hashlib.sha256(_address(pattern, number).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _picture(pattern: str, number: int) -> bytes:
    rng = _random(pattern, number)
    return _jpeg(photograph(_drawn(pattern, number), rng), int(rng.integers(60, 93)))


def _near_duplicate(pattern: str, number: int) -> bytes:
    with Image.open(io.BytesIO(_picture(pattern, ORIGINAL[number]))) as image:
        width, height = image.size
        if number == 6:
            return _jpeg(image.resize((width * 4 // 5, height * 4 // 5), Image.Resampling.BICUBIC), 55)
        right, down = width // 100, height // 100
        return _jpeg(image.crop((right, down, width - right, height - down)), 80)


def _exact_duplicate(pattern: str, number: int) -> bytes:
    return _picture(pattern, ORIGINAL[number])


def _truncated(pattern: str, number: int) -> bytes:
    data = _picture(pattern, number)
    return data[: len(data) * 3 // 5]


def _html(pattern: str, number: int) -> bytes:
    text = f"<!doctype html>\n<title>Not found</title>\n<p>Picture {number} of {pattern} has moved.</p>\n"
    return text.encode()


def _flat(pattern: str, number: int) -> bytes:
    red, green, blue = _random(pattern, number).integers(40, 216, 3).tolist()
    return _jpeg(Image.new("RGB", (400, 300), (red, green, blue)), 85)


_FILES: dict[str, Callable[[str, int], bytes]] = {
    "clean": _picture,
    "near_duplicate": _near_duplicate,
    "exact_duplicate": _exact_duplicate,
    "mislabelled": _picture,
    "truncated": _truncated,
    "html": _html,
    "flat": _flat,
}
