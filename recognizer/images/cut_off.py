"""JPEGs that lack their end: how much may be missing.

Servers and phones cut off files, and every viewer shows what is there. A JPEG is read all the same if nothing is
missing but its last two bytes, or only of its last rows something: one row of blocks (16 pixels and what smoothing
takes from it), or a twentieth of the picture. Of a progressive JPEG every scan must have begun.
"""

import random

from PIL import Image, ImageChops

from recognizer.images.bounds import SOS, jpeg_segments

LOST = 0.05  # of the picture
BLOCK_ROWS = 18  # pixels: a row of blocks, and what smoothing takes from it
END = b"\xff\xd9"

_FILLER = random.Random(0).randbytes(4096).replace(b"\xff", b"\0")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def lacks_end(data: bytes) -> bool:
    """Tell whether bytes are a JPEG whose end is missing, and of which enough may be there."""
    if not data.startswith(b"\xff\xd8\xff") or data.endswith(END):
        return False
    return data.rfind(END) < data.rfind(b"\xff\xda") and _all_began(data)


def two_ends(data: bytes) -> tuple[bytes, bytes]:
    """Give such a JPEG its end, in two ways: pictures of them differ only where something is missing.

    Args:
        data: a JPEG that lacks its end.

    Returns:
        The file as viewers end it, and the file with noise before that end, an eighth of its length.
    """
    whole = data.rstrip(b"\xff")
    noise = _FILLER * (len(data) // 8 // len(_FILLER) + 1)
    return whole + END, whole + noise + END


def too_much_lost(one: Image.Image, other: Image.Image, height: int) -> bool:
    """Tell whether the pictures of both files differ in more than the last rows.

    Args:
        one: the picture of the first file, at any scale and turned in any way.
        other: the picture of the second.
        height: pixels, of the picture as the file holds it.
    """
    left, top, right, bottom = ImageChops.difference(one, other).getbbox() or (0, 0, 0, 0)
    share = (right - left) * (bottom - top) / (one.width * one.height)
    return share > max(LOST, BLOCK_ROWS / height)


def _all_began(data: bytes) -> bool:
    """Tell whether there are scans for every coefficient of every component, down to its last bit."""
    missing: set[tuple[int, int]] = set()
    for marker, at, end in jpeg_segments(data):
        segment = data[at:end]
        if marker in _FRAMES and len(segment) > 5:
            missing = {(part, number) for part in segment[6::3][: segment[5]] for number in range(64)}
        elif marker == SOS and segment and len(segment) == 4 + 2 * segment[0]:
            first, last, bits = segment[-3:]
            if bits & 15 == 0:
                missing -= {(part, number) for part in segment[1:-3:2] for number in range(first, last + 1)}
    return not missing
