"""How many faces a photo shows, for pages whose answers are about photos of one.

count = face_counter()          # None where no detector is installed
count(picture)                  # 0, 1, 2, …
"""

import threading
from collections.abc import Callable
from importlib.util import find_spec

from PIL import Image

from recognizer.faces.detector import FaceDetector, is_installed, weights_file

Count = Callable[[Image.Image], int]


def face_counter() -> Count | None:
    """Return a function from a picture, RGB, to the number of faces in it; None where faces cannot be found."""
    if not is_installed() or find_spec("onnx") is None:
        return None
    lock = threading.Lock()
    opened: list[FaceDetector] = []

    def count(picture: Image.Image) -> int:
        with lock:  # opened once, when the first photo needs it
            detector = opened[0] if opened else FaceDetector(weights_file())
            opened[:] = [detector]
        return len(detector.find(picture))

    return count
