"""Bytes from strangers to a safe, upright RGB picture.

image = read_picture(data)          # PIL image, RGB, upright, longest side at most 640
"""

import hashlib
import io
import re
import warnings
from dataclasses import asdict, dataclass

import pillow_heif
from PIL import ExifTags, Image, ImageOps

from recognizer.errors import PictureError
from recognizer.images.apart import read_apart
from recognizer.images.bounds import check_work, is_light
from recognizer.images.colours import eight_bit, in_srgb
from recognizer.images.cut_off import jpeg_height, lacks_end, too_much_lost, two_ends
from recognizer.images.directories import check_directory

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP", "TIFF")
LONGEST_SIDE = 640
# Each row has its place in memory, and the thinnest pictures have the most rows; a JPEG has at most so many.
SIDE = 65_535
# Its decoder holds four copies of a WebP: of more pixels, over 600 MB.
WEBP_PIXELS = 33_000_000

# How files begin that are pictures all the same: cut off before they could be opened, or of a format not read here.
_CUT_OFF = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r|GIF8|RIFF....WEBP|....ftyp(avi[fs]|hei[cxms]|mif1|msf1)|II\*\0|MM\0\*", re.DOTALL
)
_NOT_READ = re.compile(
    rb"%!PS|8BPS|\0\0[\1\2]\0|\0\0\0\x0c(jP|JXL) |\xff\x0a|\xff\x4f\xff\x51|P[1-6]\s|.{,1000}<svg", re.DOTALL
)

# Pixels of the largest picture that is decoded in this process, unless it is a JPEG that needs little memory.
LARGE = 13_000_000
# How files begin that are decoded in a process apart, however small: AVIF and HEIC, and TIFF.
_APART = re.compile(rb"....ftyp|II|MM", re.DOTALL)

# The boxes of a HEIC file that turn or mirror its picture (ISO/IEC 23008-12, 6.5.10 and 6.5.12), with their size.
_TURNING_BOX = re.compile(rb"\0\0\0\x09(irot|imir)")

pillow_heif.register_heif_opener()
# Pillow warns of much in strangers' files; `warnings.catch_warnings` is not for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Limits:
    """What is accepted as a picture.

    Args:
        bytes: largest file.
        pixels: largest width times height, checked before anything is decoded.
        min_side: shortest side in pixels.
        longest_side: pixels that a larger picture is scaled down to.
    """

    bytes: int = 20_000_000
    pixels: int = 50_000_000
    min_side: int = 1
    longest_side: int = LONGEST_SIDE


def read_picture(data: bytes, limits: Limits | None = None) -> Image.Image:
    """Decode bytes into an upright RGB picture within limits.

    Args:
        data: a JPEG, PNG, WebP, GIF (its first frame is used), AVIF, HEIC, BMP or TIFF file.
        limits: what to accept; `Limits()` by default.

    Returns:
        A picture in sRGB without metadata, longest side at most `limits.longest_side` pixels;
        transparent parts are white.

    Raises:
        PictureError: with reason `too_large`, `too_small`, `too_complex`, `unsupported_format`, `not_an_image` or
            `truncated`.
    """
    limits = limits or Limits()
    if len(data) > limits.bytes:
        raise PictureError("too_large", f"This file has over {limits.bytes // 1_000_000} MB; use a smaller copy.")
    check_work(data)
    if _APART.match(data):
        return read_apart(data, asdict(limits))
    if lacks_end(data):
        return _finished(_cut_off(data, limits))
    image = _opened(data, limits)
    if image.width * image.height > LARGE and not is_light(data):
        return read_apart(data, asdict(limits))
    return _finished(_scaled(image, limits))


def read_here(data: bytes, limits: Limits) -> Image.Image:
    """Decode bytes in this process, as `read_picture`, however much time and memory that takes."""
    return _finished(_cut_off(data, limits) if lacks_end(data) else _scaled(_opened(data, limits), limits))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _cut_off(data: bytes, limits: Limits) -> Image.Image:
    image, other = (_scaled(_opened(ended, limits), limits) for ended in two_ends(data))
    if too_much_lost(image, other, jpeg_height(data)):
        raise _broken()
    return image


