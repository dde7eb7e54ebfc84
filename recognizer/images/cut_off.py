"""JPEGs that lack their end: how much may be missing.

Servers and phones cut off files, and every viewer shows what is there. A JPEG is read all the same if nothing is
missing but its last two bytes, or only of its last rows something: one row of blocks (16 pixels and what smoothing
takes from it), or a twentieth of the picture. Of a progressive JPEG every scan must have begun, and it may have at
most 20 million pixels.
"""

import random

from PIL import Image, ImageChops

from recognizer.images.bounds import FRAMES, SOS, jpeg_segments

LOST = 0.05  # of the picture
BLOCK_ROWS = 18  # pixels: a row of blocks, and what smoothing takes from it
SCANNED = 200_000_000  # pixels of all scans together, for such a file is decoded twice
END = b"\xff\xd9"

_NOISE = random.Random(0).randbytes(4096).replace(b"\xff", b"\0")


def lacks_end(data: bytes) -> bool:
    """Tell whether bytes are a JPEG whose end is missing, and of which enough may be there.

    Raises:
        PictureError: it is made of too many segments.
    """
    if not data.startswith(b"\xff\xd8\xff") or data.endswith(END):
        return False
    return data.rfind(END) < data.rfind(b"\xff\xda") and _all_began(data)


def two_ends(data: bytes) -> tuple[bytes, bytes]:
    """Give such a JPEG its end, in two ways: pictures of them differ from where something is missing.

    Args:
        data: a JPEG that lacks its end.

    Returns:
        The file as viewers end it, and the file with noise before that end.
    """
    whole = data.rstrip(b"\xff")
    return whole + END, whole + _NOISE + END


def too_much_lost(image: Image.Image, other: Image.Image, height: int) -> bool:
    """Tell whether more than something of the last rows is missing.

    Args:
        image: the picture of the first file, at any scale, as it lies in the file.
        other: the picture of the second.
        height: pixels, of the picture in the file.
    """
    box = ImageChops.difference(image, other).getbbox()
    lost = 1 - box[1] / image.height if box else 0.0
    return lost > max(LOST, BLOCK_ROWS / height)


def jpeg_height(data: bytes) -> int:
    """Return the pixels from top to bottom of a JPEG, at least 1."""
    heights = (data[at + 1 : at + 3] for marker, at, _ in jpeg_segments(data) if marker in FRAMES)
    return max(1, int.from_bytes(next(heights, b"")))


def _all_began(data: bytes) -> bool:
    """Tell whether there are scans for every coefficient of every component, down to its last bit."""
    missing: set[tuple[int, int]] = set()
    pixels = scanned = 0
    for marker, at, end in jpeg_segments(data):
        segment = data[at:end]
        if marker in FRAMES and len(segment) > 5:
            pixels = int.from_bytes(segment[1:3]) * int.from_bytes(segment[3:5])
            missing = {(part, number) for part in segment[6::3][: segment[5]] for number in range(64)}
        elif marker == SOS and segment and len(segment) == 4 + 2 * segment[0]:
            scanned += pixels
            first, last, bits = segment[-3:]
            if bits & 15 == 0:
                missing -= {(part, number) for part in segment[1:-3:2] for number in range(first, last + 1)}
    return not missing and scanned <= SCANNED
