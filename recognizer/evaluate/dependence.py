"""Dependence on faces: how far the answers about photos that show a face rest on it.

Two measures that need no network beside the trained one: what changes where faces are blurred, and how much of the
evidence (networks/evidence.py) lies within the boxes of faces, next to their share of the picture.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import bootstrap
from torch import nn

from recognizer.evaluate.metrics import accuracy_of
from recognizer.faces.boxes import face_boxes
from recognizer.faces.copies import blurred_photos
from recognizer.faces.detector import Boxes
from recognizer.images.pixels import square_pixels
from recognizer.networks.evidence import Evidence
from recognizer.networks.forward import make_pass
from recognizer.recipe import Recipe
from recognizer.report import Watch
from recognizer.store.rows import Photo
from recognizer.train.examples import label_numbers
from recognizer.train.train import TrainedNetwork

Floats = npt.NDArray[np.floating]
SEED = 1  # of the intervals
FINE = 8  # parts along each side of a place, by which it is measured how far a box covers it


def measure_dependence(recipe: Recipe, trained: TrainedNetwork, work: Path, watch: Watch) -> dict[str, Any]:
    """Return how far answers about held-out photos rest on the faces in them, each share with its 95 % interval.

    Args:
        recipe: the recipe.
        trained: the network.
        work: the work folder, which keeps boxes and blurred copies.
        watch: told about photos.

    Returns:
        `photos`, how many of `held_out` photos show a face; where none does, that is all. Of these `accuracy`,
        `blurred_accuracy`, where faces are blurred, `changed`, the share of answers (likeliest classes) that are others
        then, `evidence`, the mean share of the evidence within the boxes of faces, and `area`, the mean share of the
        picture that these cover; each of them also as `…_interval`.

    Raises:
        WeightsUnavailable: the detector is not installed.
    """
    held_out = trained.split.held_out
    boxes = face_boxes(held_out, work, watch)
    photos = [photo for photo in held_out if len(boxes[photo.sha256])]
    counts = {"held_out": len(held_out), "photos": len(photos)}
    return counts | _measure(recipe, trained, photos, boxes, work, watch) if photos else counts


def _measure(
    recipe: Recipe, trained: TrainedNetwork, photos: Sequence[Photo], boxes: dict[str, Boxes], work: Path, watch: Watch
) -> dict[str, Any]:
    labels = label_numbers(recipe.labels, photos)
    covered = trained.predict(blurred_photos(photos, work, watch), watch).logits.argmax(axis=1)
    seen = trained.predict(photos, watch).logits.argmax(axis=1)
    maps = _relative_evidence(trained, photos, watch)
    shown = np.stack([_cover(photo, boxes[photo.sha256], maps.shape[1]) for photo in photos])
    within = (maps * shown).sum(axis=(1, 2)) / np.maximum(maps.sum(axis=(1, 2)), 1e-12)
    return {
        **_share("accuracy", seen == labels),
        **_share("blurred_accuracy", covered == labels),
        **_share("changed", seen != covered),
        **mean_of("evidence", within),
        **mean_of("area", shown.mean(axis=(1, 2))),
    }


def _share(name: str, true: npt.NDArray[np.bool_]) -> dict[str, Any]:
    figures = accuracy_of(true)
    return {name: figures["accuracy"], f"{name}_interval": figures["accuracy_interval"]}


def mean_of(name: str, shares: Floats) -> dict[str, Any]:
    """Return the mean of photos' shares, with its interval (BCa bootstrap), which one photo does not give.

    Args:
        name: of the figure; that of the interval is made of it.
        shares: one for each photo; where they are all but the same, there is no interval either.
    """
    interval = None
    if len(shares) > 1 and np.ptp(shares) > 0:
        found = bootstrap((shares,), np.mean, rng=np.random.default_rng(SEED)).confidence_interval
        ends = [round(float(end), 4) for end in found]
        interval = ends if np.isfinite(ends).all() else None
    return {name: round(float(shares.mean()), 4), f"{name}_interval": interval}


def _relative_evidence(trained: TrainedNetwork, photos: Sequence[Photo], watch: Watch) -> Floats:
    """Return how much each place speaks for or against the likeliest class, beside the mean class, (photos, h, w)."""
    run = make_pass(_Located(trained.network, trained.backbone.shape(trained.size)[1]), trained.backbone, trained.size)
    maps = []
    for number, photo in enumerate(photos, start=1):
        logits, evidence = run(square_pixels(photo.path, trained.size)[None])
        maps.append(np.abs(evidence[0, logits[0].argmax()] - evidence[0].mean(axis=0)))
        watch("weighing the evidence within faces", number, len(photos))
    return np.stack(maps)


def _cover(photo: Photo, boxes: Boxes, side: int) -> Floats:
    """Return which share of each place of a square map boxes of a photo cover, (side, side)."""
    fine = np.zeros((side * FINE, side * FINE))
    scale = np.array([side * FINE / photo.width, side * FINE / photo.height] * 2)
    for left, top, right, bottom in np.rint(boxes[:, :4] * scale).astype(int):
        fine[top:bottom, left:right] = 1
    return np.asarray(fine.reshape(side, FINE, side, FINE).mean(axis=(1, 3)))


class _Located(nn.Module):
    """A network that gives, beside its logits, the evidence of each class at each place."""

    def __init__(self, network: nn.Module, side: int) -> None:
        super().__init__()
        self.layers, head = network.children()
        self.evidence = Evidence(head, side)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        evidence = self.evidence(self.layers(pixels))
        return evidence.sum(dim=(2, 3)), evidence