def _opened(data: bytes, limits: Limits) -> Image.Image:
    """Open a picture of which nothing is decoded yet, and which keeps the limits."""
    image = _open(data)
    _check_size(image, limits)
    return image


def _scaled(image: Image.Image, limits: Limits) -> Image.Image:
    """Decode a picture and scale it down, as it lies in its file."""
    box = (limits.longest_side, limits.longest_side)
    try:
        # A JPEG is decoded at the smallest scale that still gives the wanted size.
        image.draft("RGB", box)
        # Scaled down before all else, so that a large picture is in memory as few times as can be.
        small = _scalable(image)
        small.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=3.0)
        small.load()
    except Exception as error:  # decoders raise anything on hostile bytes
        raise _broken(error) from error
    return small


def _finished(small: Image.Image) -> Image.Image:
    """Turn a picture upright, give it its colours and a white ground, and take all else from it."""
    try:
        _check_raw_profile(small)
        upright = _on_white(in_srgb(ImageOps.exif_transpose(small), small.info.get("icc_profile")))
    except PictureError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes
        raise _broken(error) from error
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    return clean


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.format == "HEIF" and not _TURNING_BOX.search(data):
            _restore_orientation(image)
        return image
    except Image.DecompressionBombError as error:
        raise PictureError("too_large", "This picture has too many pixels; use a smaller copy.") from error
    except Exception as error:  # decoders raise anything on hostile bytes
        raise _unreadable(data, error) from error


def _restore_orientation(image: Image.Image) -> None:
    """Give a HEIC picture back its EXIF orientation, which pillow_heif takes away on opening.

    By the standard a box of the file turns the picture and EXIF only tells of it; but some programs write EXIF alone,
    and viewers follow it.
    """
    if orientation := image.info.get("original_orientation"):
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = orientation
        image.info["exif"] = exif.tobytes()


def _unreadable(data: bytes, error: Exception) -> PictureError:
    if _CUT_OFF.match(data) or _lacks_memory(error):
        return _broken(error)
    if _NOT_READ.match(data):
        return PictureError(
            "unsupported_format", "Files of this format are not read; use a JPEG, PNG, WebP or HEIC photo."
        )
    return PictureError("not_an_image", "This file is not a picture; use a JPEG, PNG, WebP or HEIC photo.")


def _broken(error: Exception | None = None) -> PictureError:
    if _lacks_memory(error):
        return PictureError("too_complex", "This picture takes too much memory to decode; use a smaller copy.")
    return PictureError("truncated", "This picture is broken or cut off; try another copy.")


def _lacks_memory(error: Exception | None) -> bool:
    return isinstance(error, MemoryError) or str(error) == "decoder error -9"  # IMAGING_CODEC_MEMORY of Pillow


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    pixels = min(limits.pixels, WEBP_PIXELS) if image.format == "WEBP" else limits.pixels
    if width * height > pixels:
        most = pixels // 1_000_000
        raise PictureError("too_large", f"This picture has {width} x {height} pixels; at most {most} million are read.")
    if max(width, height) > SIDE:
        raise PictureError("too_large", f"This picture has {width} x {height} pixels; at most {SIDE} a side are read.")
    if min(width, height) < limits.min_side:
        raise PictureError("too_small", f"This picture has only {width} x {height} pixels.")


def _scalable(image: Image.Image) -> Image.Image:
    """Give colours to pictures whose pixels are numbers of a palette, or more than 8 bits."""
    if image.mode in ("P", "PA", "1"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return eight_bit(image) if image.mode[0] in "IF" else image


def _check_raw_profile(image: Image.Image) -> None:
    """Check the EXIF data that some programs write into a text of a PNG."""
    if "exif" not in image.info and (text := image.info.get("Raw profile type exif")):
        check_directory(bytes.fromhex("".join(text.split("\n")[3:])))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")
