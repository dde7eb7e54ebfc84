"""A network as TFLite, for phones and small boards: raw pixels in, probabilities out, labels inside.

model.tflite           weights of eight bits: uint8 pixels, (1, size, size, 3), to uint8 of each output, a 256th of a
                       probability; the likeliest class is one step ahead, so that no other is as likely
model.float32.tflite   the same in floats: uint8 pixels to float32

They are written by litert-torch in an environment of its own (tflite_environment.py), which runs tflite_program.py.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import nn

from recognizer.errors import RecognizerError
from recognizer.export.agreement import compared_with
from recognizer.export.tflite_environment import converter
from recognizer.export.tflite_networks import Raw, Told
from recognizer.export.tflite_rounding import rounded
from recognizer.images.pixels import square_pixels
from recognizer.networks.backbone import Backbone
from recognizer.networks.forward import predict
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

FLOATS, EIGHT = "model.float32.tflite", "model.tflite"
CALIBRATING = 48  # photos of training that tell what weights are multiplied with
STEP = 1 / 256  # of a probability, in eight bits
COMPARED = 500  # held-out photos, at most
ALIKE = 0.995  # share of photos for which the file in floats says what the network says, at least
REFERENCE = "PyTorch"  # in which the network itself runs
SAYING = "writing TFLite files"
Values = npt.NDArray[Any]


class Form(NamedTuple):
    """An output of the network, for TFLite.

    Args:
        name: as the recipe calls it.
        description: what it is.
        labels: of its classes; none of a number.
        told: which logits make it.
    """

    name: str
    description: str
    labels: list[str]
    told: Told


class Network(NamedTuple):
    """What is written.

    Args:
        title: of the recipe.
        description: of the recipe.
        network: layers and a head, with the temperature folded in.
        backbone: how pixels are normalised.
        size: pixels, the side of the square that it takes.
        outputs: what it tells, in order.
    """

    title: str
    description: str
    network: nn.Module
    backbone: Backbone
    size: int
    outputs: Sequence[Form]


def write_tflite(
    given: Network, learning: Sequence[Photo], held_out: Sequence[Photo], folder: Path, watch: Watch = unwatched
) -> dict[str, dict[str, dict[str, Any]]]:
    """Write both files, and compare what they say of held-out photos with what the network says.

    Args:
        given: the network.
        learning: photos that it has learned from.
        held_out: photos that it has not, at least one.
        folder: where to.
        watch: told what is being done.

    Returns:
        File, then output, to `largest_difference` (of a probability, or of a number) and `same_answer`, the share of
        photos with the same likeliest class (or, of a number, within a hundredth of its range), and what
        `compared_with` says.

    Raises:
        RecognizerError: the environment cannot be made, the network cannot be converted, or the file in floats does not
            say what the network says.
    """
    python = converter(watch)
    held_out = evenly(held_out, COMPARED)
    watch(SAYING, 0, 3)
    with tempfile.TemporaryDirectory(dir=folder) as name:  # where what a kill leaves is cleared away
        task = Path(name)
        _write_task(given, learning, held_out, task)
        watch(SAYING, 1, 3)
        _run(python, task)
        watch(SAYING, 2, 3)
        figures = _compare(given, held_out, task)
        for file in (FLOATS, EIGHT):
            shutil.copyfile(task / file, folder / file)
    watch(SAYING, 3, 3)
    return figures


def evenly(photos: Sequence[Photo], most: int) -> Sequence[Photo]:
    """Return photos from all over a list, in which those of a class lie together.

    Args:
        photos: to draw from.
        most: how many, at most.
    """
    count = min(most, len(photos))
    return [photos[number * len(photos) // count] for number in range(count)]


def _write_task(given: Network, learning: Sequence[Photo], held_out: Sequence[Photo], task: Path) -> None:
    calibrating = _pixels(evenly(learning, CALIBRATING), given.size)
    np.save(task / "held_out.npy", _pixels(held_out, given.size))
    parts = (given.network, given.backbone.mean, given.backbone.std, [one.told for one in given.outputs])
    raw, ahead = (Raw(*parts, ahead=by).cpu().eval() for by in (0.0, STEP))
    _export(raw, torch.uint8, given.size, task / "float.pt2")
    _export(rounded(ahead, torch.from_numpy(calibrating)), torch.float32, given.size, task / "eight.pt2")
    told = {
        "title": given.title,
        "description": given.description,
        "size": given.size,
        "parts": [{"name": one.name, "labels": one.labels, "description": one.description} for one in given.outputs],
        "ranges": [_range(one) for one in given.outputs],
    }
    (task / "task.json").write_text(json.dumps(told), encoding="utf-8")


def _range(form: Form) -> tuple[float, float]:
    """Return the values of the bytes 0 and 255 of an output."""
    return (min(form.told.centres), max(form.told.centres)) if form.told.centres else (0.0, 1 - STEP)


def _pixels(photos: Sequence[Photo], size: int) -> Values:
    return np.stack([square_pixels(photo.path, size).transpose(1, 2, 0) for photo in photos])


def _export(network: nn.Module, kind: torch.dtype, size: int, file: Path) -> None:
    torch.export.save(torch.export.export(network, (torch.zeros(1, size, size, 3, dtype=kind),)), file)


def _run(python: Path, task: Path) -> None:
    """Let the other environment convert.

    Raises:
        RecognizerError: it could not.
    """
    command = [str(python), "-m", "recognizer.export.tflite_program", str(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=task)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise RecognizerError(
            f"This network cannot be written as TFLite ({last[:300]}); export it without --tflite, or train with "
            "another backbone, such as tf_efficientnet_lite0."
        )


def _compare(given: Network, held_out: Sequence[Photo], task: Path) -> dict[str, dict[str, dict[str, Any]]]:
    logits = predict(given.network, given.backbone, held_out, given.size).logits
    with np.load(task / "answers.npz") as said:
        figures = {
            file: {one.name: compare(said[f"{file}/{one.name}"], logits, one.told) for one in given.outputs}
            for file in (FLOATS, EIGHT)
        }
    for name, found in figures[FLOATS].items():
        if not found["same_answer"] >= ALIKE:  # what is no number agrees with nothing
            raise RecognizerError(
                f"{FLOATS} and the network agree on {name} of {found['same_answer']:.1%} of the photos only, so "
                "nothing was exported; please report the versions of torch and litert-torch."
            )
    noted = compared_with(REFERENCE, held_out)
    return {file: {name: told | noted for name, told in found.items()} for file, found in figures.items()}


def compare(said: Values, logits: Values, told: Told) -> dict[str, float]:
    """Return how far one output of a file is from the network's: `largest_difference` and `same_answer`.

    Args:
        said: (photos, classes), or (photos, 1) of a number.
        logits: of the network, (photos, logits of all outputs).
        told: which of them make the output.
    """
    expected = softmax(logits[:, told.start : told.stop], axis=1)
    if told.centres:
        expected = expected @ np.asarray(told.centres)[:, None]
        same = np.abs(said - expected) <= told.span / 100
    else:
        same = said.argmax(axis=1) == expected.argmax(axis=1)
    return {"largest_difference": float(np.abs(said - expected).max()), "same_answer": float(same.mean())}
