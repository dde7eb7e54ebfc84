"""Files that ask for far more work than they have bytes, and honest ones that are near them."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.drawn_web import chunk, zlib_zeros

Entry = tuple[int, int, int, bytes | int]  # tag, type, how many values, and these or where they are

GREEN = (9, 99, 9)
TINY_ROW = zlib.compress(b"\0\0\0\0")
PREFIX = b"Exif\0\0"


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def jpeg(side: int = 64, **options: Any) -> bytes:
    return encoded(Image.new("RGB", (side, side), GREEN), "JPEG", **options)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg_with(before: bytes) -> bytes:
    """A JPEG that begins with something else."""
    plain = jpeg()
    return plain[:2] + before + plain[2:]


def jpeg_of_scans(count: int, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan stands again and again."""
    plain = jpeg(side, progressive=True)
    return plain[:-2] + plain[plain.rindex(b"\xff\xda") : -2] * count + b"\xff\xd9"


def jpeg_with_exif(*pieces: bytes) -> bytes:
    return jpeg_with(b"".join(segment(0xE1, PREFIX + piece) for piece in pieces))


def png(before: bytes = b"", after: bytes = b"", rows: bytes = TINY_ROW, side: int = 1, mode: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, mode, 0, 0, 0)
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", rows) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def gif(before: bytes = b"", after: bytes = b"") -> bytes:
    """A GIF with something before its only frame, and something behind it."""
    plain = encoded(Image.new("P", (64, 64)), "GIF")
    at = plain.rindex(b",\0\0\0\0")
    return plain[:at] + before + plain[at:-1] + after + b";"


def gif_frame() -> bytes:
    plain = encoded(Image.new("P", (64, 64)), "GIF")
    return plain[plain.rindex(b",\0\0\0\0") : -1]


def directory(entries: list[Entry]) -> bytes:
    """A TIFF file of entries alone; values of more than four bytes follow them."""
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    table, values, place = b"", b"", len(head) + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        inside = value if isinstance(value, int) else place + len(values)
        table += struct.pack("<HHII", tag, kind, count, inside)
        values += value if isinstance(value, bytes) else b""
    return head + table + bytes(4) + values


def grey_tiff(width: int, height: int, *more: Entry, compression: int = 1) -> bytes:
    """A TIFF of a row a strip, all of which are the same bytes."""
    described: list[Entry] = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression)]
    described += [(262, 3, 1, 1), (277, 3, 1, 1), (278, 4, 1, 1)]
    described += [(273, 4, height, longs(8, height)), (279, 4, height, longs(width, height))]
    return directory(sorted([*described, *more]))


def longs(number: int, count: int) -> bytes | int:
    return struct.pack("<I", number) * count if count > 1 else number


def overlapping(count: int, length: int) -> bytes:
    """Entries that all name the same bytes."""
    plain = directory([(number + 1000, 7, length, 8) for number in range(count)])
    return plain + bytes(max(0, length + 8 - len(plain)))


def bmp_of_runs(width: int, height: int, runs: bytes) -> bytes:
    palette = bytes(number // 4 for number in range(1024))
    sizes = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1078 + len(runs), 0, 0, 1078) + sizes + palette + runs


def webp_with_exif(exif: bytes) -> bytes:
    picture = encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    chunks = b"VP8X" + struct.pack("<II", 10, 8) + bytes(6) + picture + b"EXIF" + struct.pack("<I", len(exif)) + exif
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def boxed_with_exif(form: str, exif: bytes) -> bytes:
    """An AVIF or HEIC file whose EXIF data are exchanged for others of the same length."""
    harmless = directory([(271, 2, 4, int.from_bytes(b"Abc\0", "little"))])
    filled = harmless + b"Q" * (len(exif) - len(harmless))
    plain = encoded(Image.new("RGB", (64, 64), GREEN), form, exif=filled)
    assert plain.count(filled) == 1
    return plain.replace(filled, exif)


def packed_text(kind: bytes, text: bytes) -> bytes:
    return chunk(b"zTXt", kind + b"\0\0" + zlib.compress(text))


def raw_profile(exif: bytes) -> bytes:
    return packed_text(b"Raw profile type exif", b"\nexif\n 1\n" + exif.hex().encode())


