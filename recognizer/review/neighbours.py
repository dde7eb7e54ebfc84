"""The photos most like a photo, from the features that the clean stage left in the work folder.

    neighbours = Neighbours(work, recipe.train)
    neighbours.of(photo.sha256)             # [("3f…", 0.93), …], or None where no features are kept

Nothing is computed by a network here, so the page opens without torch.
"""

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recognizer.files import features_file
from recognizer.recipe import TrainSettings

NEIGHBOURS = 8


class Neighbours:
    """Looks up nearest neighbours, and reads the features anew when a stage has changed them.

    Args:
        work: the work folder.
        settings: which backbone and size the features are of.
    """

    def __init__(self, work: Path, settings: TrainSettings) -> None:
        self._cache = features_file(work, settings)
        self._turn = threading.Lock()
        self._read: int | None = None  # when what was read was written, in nanoseconds
        self._photos: list[str] = []
        self._places: dict[str, int] = {}
        self._features: npt.NDArray[np.float32] = np.empty((0, 0), np.float32)

    def of(self, photo: str) -> list[tuple[str, float]] | None:
        """Return the photos most like one, by the cosine of their features.

        Args:
            photo: its sha256.

        Returns:
            sha256 and cosine of each, nearest first; None where no features of the photo are kept.
        """
        with self._turn:
            self._refresh()
            photos, place, features = self._photos, self._places.get(photo), self._features
        if place is None:
            return None
        likeness = features @ features[place]
        likeness[place] = -np.inf
        nearest = np.argsort(-likeness)[: min(NEIGHBOURS, len(photos) - 1)]
        return [(photos[near], float(likeness[near])) for near in nearest]

    def _refresh(self) -> None:
        present = self._cache.stat().st_mtime_ns if self._cache.is_file() else None
        if present == self._read:
            return
        self._read, self._photos = present, []
        if present is not None:
            with np.load(self._cache) as stored:
                self._photos, rows = stored["photos"].tolist(), stored["overall"].astype(np.float32)
            self._features = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        self._places = {photo: place for place, photo in enumerate(self._photos)}
