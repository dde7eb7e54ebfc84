"""The export stage: writes the model folder, and proves that the forms of the network in it agree.

model/learner.pkl        loads with plain fastai
model/model.onnx         pixels between 0 and 1, (n, 3, size, size), to probabilities, (n, classes), and energy, (n,)
model/model.fp16.onnx    its weights in floats of sixteen bits: half the size, for browsers
model/model.safetensors  the weights alone
model/model.tflite       where it is asked for: eight bits for phones, and model.float32.tflite (tflite.py)
model/model.json         what the files hold and how well they do
model/README.md          the model card
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import importlib.metadata
import io
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import torch
from fastai.learner import Learner
from safetensors.torch import save

from recognizer import __version__
from recognizer.calibration.abstain import SCORE
from recognizer.calibration.calibrate import Calibration
from recognizer.evaluate.measured import read_evaluation, split_of
from recognizer.export.agreement import FLOATS, HALF, LEARNER, WEIGHTS, measure_agreement
from recognizer.export.examples import write_examples
from recognizer.export.half_precision import write_half
from recognizer.export.model_card import write_card
from recognizer.export.onnx_forms import write_onnx
from recognizer.export.similar import write_similar
from recognizer.export.tflite import Form, Network, write_tflite
from recognizer.export.tflite_networks import Told
from recognizer.files import whole_folder, write_whole
from recognizer.images.decode import sha256
from recognizer.names import stays_below
from recognizer.outputs import LABEL
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched, write_json, write_report
from recognizer.store.credits import FILE as CREDITS
from recognizer.store.credits import attribution, credited
from recognizer.store.photo_store import PhotoStore
from recognizer.train.learner import make_learner
from recognizer.train.likeliest import learned_from, under_own_label
from recognizer.train.train import TrainedNetwork, load_trained
from recognizer.words.sources import describe_source

VERSIONS = ("fastai", "torch", "torchvision", "timm")
# Of the recipe, what is not published: paths of this machine, and the contact, which has a place of its own.
PRIVATE = {"collect": {"contact", "folder"}, "train": {"weights"}}
# Of the evaluation's report, what is no figure.
NO_FIGURES = ("stage", "seconds", "counts", "version", "run", "missing", "measured", "notes")


def export(recipe: Recipe, store: PhotoStore, tflite: bool = False, watch: Watch = unwatched) -> dict[str, Any]:
    """Write the model folder of the last trained run.

    Args:
        recipe: the recipe.
        store: its photo store.
        tflite: whether to write the network as TFLite, too, for which an environment of its own is made once.
        watch: told about that.

    Returns:
        The report, as written to `reports/export.json`; `agreement` says how far each form is from learner.pkl
        (agreement.py).

    Raises:
        RecognizerError: nothing is evaluated yet, or not as it is now, or the forms of the network differ.
        WorkInUse: another run is at work in the work folder.
    """
    with store.locked():
        return _export(recipe, store, tflite, watch)


def _export(recipe: Recipe, store: PhotoStore, tflite: bool, watch: Watch) -> dict[str, Any]:
    begun = time.monotonic()
    trained = load_trained(recipe, store)
    split, _ = split_of(recipe, trained.split, trained.run)
    trained, held_out = replace(trained, split=split), split.held_out
    metrics = figures_in(read_evaluation(recipe, store, trained.run, split))
    with whole_folder(store.work / "model") as half:
        write_forms(recipe, trained, half)
        agreement = measure_agreement(half, held_out, recipe.train.size)
        if tflite:
            agreement["forms"] |= _write_tflite(recipe, trained, half, watch)
        facts = _facts(recipe, trained.calibration, metrics, agreement, half)
        facts["run"] = trained.run.metrics["fingerprint"]
        facts["dropped"] = sum(photo.action == "drop" for photo in store.photos.all() if photo.label in recipe.labels)
        labelled = under_own_label(recipe, split)
        facts["learned_as_another"] = len(learned_from(recipe, split)) - len(labelled)
        facts["similar"] = write_similar(recipe, labelled, half / FLOATS, trained.size)
        facts["examples"] = write_examples(recipe, store, held_out, half / "examples")
        write_json(half / "model.json", facts)
        write_card(facts, half / "README.md")
        (half / CREDITS).write_text(attribution(recipe, credited(store)), encoding="utf-8")
    return write_report(
        store.work,
        "export",
        recipe.name,
        time.monotonic() - begun,
        {"classes": len(recipe.labels), "photos_compared": len(held_out)},
        agreement=agreement,
    )


def write_forms(recipe: Recipe, trained: TrainedNetwork, folder: Path) -> None:
    """Write a network in each form.

    Args:
        recipe: the recipe.
        trained: the network.
        folder: where to.
    """
    learner = make_learner(recipe, trained.split, trained.backbone, trained.network)
    learner.model.cpu()  # no form may need the accelerator that it was trained on
    write_onnx(learner, trained.size, folder / FLOATS)
    weights = {name: tensor.contiguous() for name, tensor in learner.model.state_dict().items()}
    write_whole(folder / WEIGHTS, save(weights, {"format": "pt", "recipe": recipe.name}))
    write_learner(learner, folder / LEARNER)
    write_half(folder / FLOATS, folder / HALF)


def as_tflite(recipe: Recipe, trained: TrainedNetwork) -> Network:
    """Return a trained network as it is written for TFLite."""
    told = Form(LABEL, "How likely each class is.", recipe.labels, Told(0, len(recipe.labels)))
    return Network(recipe.title, recipe.description, trained.network, trained.backbone, trained.size, [told])


def _write_tflite(recipe: Recipe, trained: TrainedNetwork, folder: Path, watch: Watch) -> dict[str, dict[str, Any]]:
    """Write a network as TFLite; returns for each file how far it is from the network."""
    given = as_tflite(recipe, trained)
    figures = write_tflite(given, trained.split.learning, trained.split.held_out, folder, watch)
    return {file: found[LABEL] for file, found in figures.items()}


def figures_in(report: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of an evaluation's report."""
    return {key: value for key, value in report.items() if key not in NO_FIGURES}


