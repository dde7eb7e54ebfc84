"""How much work a file asks for, counted before anything is decoded.

A file of few bytes can ask for minutes of a processor: an endless comment, a thousand scans, a million strips.
Each format is walked without decoding, over its lengths and markers alone, and what is far beyond anything that
cameras and programs write is refused.
"""

import re
import struct
from collections.abc import Callable, Iterator

from recognizer.errors import PictureError
from recognizer.images.directories import check_directory, check_embedded_directories, check_strips

SEGMENTS = 1000  # of a JPEG; 20 MB of metadata are 305 of them
SCANS = 100  # of a JPEG; programs write 10 to 20
SCANNED = 1_200_000_000  # pixels of all scans of a JPEG together: 24 scans of the largest picture
COEFFICIENTS = 180_000_000  # of a JPEG of several scans, held in memory until the last; 50 million pixels have 150
TABLES = 65_536  # bytes of a JPEG's tables and frame headers; about 1,000 are usual
RESOURCES = 10_000  # of Photoshop in a JPEG
JUNK = 100_000  # bytes between the parts of a file
CHUNKS = 50_000  # of a PNG; 20 MB in pieces of 8 kB are 2,500
COMPRESSED = 200  # texts and profiles of a PNG, each of up to 1 MB when unpacked
COLOURS = 1024  # bytes of a PNG's palette, and of its like
BLOCKS = 100_000  # of a GIF before its first frame; XMP of 1 MB is 10,000
COMMENTS = 2000  # blocks of a GIF's comments
RUNS = 4_000_000  # bytes of a BMP in run lengths
RUN_PIXELS = 10_000_000
RUN_WIDTH = 16_384

Segment = tuple[int, int, int]  # a marker, and where what follows its length begins and ends

SOS = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_EOI = 0xD9
_BARE = {*range(0xC0), 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}  # without a length, as Pillow reads them
_SKIPPED, _SEQUENTIAL = {SOS, 0xC4}, {0xC0, 0xC1}
_MARKER = re.compile(rb"\xff([^\0\xff])")
_MARKER_IN_SCAN = re.compile(rb"\xff([^\0\xff\xd0-\xd7])")  # not those between the restarts of a scan
_GIF_PART = re.compile(rb"[!,;]")
_PACKED = (b"zTXt", b"iTXt", b"iCCP")
_COLOURS = (b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"hIST", b"bKGD")


def check_work(data: bytes) -> None:
    """Refuse a file that would take seconds or gigabytes to decode.

    Args:
        data: the file, of any format.

    Raises:
        PictureError: with reason `too_complex`.
    """
    for start, check in _CHECKS.items():
        if data.startswith(start):
            check(data)
    # A WebP's library bounds its parts itself; what a HEIC or an AVIF asks for is not all known before: see apart.py.
    if data[4:8] == b"ftyp" or data.startswith(b"RIFF"):
        check_embedded_directories(data)


def is_light(data: bytes) -> bool:
    """Tell whether a file is a JPEG of one scan, which is decoded row by row and scaled down on the way."""
    header = list(_up_to_a_scan(data)) if data.startswith(b"\xff\xd8") else []
    return bool(header) and header[-1][0] == SOS and _in_one_scan(data, header)


def jpeg_segments(data: bytes) -> Iterator[Segment]:
    """Give the segments of a JPEG that have a length, up to the end of its picture.

    Raises:
        PictureError: there are too many, or too much lies between those before the first scan.
    """
    at, count, junk, pattern = 2, 0, 0, _MARKER
    while found := pattern.search(data, at):
        marker, start = found[1][0], found.end()
        if marker == _EOI and pattern is _MARKER_IN_SCAN:
            return
        count += 1
        junk += found.start() - at if pattern is _MARKER else 0
        _at_most(SEGMENTS, count)
        _at_most(JUNK, junk)
        at = start
        if marker not in _BARE and start + 2 <= len(data):
            at = start + max(2, int.from_bytes(data[start : start + 2]))
            yield marker, start + 2, min(at, len(data))
        if marker == SOS:
            pattern = _MARKER_IN_SCAN


def _at_most(limit: int, count: int) -> None:
    if count > limit:
        raise PictureError("too_complex", "This picture is made of far too many parts; use another copy.")


