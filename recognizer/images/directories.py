"""The directories of TIFF files, which EXIF data are too: how much is read of them, counted beforehand.

An entry names a place and a length, and nothing keeps 60,000 entries from naming the same 20 MB: each is read anew.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from recognizer.errors import PictureError

ENTRIES = 5000  # of all directories of a picture; cameras write about 100
BYTES = 50_000_000  # of all values, where twice the file's length is less
NUMBERS = 400_000  # in all entries; the largest palette has 196,608
STRIPS = 65_536  # or tiles; scanners write one for each row
EMBEDDED = 200  # headers of directories inside another file

PREFIXES = 5  # "Exif" that stands again and again, each taken away by a copy of all that follows

_PREFIX = b"Exif\0\0"
_HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*", b"II\0+")
# Bytes of one value of each type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_BYTES, _ONE_NUMBER = (1, 2, 7), (4, 13, 3)  # types
_POINTERS = (0x8769, 0x8825, 0xA005)  # to the directories of EXIF, GPS and interoperability
_STRIPS = (273, 279, 324, 325)  # offsets and lengths of strips, and of tiles
_STRIP_LENGTHS = (279, 325)
_COMPRESSION, _RAW, _JPEG = 259, 1, (6, 7)
_EXTRA_SCANS = 20  # of JPEGs in a TIFF, beyond one for each strip

Entry = tuple[int, int, int, int]  # tag, type, how many values, and where they lie


@dataclass
class _Layout:
    """How a file writes its directories: TIFF, or BigTIFF with numbers of 64 bits."""

    order: str
    big: bool

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ" if self.big else "HHL"))

    def number(self, data: bytes | memoryview, at: int) -> int:
        return _unpacked(self.order + ("Q" if self.big else "L"), data, at)

    def entries(self, data: bytes | memoryview, at: int) -> Iterator[Entry]:
        """Give the entries of a directory, as far as they are in the file."""
        width, field = (20, 8) if self.big else (12, 4)
        count = _unpacked(self.order + ("Q" if self.big else "H"), data, at)
        first = at + (8 if self.big else 2)
        for start in range(first, min(first + count * width, len(data) - width + 1), width):
            tag, kind, values = self.entry.unpack_from(data, start)
            inside = values * _SIZES.get(kind, 0) <= field
            yield tag, kind, values, start + width - field if inside else self.number(data, start + width - field)

    def values(self, data: bytes, entry: Entry | None) -> Iterator[int]:
        """Give the whole numbers of an entry that are in the file."""
        letter = {3: "H", 4: "L", 16: "Q"}.get(entry[1]) if entry else None
        if entry and letter and entry[3] < len(data):
            one = struct.Struct(self.order + letter)
            count = min(entry[2], (len(data) - entry[3]) // one.size)
            yield from struct.unpack_from(f"{self.order}{count}{letter}", data, entry[3])


def check_directory(data: bytes | memoryview) -> None:
    """Refuse a TIFF file, or EXIF data, of whose directories too much would be read.

    Args:
        data: from the header of the TIFF file on, or from "Exif" before it; what has no such header passes.

    Raises:
        PictureError: with reason `too_complex`.
    """
    for _ in range(PREFIXES):
        data = data[6:] if bytes(data[:6]) == _PREFIX else data
    _refuse(bytes(data[:6]) == _PREFIX)
    if bytes(data[:4]) not in _HEADERS:
        return
    layout = _Layout("<" if bytes(data[:1]) == b"I" else ">", 43 in bytes(data[2:4]))
    spent = _Spent(len(data))
    waiting, seen = [layout.number(data, 8 if layout.big else 4)], set[int]()
    while waiting:
        if (place := waiting.pop()) in seen:
            continue
        seen.add(place)
        for entry in layout.entries(data, place):
            if not spent.add(entry):
                break
            if entry[0] in _POINTERS and entry[1] in _ONE_NUMBER:
                waiting.append(_unpacked(layout.order + "L", data, entry[3]))


def check_strips(data: bytes) -> None:
    """Refuse a TIFF file whose strips, or tiles, name the same bytes again and again, or are JPEGs of many scans.

    Args:
        data: the file, of which `check_directory` has found that its directories are small.

    Raises:
        PictureError: with reason `too_complex`.
    """
    layout = _Layout("<" if data.startswith(b"I") else ">", 43 in data[2:4])
    entries = {entry[0]: entry for entry in layout.entries(data, layout.number(data, 8 if layout.big else 4))}
    compression = next(layout.values(data, entries.get(_COMPRESSION)), _RAW)
    lengths = [min(length, len(data)) for tag in _STRIP_LENGTHS for length in layout.values(data, entries.get(tag))]
    # Of pictures without compression the lengths are not used, and some programs write any.
    _refuse(compression != _RAW and sum(lengths) > max(BYTES, 2 * len(data)))
    _refuse(compression in _JPEG and data.count(b"\xff\xda") > len(lengths) + _EXTRA_SCANS)


def check_embedded_directories(data: bytes) -> None:
    """Refuse a file in which EXIF data lie of which too much would be read, wherever they lie.

    Args:
        data: a file in boxes, HEIC or AVIF.

    Raises:
        PictureError: with reason `too_complex`.
    """
    _refuse(_PREFIX * PREFIXES in data)
    found, view = 0, memoryview(data)
    for header in _HEADERS:
        at = data.find(header)
        while at >= 0:
            found += 1
            _refuse(found > EMBEDDED)
            check_directory(view[at:])
            at = data.find(header, at + 1)


class _Spent:
    """What the entries so far ask for."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._entries = self._bytes = self._numbers = 0

    def add(self, entry: Entry) -> bool:
        """Count an entry; tell whether reading goes on, which it does not where the file ends before the values."""
        tag, kind, values, place = entry
        size = values * _SIZES.get(kind, 0)
        if place + size > self._length:
            return False
        self._entries += 1
        self._bytes += size
        self._numbers += values if kind in _SIZES and kind not in _BYTES else 0
        _refuse(self._entries > ENTRIES or self._numbers > NUMBERS or self._bytes > max(BYTES, 2 * self._length))
        _refuse(tag in _STRIPS and values > STRIPS)
        return True


def _refuse(refused: bool) -> None:
    if refused:
        raise PictureError("too_complex", "The data in this picture refer to far too many parts; use another copy.")


def _unpacked(form: str, data: bytes | memoryview, at: int) -> int:
    """Read a number; 0 where the file has ended."""
    if at + struct.calcsize(form) > len(data):
        return 0
    return int(struct.unpack_from(form, data, at)[0])
