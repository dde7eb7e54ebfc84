"""The export stage of a recipe with several outputs: the model folder, whose forms are proven to agree.

model/learner.pkl        loads with plain fastai; its predictions are the logits of all outputs side by side
model/model.onnx         pixels between 0 and 1, (n, 3, size, size), to one output each, the logits, (n, total), and
                         what each place adds to them, (n, total, h, w)
model/model.fp16.onnx    its weights in floats of sixteen bits
model/model.safetensors  the weights alone
model/faces.onnx         finds faces, for recipes of photos of people; beside it, its licence
model/model.json         what the files hold, where each output lies in the logits, and how well it does
model/README.md          the model card
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import importlib.metadata
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.progress import ProgressCallback
from fastai.data.block import DataBlock, RegressionBlock
from fastai.data.transforms import IndexSplitter, ItemGetter, Normalize
from fastai.learner import Learner, load_learner
from fastai.losses import MSELossFlat
from fastai.vision.augment import Resize, ResizeMethod
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from PIL import Image
from safetensors.torch import save

from recognizer import __version__
from recognizer.errors import RecognizerError
from recognizer.evaluate.measured import read_evaluation, split_of
from recognizer.export.agreement import FLOATS, HALF, LEARNER, WEIGHTS, compared_with, holds_weights, put_weights
from recognizer.export.export import VERSIONS, figures_in, published, write_learner
from recognizer.export.half_precision import write_half
from recognizer.export.onnx_forms import onnx_pixels
from recognizer.export.outputs_card import write_outputs_card
from recognizer.export.outputs_onnx import write_outputs_onnx
from recognizer.export.tflite_outputs import write_outputs_tflite
from recognizer.faces.any_size import any_size
from recognizer.faces.counting import FACES
from recognizer.faces.detector import is_installed, licence, weights_file
from recognizer.files import whole_folder, write_whole
from recognizer.images.decode import sha256
from recognizer.networks.onnx_session import open_session
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_json, write_report
from recognizer.splits.values import Floats
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.outputs import TrainedOutputs, load_outputs
from recognizer.train.outputs_head import COVERAGE
from recognizer.words.sources import describe_source

FACES_LICENCE = "faces.LICENSE.txt"
LIMITS = {FLOATS: 1e-3, HALF: 3e-2, WEIGHTS: 1e-5}  # of a probability, or of a share of a number's range


def export_outputs(recipe: Recipe, store: PhotoStore, tflite: bool = False, watch: Watch = unwatched) -> dict[str, Any]:
    """Write the model folder of the last trained run.

    Args:
        recipe: the recipe; it has outputs.
        store: the photo store.
        tflite: whether to write the network as TFLite, too.
        watch: told about that.

    Returns:
        The report, as written to `reports/export.json`.

    Raises:
        RecognizerError: nothing is evaluated yet, or not as it is now, or the forms of the network differ.
        WorkInUse: another run is at work in the work folder.
    """
    begun = time.monotonic()
    with store.locked():
        trained = load_outputs(recipe, store)
        split, _ = split_of(recipe, trained.split, trained.run)
        trained = replace(trained, split=split)
        metrics = figures_in(read_evaluation(recipe, store, trained.run, split))
        with whole_folder(store.work / "model") as half:
            _write_forms(recipe, trained, half)
            agreement = agreement_of(trained, half)
            if tflite:
                agreement["forms"] |= write_outputs_tflite(recipe, trained, half, watch)
            facts = _facts(recipe, trained, metrics, agreement, half)
            write_json(half / "model.json", facts)
            write_outputs_card(facts, half / "README.md")
        counts = {"outputs": len(recipe.outputs), "photos_compared": len(trained.split.held_out)}
        seconds = time.monotonic() - begun
        return write_report(store.work, "export", recipe.name, seconds, counts, agreement=agreement)


def _write_forms(recipe: Recipe, trained: TrainedOutputs, folder: Path) -> None:
    learner = _make_learner(recipe, trained)
    learner.model.cpu()
    write_outputs_onnx(learner, trained.calibrations, trained.size, folder / FLOATS)
    weights = {name: tensor.contiguous() for name, tensor in learner.model.state_dict().items()}
    write_whole(folder / WEIGHTS, save(weights, {"format": "pt", "recipe": recipe.name}))
    write_learner(learner, folder / LEARNER)
    write_half(folder / FLOATS, folder / HALF)
    if recipe.people and is_installed():  # without it, whoever serves this is told that nobody looks for faces
        write_whole(folder / FACES, any_size(weights_file()))
        write_whole(folder / FACES_LICENCE, licence().encode())


def _make_learner(recipe: Recipe, trained: TrainedOutputs) -> Learner:
    """Return a learner of fastai's own parts, whose prediction is the vector of all logits."""
    total = max(one.stop for one in trained.calibrations.values())
    items = [(str(photo.path), [0.0] * total) for photo in trained.split.learning[:2]]
    block = DataBlock(
        blocks=(ImageBlock, RegressionBlock(total)),
        get_x=ItemGetter(0),
        get_y=ItemGetter(1),
        splitter=IndexSplitter([1]),
        item_tfms=Resize(recipe.train.size, method=ResizeMethod.Squish),
    )
    dls = block.dataloaders(items, bs=1, num_workers=0, device=torch.device("cpu"))
    # What `predict` accepts, beside the items that it was made with.
    dls.train_ds.tls[0].types = [tuple, (str, bytes, np.ndarray, torch.Tensor, Image.Image), PILImage]
    dls.add_tfms([Normalize.from_stats(trained.backbone.mean, trained.backbone.std, cuda=False)], "after_batch")
    learner = Learner(dls, trained.network, loss_func=MSELossFlat())
    learner.remove_cb(ProgressCallback)
    return learner