# Each takes seconds or gigabytes where its kind is drawn out to 20 MB, and most of them as they are.
TOO_COMPLEX: dict[str, Callable[[], bytes]] = {
    "JPEG, scans": lambda: jpeg_of_scans(1000),
    "JPEG, fewer scans of a large picture": lambda: jpeg_of_scans(40, 6000),
    "JPEG, large and held in memory": lambda: encoded(Image.new("CMYK", (7000, 7000)), "JPEG", progressive=True),
    "JPEG, comments": lambda: jpeg_with(segment(0xFE, b"") * 500_000),
    "JPEG, comments behind an end": lambda: jpeg_with(b"\xff\xd9" + segment(0xFE, b"") * 500_000),
    "JPEG, comments that a length hides": lambda: jpeg_with((b"\xff\xf0\xff\xff" + segment(0xFE, b"") * 16_000) * 30),
    "JPEG, what is no segment": lambda: jpeg_with(segment(0xFE, b"") + b"x" * 5_000_000),
    "JPEG, filling": lambda: jpeg_with(b"\xff" * 5_000_000),
    "JPEG, restarts before the picture": lambda: jpeg_with(b"\xff\xd0" * 500_000),
    "JPEG, tables": lambda: jpeg_with(segment(0xDB, (b"\0" + b"\1" * 64) * 1000) * 50),
    "JPEG, resources": lambda: jpeg_with(segment(0xED, b"Photoshop 3.0\0" + (b"8BIM" + bytes(8)) * 5000) * 50),
    "JPEG, EXIF": lambda: jpeg_with_exif(overlapping(3000, 60_000)),
    "JPEG, EXIF in pieces": lambda: jpeg_with_exif(overlapping(50, 2_000_000)[:65_000], *[bytes(65_000)] * 31),
    "JPEG, the name of EXIF": lambda: jpeg_with_exif(*[PREFIX * 10_000] * 20),
    "JPEG, MPF": lambda: jpeg_with(segment(0xE2, b"MPF\0" + overlapping(3000, 60_000))),
    "PNG, chunks": lambda: png(chunk(b"abCd", b"") * 200_000),
    "PNG, chunks behind the picture": lambda: png(b"", chunk(b"abCd", b"") * 200_000),
    "PNG, empty data": lambda: png(chunk(b"IDAT", b"") * 200_000),
    "PNG, texts": lambda: png(packed_text(b"", bytes(1_000_000)) * 500),
    "PNG, profiles": lambda: png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 500),
    "PNG, chromaticities": lambda: png(chunk(b"cHRM", bytes(4_000_000))),
    "PNG, EXIF": lambda: png(chunk(b"eXIf", overlapping(100, 1_000_000))),
    "PNG, the name of EXIF": lambda: png(chunk(b"eXIf", PREFIX * 100_000)),
    "PNG, EXIF in a text": lambda: png(raw_profile(overlapping(3000, 100_000))),
    "GIF, a comment": lambda: gif(b"!\xfe" + (b"\xff" + bytes(255)) * 20_000 + b"\0"),
    "GIF, an extension": lambda: gif(b"!\1" + b"\1x" * 500_000 + b"\0"),
    "GIF, an extension without end": lambda: gif(b"!\1")[:-30] + b"\1x" * 500_000,
    "GIF, extensions": lambda: gif(b"!\1\0" * 500_000),
    "GIF, what is no part": lambda: gif(b"x" * 5_000_000),
    "BMP, runs": lambda: bmp_of_runs(5000, 2000, b"\1\7" * 3_000_000),
    "BMP, pixels": lambda: bmp_of_runs(7000, 7000, b"\1\7\0\1"),
    "BMP, rows that are skipped": lambda: bmp_of_runs(5_000_000, 1, b"\0\2\0\xff\0\1"),
    "TIFF, strips": lambda: grey_tiff(1, 200_000),
    "TIFF, strips of the same bytes": lambda: grey_tiff(4000, 20_000, compression=8),
    "TIFF, entries": lambda: grey_tiff(1, 1, *((number + 1000, 3, 1, 0) for number in range(10_000))),
    "TIFF, values": lambda: grey_tiff(1, 1, (320, 3, 1_000_000, bytes(2_000_000))),
    "TIFF, entries of the same bytes": lambda: overlapping(500, 1_000_000),
    "WebP, EXIF": lambda: webp_with_exif(overlapping(100, 1_000_000)),
    "WebP, the name of EXIF": lambda: webp_with_exif(PREFIX * 100_000),
    "AVIF, EXIF": lambda: boxed_with_exif("AVIF", overlapping(100, 1_000_000)),
    "AVIF, the name of EXIF": lambda: boxed_with_exif("AVIF", PREFIX * 100_000),
    "HEIC, EXIF": lambda: boxed_with_exif("HEIF", overlapping(100, 1_000_000)),
    "HEIC, the name of EXIF": lambda: boxed_with_exif("HEIF", PREFIX * 100_000),
}

# What programs write that is large in the same way.
HONEST: dict[str, Callable[[], bytes]] = {
    "JPEG, scans": lambda: jpeg_of_scans(60),
    "JPEG, metadata": lambda: jpeg_with(segment(0xE1, bytes(65_000)) * 290),
    "JPEG, bytes like scans": lambda: jpeg_with(segment(0xFE, b"\xff\xda" * 30_000)),
    "PNG, pieces": lambda: png(b"", chunk(b"abCd", bytes(400)) * 20_000),
    "PNG, texts": lambda: png(packed_text(b"Software", bytes(1000)) * 100),
    "GIF, XMP": lambda: gif(b"!\xff\x0bXMP DataXMP" + (b"\x64" + b"d" * 100) * 10_000 + b"\0"),
    "GIF, frames": lambda: gif(b"", gif_frame() * 100_000),
    "BMP, runs": lambda: bmp_of_runs(1920, 1080, (b"\xc0\7" * 10 + b"\0\0") * 1080 + b"\0\1"),
    "TIFF, strips": lambda: grey_tiff(4, 20_000),
    "PNG, rows": lambda: png(rows=zlib_zeros(2001 * 20, 100), side=2000, mode=0),
}
