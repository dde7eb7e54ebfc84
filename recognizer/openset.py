"""How far a photo is from everything that the network learned from, so that a photo of no class is told apart.

    distance = fit_distance(features, labels)            # of photos of the classes
    distance.score(other)                                # (n,), larger is farther
    distance.is_far(other)                               # (n,), whether farther than nearly all photos of the classes
    Distance.from_json(distance.to_json())               # as model.json holds it; numpy is enough

Mahalanobis distance to the nearest class: Lee et al., 2018, https://arxiv.org/abs/1807.03888. Features are brought to
unit length first, as in Mueller and Hein, 2025, https://arxiv.org/abs/2505.18032 (Mahalanobis++), since the length of
features says more about contrast than about content.
"""

import base64
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

DIMENSIONS = 64  # of the space that distances are measured in; with 1,280 channels about 220 kB of JSON
SHRINKAGE = 0.1  # share of the mean variance mixed into each direction's, for directions that few photos tell about
KEPT = 0.99  # share of the photos of the classes that may not count as far
Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.int_]


@dataclass(frozen=True)
class Distance:
    """A space in which photos of one class lie close together.

    Args:
        mean: of the features, (channels,).
        projection: into the space, (channels, dimensions).
        centroids: of the classes, (classes, dimensions).
        limit: score from which a photo counts as far.
    """

    mean: Floats
    projection: Floats
    centroids: Floats
    limit: float = float("inf")

    def score(self, features: Floats) -> npt.NDArray[np.float64]:
        """Return the squared distance to the nearest class, (n,).

        Args:
            features: what the network's last layer takes, (n, channels).
        """
        places = (_unit(features) - self.mean) @ self.projection
        gaps = places[:, None, :] - self.centroids[None, :, :]
        return np.asarray((gaps**2).sum(axis=2).min(axis=1), dtype=np.float64)

    def is_far(self, features: Floats) -> npt.NDArray[np.bool_]:
        """Tell for each of n photos whether it is farther from all classes than their own photos are."""
        return self.score(features) > self.limit

    def limited(self, scores: Floats, kept: float = KEPT) -> "Distance":
        """Return this distance with the limit that leaves a share of photos near.

        Args:
            scores: of photos of the classes, measured by networks that had not learned from them, (n,).
            kept: the share.
        """
        return replace(self, limit=float(np.quantile(scores, kept)))

    def to_json(self) -> dict[str, Any]:
        """Return what model.json holds: arrays as base64 of little-endian half floats, row after row."""
        arrays = {name: getattr(self, name) for name in ("mean", "projection", "centroids")}
        return {
            "kind": "mahalanobis",
            "limit": self.limit,
            **{name: {"shape": list(array.shape), "float16": _pack(array)} for name, array in arrays.items()},
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Distance":
        """Return the distance that `to_json` wrote."""
        arrays = {name: _unpack(stored[name]) for name in ("mean", "projection", "centroids")}
        return cls(**arrays, limit=float(stored["limit"]))


def fit_distance(features: Floats, labels: Numbers, dimensions: int = DIMENSIONS) -> Distance:
    """Fit a distance to photos of the classes; it has no limit yet.

    Args:
        features: what the network's last layer takes, (n, channels).
        labels: the number of each photo's class, (n,), every class present.
        dimensions: at most, of the space.
    """
    unit = _unit(features)
    mean = unit.mean(axis=0)
    classes = np.unique(labels)
    means = np.stack([unit[labels == number].mean(axis=0) for number in classes])
    within = unit - means[np.searchsorted(classes, labels)]
    directions, spread = _directions(unit - mean, within, dimensions)
    projection = directions / np.sqrt(spread)
    # In half floats, as they are stored, so that a distance is the same before and after.
    centre, space = _halved(mean), _halved(projection)
    return Distance(centre, space, _halved((means - centre) @ space))


def _directions(centred: Floats, within: Floats, dimensions: int) -> tuple[Floats, Floats]:
    """Return the principal directions, (channels, dimensions), and the variance within classes along each."""
    _, _, rows = np.linalg.svd(centred, full_matrices=False)
    kept = rows[: min(dimensions, len(rows))].T
    covariance = np.cov((within @ kept).T).reshape(kept.shape[1], kept.shape[1])
    variance, turn = np.linalg.eigh(covariance)
    return kept @ turn, (1 - SHRINKAGE) * variance + SHRINKAGE * variance.mean()


def _unit(features: Floats) -> Floats:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-12), dtype=np.float64)


def _halved(array: Floats) -> Floats:
    return array.astype(np.float16).astype(np.float64)


def _pack(array: Floats) -> str:
    return base64.b64encode(array.astype("<f2").tobytes()).decode("ascii")


def _unpack(stored: dict[str, Any]) -> Floats:
    values = np.frombuffer(base64.b64decode(stored["float16"]), dtype="<f2")
    return values.reshape(stored["shape"]).astype(np.float64)
