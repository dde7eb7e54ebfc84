"""A photo that is written into a request as a data: URL."""

import base64
import binascii

from recognizer.serve.uploads import LARGEST_PHOTO


class NotInline(Exception):
    """No photo in base64, or too large a one; the message is one sentence for a person.

    Args:
        sentence: what is wrong.
        status: 400, or 413 for too large.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def decode_inline(url: str) -> bytes:
    """Return what a data: URL holds.

    Args:
        url: `data:image/jpeg;base64,` and the bytes in base64.

    Raises:
        NotInline: it is too large, or not in base64.
    """
    written = url.partition(",")[2]
    if len(written) > LARGEST_PHOTO * 4 // 3 + 4:
        raise NotInline(f"This file has over {LARGEST_PHOTO // 1_000_000} MB; use a smaller copy.", 413)
    try:
        return base64.b64decode(written)
    except (binascii.Error, ValueError) as error:
        raise NotInline("This data: URL holds no photo in base64.", 400) from error
