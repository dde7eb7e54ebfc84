"""How many faces a photo shows, for models whose answers are about photos of one.

count = face_counter(any_size(weights_file()))
count(picture)                  # 0, 1, 2, …
"""

import threading
from collections.abc import Callable

from PIL import Image

from recognizer.faces.detector import FaceDetector

FACES = "faces.onnx"  # the detector's network, in a model folder
Count = Callable[[Image.Image], int]


def face_counter(network: bytes) -> Count:
    """Return a function from a picture, RGB, to the number of faces in it; many threads may call it at once.

    Args:
        network: the detector's, as `any_size` returns it.
    """
    detector, lock = FaceDetector(network), threading.Lock()

    def count(picture: Image.Image) -> int:
        with lock:  # what it keeps of a picture while it looks is large
            return len(detector.find(picture))

    return count
