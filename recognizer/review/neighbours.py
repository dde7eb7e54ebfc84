"""The photos most like a photo, from the features that the clean stage left in the work folder.

    neighbours = Neighbours(work, recipe.train)
    neighbours.of(photo.sha256)             # [("3f…", 0.93), …], or None where no features are kept

Nothing is computed by a network here, so the page opens without torch.
"""

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recognizer.networks.cache import FeatureCache, newest
from recognizer.recipe import TrainSettings

NEIGHBOURS = 8


class Neighbours:
    """Looks up nearest neighbours, and reads the features anew when a stage has changed them.

    Args:
        work: the work folder.
        settings: which backbone the features are of.
    """

    def __init__(self, work: Path, settings: TrainSettings) -> None:
        self._work = work
        self._pattern = f"{settings.backbone}-pooled-*"
        self._turn = threading.Lock()
        self._read: tuple[Path, int] | None = None  # the folder that was read, and when it was written
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
        folder = newest(self._work, self._pattern)
        present = (folder, folder.stat().st_mtime_ns) if folder else None
        if present == self._read:
            return
        self._read, self._photos = present, []
        if folder:
            cache = FeatureCache(folder)
            whole = [(photo, view) for photo, view in cache.rows if view == 0]
            self._photos = [photo for photo, _ in whole]
            if whole:
                features = cache.gather(whole, ["overall"])["overall"].astype(np.float32)
                self._features = features / np.linalg.norm(features, axis=1, keepdims=True)
        self._places = {photo: place for place, photo in enumerate(self._photos)}