def agreement_of(trained: TrainedOutputs, folder: Path) -> dict[str, Any]:
    """Compare what each form says of held-out photos with what learner.pkl says.

    Args:
        trained: the network.
        folder: holds all four forms.

    Returns:
        The number of `photos`, and `forms`: file to `largest_difference`, that of a number as a share of its range, to
        `same_answer`, the least share of photos with the same likeliest class, and to what `compared_with` says.

    Raises:
        RecognizerError: two forms differ.
    """
    photos = trained.split.held_out
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner")  # this file was written here just now
        learner = load_learner(folder / LEARNER)
    logits = _logits(learner, photos)
    given = {file: _asked(trained, folder / file, photos) for file in (FLOATS, HALF)}
    same = holds_weights(learner, folder / WEIGHTS)
    stored = logits if same else _logits(put_weights(learner, folder / WEIGHTS), photos)
    given[WEIGHTS] = {name: one.of(stored) for name, one in trained.calibrations.items()}
    forms = {file: _compare(trained, said, logits) | compared_with(LEARNER, photos) for file, said in given.items()}
    for file, limit in LIMITS.items():
        if not forms[file]["largest_difference"] <= limit:
            raise RecognizerError(
                f"{file} and {LEARNER} differ by {forms[file]['largest_difference']:.2g} (at most {limit} is allowed), "
                "so nothing was exported; please report the versions of torch and onnxruntime."
            )
    return {"photos": len(photos), "forms": forms}


@torch.inference_mode()
def _logits(learner: Learner, photos: Sequence[Photo]) -> Floats:
    """Return what a learner says of photos, by its own way from a file to pixels, (photos, total)."""
    loader = learner.dls.test_dl([str(photo.path) for photo in photos], num_workers=0)
    network = learner.model.eval()
    return np.asarray(torch.cat([torch.as_tensor(network(batch)) for (batch,) in loader]).double().numpy())


def _asked(trained: TrainedOutputs, file: Path, photos: Sequence[Photo]) -> dict[str, Floats]:
    """Return what an ONNX file says of photos, by the name of the output."""
    session, names = open_session(file), list(trained.calibrations)
    rows = [session.run(names, {"pixels": onnx_pixels(photo.path, trained.size)}) for photo in photos]
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*rows, strict=True), strict=True)}


def _compare(trained: TrainedOutputs, given: dict[str, Floats], logits: Floats) -> dict[str, float]:
    """Return the largest difference, numbers as a share of their range, and how often likeliest classes agree."""
    differences, same = [], []
    for name, one in trained.calibrations.items():
        expected = one.of(logits)
        span = one.centres[-1] - one.centres[0] if one.centres else 1.0
        differences.append(float(np.abs(given[name] - expected).max()) / span)
        if not one.centres:
            same.append(float((given[name].argmax(axis=1) == expected.argmax(axis=1)).mean()))
    return {"largest_difference": max(differences), "same_answer": min(same, default=1.0)}


def _facts(
    recipe: Recipe, trained: TrainedOutputs, metrics: dict[str, Any], agreement: dict[str, Any], folder: Path
) -> dict[str, Any]:
    files = sorted(file.name for file in folder.iterdir() if file.is_file())
    outputs = [_output(recipe, trained, metrics, name) for name in trained.calibrations]
    return {
        "title": recipe.title,
        "description": recipe.description,
        "contact": recipe.collect.contact,
        "source": describe_source(recipe.collect.engines).kind,
        "outputs": outputs,
        "one_face": recipe.people,
        "preprocessing": {
            "size": recipe.train.size,
            "resize": "squish",
            "resample": "bilinear",
            "pixels": "RGB between 0 and 1; normalisation is part of every form",
        },
        "gaps": metrics["gaps"],
        "crossed": metrics["crossed"],
        "run": trained.run.metrics["fingerprint"],
        "photos": {"learned_from": len(trained.run.photos), "held_out": len(trained.split.held_out)},
        "agreement": agreement,
        "versions": {name: importlib.metadata.version(name).split("+")[0] for name in VERSIONS},
        "recognizer": __version__,
        "recipe": published(recipe),
        "sha256": {name: sha256((folder / name).read_bytes()) for name in files},
    }


def _output(recipe: Recipe, trained: TrainedOutputs, metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what model.json says of an output."""
    output = next(one for one in recipe.outputs if one.name == name)
    calibration = trained.calibrations[name]
    facts = {
        "name": name,
        "kind": output.kind,
        "description": output.description,
        "start": calibration.start,
        "stop": calibration.stop,
        "metrics": metrics["outputs"][name],
    }
    if calibration.centres:
        told = {"centres": calibration.centres, "interval": calibration.interval, "coverage": COVERAGE}
        return {**facts, "unit": output.unit, "range": output.range, **told}
    classes = [one.model_dump(exclude={"queries"}) for one in output.classes]
    return {**facts, "classes": classes, "threshold": calibration.threshold}