def _check_jpeg(data: bytes) -> None:
    header = list(_up_to_a_scan(data))
    _at_most(TABLES, sum(end - start for marker, start, end in header if marker < 0xE0 and marker not in _SKIPPED))
    _at_most(RESOURCES, sum(data.count(b"8BIM", start, end) for marker, start, end in header if marker == 0xED))
    exif = [data[at + 6 : end] for marker, at, end in header if marker == 0xE1 and data.startswith(b"Exif\0\0", at)]
    check_directory(b"".join(exif))
    for marker, start, end in header:
        if marker == 0xE2 and data.startswith(b"MPF\0", start):
            check_directory(data[start + 4 : end])
    if header and header[-1][0] == SOS:
        _check_scans(data, header)


def _up_to_a_scan(data: bytes) -> Iterator[Segment]:
    for segment in jpeg_segments(data):
        yield segment
        if segment[0] == SOS:
            return


def _check_scans(data: bytes, header: list[Segment]) -> None:
    frames = _frames(data, header)
    if _in_one_scan(data, header):
        return  # after which decoding ends
    parts = _parts(frames)
    pixels = max((int.from_bytes(frame[:2]) * int.from_bytes(frame[2:4]) for frame in frames.values()), default=0)
    _at_most(COEFFICIENTS, pixels * parts)
    most = min(SCANS, SCANNED // max(1, pixels))
    # Thumbnails, and further pictures in the file, have scans, too; but counting all of them is fast.
    if data.count(b"\xff\xda") > most:
        _at_most(most, sum(marker == SOS for marker, _, _ in jpeg_segments(data)))


def _frames(data: bytes, header: list[Segment]) -> dict[int, bytes]:
    """Return height, width and the number of components of each frame, by its marker."""
    return {marker: data[start + 1 : start + 6] for marker, start, _ in header if marker in FRAMES}


def _parts(frames: dict[int, bytes]) -> int:
    return max((frame[-1] for frame in frames.values() if frame), default=0)


def _in_one_scan(data: bytes, header: list[Segment]) -> bool:
    frames, scan = _frames(data, header), header[-1][1]
    return frames.keys() <= _SEQUENTIAL and data[scan : scan + 1] == bytes([_parts(frames)])


def _check_png(data: bytes) -> None:
    at, chunks, packed = 8, 0, 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        chunks += 1
        packed += name in _PACKED
        _at_most(CHUNKS, chunks)
        _at_most(COMPRESSED, packed)
        _at_most(COLOURS, length if name in _COLOURS else 0)
        if name == b"eXIf":
            check_directory(memoryview(data)[at + 8 : at + 8 + length])
        at += 12 + length


def _check_gif(data: bytes) -> None:
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 13 and data[10] & 128 else 0)
    blocks = comments = junk = 0
    # Only the first frame is read.
    while (found := _GIF_PART.search(data, at)) and found[0] == b"!":
        junk += found.start() - at
        at, count = _after_blocks(data, found.end() + 1)
        blocks += count
        comments += count if data.startswith(b"\xfe", found.end()) else 0
        _at_most(BLOCKS, blocks)
        _at_most(COMMENTS, comments)
        _at_most(JUNK, junk)
    _at_most(JUNK, found.start() - at if found else len(data) - at)


def _after_blocks(data: bytes, at: int) -> tuple[int, int]:
    """Return where a GIF's chain of blocks has ended, and of how many it is."""
    count = 1
    while at < len(data) and data[at] and count <= BLOCKS:
        at += 1 + data[at]
        count += 1
    return at + 1, count


def _check_bmp(data: bytes) -> None:
    if len(data) < 34:
        return
    width, height, _, compression = struct.unpack_from("<iiII", data, 18)
    # Run lengths are unpacked by a loop of Python, and one of them can ask for 255 rows.
    if compression in (1, 2) and data[14] != 12:
        _at_most(RUNS, len(data))
        _at_most(RUN_WIDTH, abs(width))
        _at_most(RUN_PIXELS, abs(width * height))


def _check_tiff(data: bytes) -> None:
    check_directory(data)
    check_strips(data)


_CHECKS: dict[bytes, Callable[[bytes], None]] = {
    b"\xff\xd8": _check_jpeg,
    b"\x89PNG": _check_png,
    b"GIF8": _check_gif,
    b"BM": _check_bmp,
    b"II": _check_tiff,
    b"MM": _check_tiff,
}
