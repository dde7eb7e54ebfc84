"""Small pictures within a page, so that it is one file."""

import base64
import io

from PIL import Image


def jpeg_url(image: Image.Image, quality: int = 80) -> str:
    """Return a picture as the data: URL of a JPEG.

    Args:
        image: RGB.
        quality: of the JPEG, from 1 to 95.
    """
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality)
    return data_url(written.getvalue())


def data_url(jpeg: bytes) -> str:
    """Return the bytes of a JPEG as a data: URL."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
