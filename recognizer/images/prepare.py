"""Bytes to a photo that can be stored: checked, upright, without metadata, and fingerprinted."""

import io
from dataclasses import dataclass

from recognizer.images.decode import Limits, read_picture, sha256
from recognizer.images.fingerprints import fingerprint

JPEG_QUALITY = 90


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be stored.

    Args:
        jpeg: the file's bytes: upright RGB JPEG without EXIF or any other metadata.
        sha256: of `jpeg`, 64 hexadecimal digits.
        phash: perceptual hash (64-bit DCT hash, imagehash.phash), 16 hexadecimal digits.
        width: pixels.
        height: pixels.
    """

    jpeg: bytes
    sha256: str
    phash: str
    width: int
    height: int


def prepare_photo(data: bytes, limits: Limits | None = None) -> PreparedPhoto:
    """Decode bytes once and make a photo of them.

    Args:
        data: the file as it was downloaded.
        limits: what to accept; `Limits()` by default.

    Raises:
        PictureError: as `read_picture`.
    """
    image = read_picture(data, limits)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    jpeg = buffer.getvalue()
    return PreparedPhoto(jpeg, sha256(jpeg), fingerprint(image), image.width, image.height)
