"""How far each exported form of a network is from learner.pkl, on photos that the network has not learned from."""

import recognizer.networks.torchvision_cure  # noqa: F401

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from fastai.learner import Learner, load_learner
from safetensors.torch import load_file, load_model
from scipy.special import softmax

from recognizer.calibration.abstain import energy
from recognizer.errors import RecognizerError
from recognizer.export.onnx_forms import Answers, onnx_pixels, run_onnx
from recognizer.store.rows import Photo

LEARNER, FLOATS, HALF, WEIGHTS = "learner.pkl", "model.onnx", "model.fp16.onnx", "model.safetensors"


class Limits(NamedTuple):
    """How far a form may be from learner.pkl.

    Args:
        probability: largest difference of a probability.
        energy: of an energy, which is in units of a log probability.
        same: whether the likeliest class has to be the same for every photo.
    """

    probability: float
    energy: float
    same: bool


# Rounding may decide otherwise where two classes are as likely, and moves energies by a thousandth of their size, which
# is some hundreds where few classes are told apart easily.
LIMITS = {FLOATS: Limits(1e-3, 1e-2, True), HALF: Limits(2e-2, 1.0, False), WEIGHTS: Limits(1e-5, 1e-2, True)}


def measure_agreement(folder: Path, photos: Sequence[Photo], size: int) -> dict[str, Any]:
    """Open each form of a network and compare what it says of photos.

    Args:
        folder: holds all four forms.
        photos: held-out photos, at least one.
        size: side of the square that the network sees, in pixels.

    Returns:
        `forms`: file to `largest_difference` of a probability, `energy_difference`, the largest of an energy,
        `same_answer`, the share of photos with the same likeliest class, and what `compared_with` says; beside it the
        figures of model.onnx, and the number of `photos`.

    Raises:
        RecognizerError: a form in floats does not say what learner.pkl says.
    """
    learner = _open(folder / LEARNER)
    expected = _answers(learner, photos)
    onnx = run_onnx([folder / FLOATS, folder / HALF], (onnx_pixels(photo.path, size) for photo in photos))
    given = dict(zip((FLOATS, HALF), onnx, strict=True))
    same = holds_weights(learner, folder / WEIGHTS)
    given[WEIGHTS] = expected if same else _answers(put_weights(learner, folder / WEIGHTS), photos)
    forms = {file: compare(answers, expected) for file, answers in given.items()}
    _check(forms)
    told = {file: figures | compared_with(LEARNER, photos) for file, figures in forms.items()}
    return {**forms[FLOATS], "photos": len(photos), "forms": told}


def compared_with(reference: str, photos: Sequence[Photo]) -> dict[str, Any]:
    """Return what a form was compared with, as its figures tell it: `reference`, and the number of `photos`.

    Args:
        reference: the other form.
        photos: that both were asked about.
    """
    return {"reference": reference, "photos": len(photos)}


def compare(given: Answers, expected: Answers) -> dict[str, float]:
    """Return the largest differences of a probability and of an energy, and how often likeliest classes agree."""
    probabilities, energies = (np.abs(a - b).max() for a, b in zip(given, expected, strict=True))
    same = given.probabilities.argmax(axis=1) == expected.probabilities.argmax(axis=1)
    return {
        "largest_difference": float(probabilities),
        "energy_difference": float(energies),
        "same_answer": float(same.mean()),
    }


@torch.inference_mode()
def _answers(learner: Learner, photos: Sequence[Photo]) -> Answers:
    """Return what a learner says of photos, by its own way from a file to pixels."""
    loader = learner.dls.test_dl([str(photo.path) for photo in photos], num_workers=0)
    network = learner.model.eval()
    # With colours last in memory, torch takes half the time on a processor.
    batches = (batch.contiguous(memory_format=torch.channels_last) for (batch,) in loader)
    logits = torch.cat([torch.as_tensor(network(batch)) for batch in batches]).cpu().double().numpy()
    return Answers(softmax(logits, axis=1), energy(logits))


def _open(file: Path) -> Learner:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner")  # this file was written here just now
        return load_learner(file)


def holds_weights(learner: Learner, file: Path) -> bool:
    """Tell whether a file holds just the weights of a learner's network, so that the two cannot differ.

    Args:
        learner: the learner.
        file: of weights.
    """
    stored, own = load_file(file), learner.model.state_dict()
    return stored.keys() == own.keys() and all(torch.equal(stored[name], own[name]) for name in own)


def put_weights(learner: Learner, file: Path) -> Learner:
    """Return a learner in whose network nothing is left but the weights of a file.

    Args:
        learner: the learner; it is changed.
        file: of weights.
    """
    with torch.no_grad():
        for tensor in learner.model.state_dict().values():
            tensor.zero_()
    load_model(learner.model, file)
    return learner


def _check(forms: Mapping[str, Mapping[str, float]]) -> None:
    for file, limits in LIMITS.items():
        difference, same = forms[file]["largest_difference"], forms[file]["same_answer"]
        energies = forms[file]["energy_difference"]
        agree = difference <= limits.probability and energies <= limits.energy  # what is no number agrees with nothing
        if not (agree and (same == 1 or not limits.same)):
            raise RecognizerError(
                f"{file} and {LEARNER} differ by {difference:.2g} in a probability (at most {limits.probability} is "
                f"allowed), by {energies:.2g} in an energy (at most {limits.energy}) and agree on {same:.1%} of the "
                "photos, so nothing was exported; please report the versions of torch and onnxruntime."
            )
