"""The export stage: writes the model folder, and proves that its two forms of the network agree.

model/learner.pkl    loads with plain fastai
model/model.onnx     pixels between 0 and 1, (n, 3, size, size), to probabilities, (n, classes)
model/model.json     what the two hold and how well they do
model/README.md      the model card
"""

import recognizer.torchvision_cure  # noqa: F401

import importlib.metadata
import json
import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import cloudpickle
import numpy as np
import onnxruntime
import torch
from fastai.learner import Learner
from PIL import Image
from torch import nn

from recognizer import __version__
from recognizer.calibrate import Calibration
from recognizer.card import write_card
from recognizer.errors import RecognizerError
from recognizer.photos import Photo, PhotoStore
from recognizer.picture import sha256
from recognizer.recipe import Recipe
from recognizer.report import write_json, write_report
from recognizer.train import load_trained, predict, split_kept

MOST_DIFFERENCE = 1e-3  # of a probability, between learner.pkl and model.onnx
VERSIONS = ("fastai", "torch", "torchvision", "timm")
EXAMPLES = 6


class _Served(nn.Module):
    """The network with its normalisation before it and softmax after it."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        normalize = next(t for t in learner.dls.after_batch.fs if type(t).__name__ == "Normalize")
        self.register_buffer("mean", normalize.mean.cpu())
        self.register_buffer("std", normalize.std.cpu())
        self.network = learner.model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.network((pixels - self.mean) / self.std)
        return outputs.softmax(dim=1)


def export(recipe: Recipe, store: PhotoStore) -> dict[str, Any]:
    """Write the model folder of the last trained run.

    Returns:
        The report, as written to `reports/export.json`; `agreement` says how far learner.pkl and model.onnx differ.

    Raises:
        RecognizerError: nothing is evaluated yet, or the two forms of the network differ.
    """
    begun = time.monotonic()
    metrics = _metrics(store.work, recipe)
    learner, calibration = load_trained(recipe, store)
    held_out = split_kept(recipe, store).held_out
    half = store.work / "model.part"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    expected = predict(learner, held_out)
    _write_onnx(learner, recipe.train.size, half / "model.onnx")
    _write_pickle(learner, half / "learner.pkl")
    agreement = _compare(half / "model.onnx", expected, held_out, recipe.train.size)
    facts = _facts(recipe, calibration, metrics, agreement, half)
    facts["examples"] = _write_examples(recipe, held_out, half / "examples")
    write_json(half / "model.json", facts)
    write_card(facts, half / "README.md")
    _swap(half, store.work / "model")
    return write_report(
        store.work,
        "export",
        recipe.name,
        time.monotonic() - begun,
        {"classes": len(recipe.labels), "photos_compared": len(held_out)},
        agreement=agreement,
    )


def _metrics(work: Path, recipe: Recipe) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads((work / "reports" / "evaluate.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecognizerError(
            f"{work} has no evaluation yet, and a model without figures is not exported; "
            f"run recognizer evaluate {recipe.name} first."
        ) from error
    return {key: value for key, value in report.items() if key not in ("stage", "seconds", "counts", "version")}


def _write_pickle(learner: Learner, file: Path) -> None:
    """Write the learner as fastai's export does, but without a path of this machine or system inside."""
    learner.dls = learner.dls.new_empty()
    learner.opt = learner.dl = None  # the last loader knows the files that it read
    learner.dls.path = learner.path = PurePosixPath(".")
    torch.save(learner, file, pickle_module=cloudpickle, pickle_protocol=2)


def _write_onnx(learner: Learner, size: int, file: Path) -> None:
    served = _Served(learner).eval()
    batch = torch.export.Dim("photos", min=1, max=256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        torch.onnx.export(
            served,
            (torch.rand(2, 3, size, size),),
            file,
            input_names=["pixels"],
            output_names=["probabilities"],
            dynamic_shapes=({0: batch},),
            external_data=False,
            verbose=False,
        )


def _compare(file: Path, expected: np.ndarray, photos: Sequence[Photo], size: int) -> dict[str, Any]:
    """Measure how far the ONNX network is from the learner on held-out photos."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"pixels": onnx_pixels(photo.path, size)})[0][0] for photo in photos]
    difference = float(np.abs(np.stack(rows) - expected).max())
    same = float((np.stack(rows).argmax(axis=1) == expected.argmax(axis=1)).mean())
    if difference > MOST_DIFFERENCE:
        raise RecognizerError(
            f"model.onnx and learner.pkl differ by {difference:.2g} in a probability (at most {MOST_DIFFERENCE} is "
            "allowed), so nothing was exported; please report the versions of torch and onnxruntime."
        )
    return {"largest_difference": difference, "same_answer": same, "photos": len(photos)}


def onnx_pixels(path: Path, size: int) -> np.ndarray:
    """Return a photo as model.onnx takes it: (1, 3, size, size), float32 between 0 and 1."""
    with Image.open(path) as image:
        square = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] / 255


def _facts(
    recipe: Recipe, calibration: Calibration, metrics: dict[str, Any], agreement: dict[str, Any], folder: Path
) -> dict[str, Any]:
    files = [file.name for file in folder.iterdir() if file.is_file()]
    return {
        "title": recipe.title,
        "description": recipe.description,
        "classes": [photo_class.model_dump(exclude={"queries"}) for photo_class in recipe.classes],
        "preprocessing": {
            "size": recipe.train.size,
            "resize": "squish",
            "resample": "bilinear",
            "pixels": "RGB between 0 and 1; normalisation is part of both networks",
        },
        "temperature": calibration.temperature,
        "temperature_applied": "in the last layer of both networks",
        "threshold": calibration.threshold,
        "metrics": metrics,
        "agreement": agreement,
        "versions": {name: importlib.metadata.version(name).split("+")[0] for name in VERSIONS},
        "recognizer": __version__,
        "recipe": recipe.model_dump(),
        "sha256": {name: sha256((folder / name).read_bytes()) for name in sorted(files)},
    }


def _write_examples(recipe: Recipe, photos: Sequence[Photo], folder: Path) -> list[dict[str, str]]:
    """Copy a few held-out photos, one a class, for visitors to try; only such as come with a licence."""
    folder.mkdir()
    first = {photo.label: photo for photo in reversed(photos) if photo.licence}
    chosen = [first[label] for label in recipe.labels if label in first][:EXAMPLES]
    credits = []
    for number, photo in enumerate(chosen, start=1):
        shutil.copyfile(photo.path, folder / f"{number}.jpg")
        origin = {"page": photo.page, "licence": photo.licence, "author": photo.author}
        credits.append({"file": f"examples/{number}.jpg", **origin})
    return credits


def _swap(new: Path, place: Path) -> None:
    """Put a finished folder in the place of the old one."""
    old = place.with_name("model.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    new.replace(place)
    shutil.rmtree(old, ignore_errors=True)
