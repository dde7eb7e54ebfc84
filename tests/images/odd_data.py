"""Pictures whose metadata, sizes or numbers of compressions are not what they should be."""

import random
import struct
import zlib
from functools import partial
from typing import Any

from PIL import ImageCms

from tests.drawn_web import chunk
from tests.images.hostile import boxed_with_exif, directory, encoded, jpeg_with, png, segment
from tests.images.odd_forms import Maker, photo, plain
from tests.images.profiles import endless_profile, grey_profile, ink_profile, profile

COMPRESSIONS = ("tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "lzma", "zstd", "jpeg")
NUMBERS = (0, 2, 6, 99, 32_773, 32_809, 32_908, 34_661, 34_676, 34_712, 34_887, 34_925, 50_001, 65_535)
ORIENTATION = 0x0112


def odd_data() -> dict[str, Maker]:
    """Return what makes each, by name."""
    return _turns() | _exif() | _icc() | _texts() | _sizes() | _frames_of_jpegs() | _tiffs()


def _turns() -> dict[str, Maker]:
    turns: list[tuple[int, Any]] = [(3, 0), (3, 9), (3, 65_535), (4, 2**32 - 1), (2, b"6"), (5, 8), (12, 8)]
    return {
        f"{form} turned by {value!r}, type {kind}": partial(
            _with_exif, form, directory([(ORIENTATION, kind, 1, value)])
        )
        for form in ("JPEG", "PNG", "WEBP", "AVIF")
        for kind, value in turns
    }


def _exif() -> dict[str, Maker]:
    forms = ("JPEG", "PNG", "WEBP", "AVIF")
    return {
        f"{form} with EXIF {name}": partial(_with_exif, form, exif) for form in forms for name, exif in _exifs().items()
    }


def _icc() -> dict[str, Maker]:
    forms = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
    return {
        f"{form} with {name} profile": partial(plain, form, icc_profile=icc)
        for form in forms
        for name, icc in _profiles().items()
    }


def _texts() -> dict[str, Maker]:
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 3_000_000
    piece = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp[:65_000])
    named, packed = b"XML:com.adobe.xmp\0\0\0\0\0", b"XML:com.adobe.xmp\0\1\0\0\0"
    return {
        "JPEG with XMP of 10 MB": lambda: jpeg_with(piece * 150),
        "WebP with XMP of 10 MB": lambda: plain("WEBP", xmp=xmp),
        "AVIF with XMP of 10 MB": lambda: plain("AVIF", xmp=xmp),
        "PNG with XMP of 10 MB": lambda: png(chunk(b"iTXt", named + xmp)),
        "PNG with XMP that unpacks to 500 MB": lambda: png(
            chunk(b"iTXt", packed + zlib.compress(bytes(500_000_000), 1))
        ),
        "JPEG with comments of 19 MB": lambda: jpeg_with(segment(0xFE, b"A" * 65_000) * 295),
    }


def _with_exif(form: str, exif: bytes) -> bytes:
    if form == "AVIF":  # Pillow would read it to write it
        return boxed_with_exif(form, exif.ljust(40, b"\0"))
    return plain(form, exif=b"Exif\0\0" + exif)


def _exifs() -> dict[str, bytes]:
    """Directories that lead back to themselves, end early or point anywhere."""
    loop = b"II*\0" + struct.pack("<IHHHIIHHIII", 8, 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8)
    return {
        "that is a loop": loop,
        "of a far directory": b"II*\0\xff\xff\xff\xff",
        "of a negative count": directory([(ORIENTATION, 3, 2**32 - 1, 8)]),
        "without an end": b"MM\0*\0\0\0\x08\xff\xff" + bytes(50),
        "of random bytes": random.Random(3).randbytes(5000),
        "of unknown types": directory([(number + 300, 99, 9, 9) for number in range(200)]),
    }