def published(recipe: Recipe) -> dict[str, Any]:
    """Return what of a recipe is told to others: nothing of where files lie on this machine, nor the contact."""
    told: dict[str, Any] = recipe.model_dump(exclude=PRIVATE)
    labels = PureWindowsPath(recipe.collect.labels)  # which knows both kinds of slashes
    if not stays_below(labels) or "~" in labels.parts:  # elsewhere than in the data set
        told["collect"]["labels"] = ""
    return told


def write_learner(learner: Learner, file: Path) -> None:
    """Write a learner so that plain fastai loads it elsewhere; its data and optimiser are given up for that.

    fastai's own export pickles by value what pickle itself would name (through cloudpickle): a class method of fastai
    would be in the file as bytecode of this version of Python, with the path that it has on this machine.

    Args:
        learner: the learner; of its data only the classes and the transforms stay.
        file: the file to write.
    """
    learner.dls = learner.dls.new_empty()
    learner.opt = learner.dl = None  # the last loader knows the files that it read
    learner.dls.path = learner.path = PurePosixPath(".")
    data = io.BytesIO()  # torch would not say that a disk is full
    torch.save(learner, data, pickle_protocol=2)
    write_whole(file, data.getvalue())


def _facts(
    recipe: Recipe, calibration: Calibration, metrics: dict[str, Any], agreement: dict[str, Any], folder: Path
) -> dict[str, Any]:
    files = [file.name for file in folder.iterdir() if file.is_file()]
    return {
        "title": recipe.title,
        "description": recipe.description,
        "contact": recipe.collect.contact,
        "source": describe_source(recipe.collect.engines).kind,
        "classes": [photo_class.model_dump(exclude={"queries"}) for photo_class in recipe.classes],
        "preprocessing": {
            "size": recipe.train.size,
            "resize": "squish",
            "resample": "bilinear",
            "pixels": "RGB between 0 and 1; normalisation is part of every form",
        },
        "temperature": calibration.temperature,
        "temperature_applied": "in the last layer of every form",
        "threshold": calibration.threshold,
        "distance": {"kind": SCORE, "limit": calibration.limit},
        "metrics": metrics,
        "agreement": agreement,
        "versions": {name: importlib.metadata.version(name).split("+")[0] for name in VERSIONS},
        "recognizer": __version__,
        "recipe": published(recipe),
        "sha256": {name: sha256((folder / name).read_bytes()) for name in sorted(files)},
    }
