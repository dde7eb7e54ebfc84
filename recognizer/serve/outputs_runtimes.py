"""What runs a network of several outputs: model.onnx by ONNX Runtime, or learner.pkl by fastai."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.errors import ModelError
from recognizer.images.pixels import squish
from recognizer.serve.runtimes import NETWORK, PICKLE, load_learner_of, open_network, opening

Logits = npt.NDArray[np.float64]


class Given(NamedTuple):
    """What a network gives for a photo.

    Args:
        logits: of all outputs, side by side, (total,).
        evidence: what each place of the photo adds to them, (total, h, w); None where the network does not tell.
    """

    logits: Logits
    evidence: npt.NDArray[np.float32] | None


Run = Callable[[Image.Image], Given]


def open_onnx(folder: Path, facts: dict[str, Any]) -> Run:
    """Return the network of `model.onnx`, run by ONNX Runtime; see `OutputsClassifier`."""
    session = open_network(folder, facts)
    size = facts["preprocessing"]["size"]
    _check_shape(folder / NETWORK, session, size)
    wanted = [one.name for one in session.get_outputs() if one.name == "evidence"]

    def run(image: Image.Image) -> Given:
        pixels = squish(image, size)[None].astype(np.float32) / 255
        logits, *evidence = session.run(["logits", *wanted], {"pixels": pixels})
        return Given(np.asarray(logits[0], dtype=np.float64), evidence[0][0] if evidence else None)

    return run


def open_fastai(folder: Path, facts: dict[str, Any]) -> Run:
    """Return the network of `learner.pkl`, run by fastai, one photo after the other; see `OutputsClassifier`."""
    learner = load_learner_of(folder / PICKLE, facts)
    from recognizer.networks.evidence import evidence_of

    with opening(folder / PICKLE):  # it may be a learner of another shape
        evidence = evidence_of(learner.model, facts["preprocessing"]["size"])
    kept: dict[str, Any] = {}
    learner.model[0].register_forward_hook(lambda _layers, _inputs, maps: kept.update(maps=maps))
    lock = threading.Lock()  # a learner holds the state of the batch that it is at

    def run(image: Image.Image) -> Given:
        with lock:
            *_, logits = learner.predict(image)
            return Given(np.array(logits.tolist(), dtype=np.float64), evidence(kept["maps"])[0].numpy())

    return run


def _check_shape(file: Path, session: Any, size: int) -> None:
    """See to it that an ONNX network takes the pixels that it gets, and gives logits."""
    takes = {one.name: one.shape[1:] for one in session.get_inputs()}
    gives = sorted(one.name for one in session.get_outputs())
    if takes != {"pixels": [3, size, size]} or "logits" not in gives:
        raise ModelError(
            f"{file} takes {takes} and gives {gives}, and not pixels of 3 x {size} x {size} and logits; "
            "export the model again."
        )


OUTPUTS_RUNTIMES: dict[str, Callable[[Path, dict[str, Any]], Run]] = {"onnx": open_onnx, "fastai": open_fastai}