def _profiles() -> dict[str, bytes]:
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rng = random.Random(5)
    broken = bytes(byte if rng.random() > 0.05 else rng.randrange(256) for byte in usual)
    far = struct.pack(">I4sII", 1000, b"rTRC", 2**32 - 8, 2**32 - 8)
    made = {"an endless": endless_profile(), "a grey": grey_profile(2.2), "an ink": ink_profile(), "a broken": broken}
    made |= {"a far": usual[:128] + far * 1000, "a short": usual[:100], "a Lab": profile(b"Lab ", b"XYZ ", {})}
    return made


def _sizes() -> dict[str, Maker]:
    """Sizes of zero and of anything, written over those of plain files."""
    made: dict[str, Maker] = {}
    for width, height in ((0, 0), (0, 100), (100, 0), (65_535, 65_535), (60_000, 800)):
        size, small = f"said to be {width} x {height}", struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
        made[f"JPEG {size}"] = partial(_over, "JPEG", b"\xff\xc0\0\x11\x08", struct.pack(">HH", height, width))
        made[f"PNG {size}"] = partial(_over, "PNG", b"IHDR", struct.pack(">II", width, height))
        made[f"GIF {size}"] = partial(_over, "GIF", b"GIF87a", struct.pack("<HH", width, height))
        made[f"BMP {size}"] = partial(_over, "BMP", b"(\0\0\0", struct.pack("<ii", width, -height))
        made[f"WebP {size}"] = partial(_over, "WEBP", b"\x9d\x01\x2a", small)
        for form in ("HEIF", "AVIF"):
            made[f"{form} {size}"] = partial(_over, form, b"ispe\0\0\0\0", struct.pack(">II", width, height))
    made["PNG that is interlaced"] = lambda: _over("PNG", b"IHDR", struct.pack(">IIBBBBB", 200, 150, 8, 2, 0, 0, 1))
    return made


def _over(form: str, behind: bytes, new: bytes) -> bytes:
    data = plain(form)
    at = data.index(behind) + len(behind)
    return data[:at] + new + data[at + len(new) :]


def _frames_of_jpegs() -> dict[str, Maker]:
    markers = (0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD)
    made: dict[str, Maker] = {
        f"JPEG said to be of SOF{marker - 0xC0}": partial(_as_frame, marker) for marker in markers
    }
    made["JPEG of 12 bits"] = lambda: _over("JPEG", b"\xff\xc0\0\x11", b"\x0c")
    made["JPEG with restarts"] = lambda: plain("JPEG", restart_marker_blocks=1, progressive=True)
    return made


def _as_frame(marker: int) -> bytes:
    return plain("JPEG").replace(b"\xff\xc0\0\x11", bytes([0xFF, marker]) + b"\0\x11")


def _tiffs() -> dict[str, Maker]:
    made: dict[str, Maker] = {f"TIFF by {kind}": partial(plain, "TIFF", compression=kind) for kind in COMPRESSIONS}
    for kind in ("group3", "group4", "tiff_ccitt"):
        made[f"TIFF by {kind}"] = partial(_as_fax, kind)
    for number in NUMBERS:
        made[f"TIFF said to be packed by {number}"] = partial(_as_packed, number)
    made["TIFF whose directories go round"] = lambda: _over("TIFF", b"II*\0", struct.pack("<I", 8)) + bytes(100)
    made["TIFF in a TIFF in a TIFF"] = lambda: directory([(330, 4, 1, 8), (34_665, 4, 1, 8), (34_853, 4, 1, 8)])
    return made


def _as_fax(kind: str) -> bytes:
    return encoded(photo().convert("1"), "TIFF", compression=kind)


def _as_packed(number: int) -> bytes:
    """A file of LZW whose number for that is exchanged."""
    packed = plain("TIFF", compression="tiff_lzw")
    entry = struct.pack("<HHI", 259, 3, 1)
    return packed.replace(entry + struct.pack("<I", 5), entry + struct.pack("<I", number))
