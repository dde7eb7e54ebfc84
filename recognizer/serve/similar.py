"""Finds the photos that a network learned from which are most like a visitor's: licensed ones, each with its credit."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.errors import ModelError
from recognizer.images.data_url import data_url
from recognizer.serve.facts import told_credit

SHOWN = 3
ARRAYS = "similar.npz"
LARGEST_COPY = 200_000  # bytes


class Similar:
    """The photos of a model folder that may be shown; none where it has none, as of recipes about people.

    Args:
        folder: the model folder.
        facts: its model.json, checked.

    Raises:
        ModelError: the file of embeddings is broken.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self._folder = folder
        rows = facts.get("similar")
        self._credits = {Path(str(row.get("file"))).stem: row for row in rows or [] if isinstance(row, dict)}
        self._photos: list[str] = []
        self._embeddings = np.zeros((0, 1), np.float32)
        if self._credits:
            self._photos, self._embeddings = _read(folder / ARRAYS)

    def nearest(self, embedding: npt.NDArray[np.float32] | None) -> list[dict[str, str]]:
        """Return the most similar photos, first the most similar: `picture`, a data: URL, and who made it.

        Args:
            embedding: of the visitor's photo, (channels,), of length 1; similarity is the cosine. None gives none.
        """
        if embedding is None or self._embeddings.shape[1:] != embedding.shape:
            return []
        order = np.argsort(-(self._embeddings @ embedding))
        shown = (self._shown(self._photos[at][:16]) for at in order)
        return [one for one, _ in zip((one for one in shown if one), range(SHOWN), strict=False)]

    def _shown(self, name: str) -> dict[str, str] | None:
        """Return a photo and its credit; None where it was forgotten."""
        file = self._folder / "similar" / f"{name}.jpg"
        if name not in self._credits or not file.is_file() or file.stat().st_size > LARGEST_COPY:
            return None
        return {"picture": data_url(file.read_bytes()), **told_credit(self._credits[name])}


def _read(file: Path) -> tuple[list[str], npt.NDArray[np.float32]]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            photos, embeddings = stored["photos"].astype(str).tolist(), stored["embeddings"].astype(np.float32)
        if embeddings.ndim != 2 or len(photos) != len(embeddings):
            raise ValueError("photos and embeddings are not as many")
    except Exception as error:  # whatever a damaged file makes numpy raise
        raise ModelError(f"{file} is missing or broken ({error}); export the model again.") from error
    return photos, embeddings
