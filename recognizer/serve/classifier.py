"""A model folder to predictions: all that serving needs, and nothing of how the model was made.

classifier = Classifier(Path("data/textiles/model"))
prediction = classifier.predict(Path("photo.jpg").read_bytes())
prediction.label                    # "Tartan", or NOT_SURE
prediction.probabilities            # {"Tartan": 0.93, ...}
prediction.out_of_distribution      # False
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.calibration.abstain import NOT_SURE, SCORE, is_answered
from recognizer.errors import ModelError
from recognizer.images.decode import read_picture
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.facts import check_facts
from recognizer.serve.facts import read_facts as read_facts  # where others look for it
from recognizer.serve.runtimes import RUNTIMES, Output, Run, trying_out
from recognizer.serve.similar import Similar

DEFAULT_RUNTIME = "onnx"


@dataclass(frozen=True)
class Prediction:
    """What the network gives for a photo.

    Args:
        label: the likeliest class, or `NOT_SURE` where none is likely enough or the photo is out of distribution.
        probabilities: calibrated, of every class, likeliest first; they add up to 1.
        out_of_distribution: whether the photo is unlike all classes, however likely one is next to the others.
    """

    label: str
    probabilities: dict[str, float]
    out_of_distribution: bool


@dataclass(frozen=True)
class Explanation:
    """A prediction, and what it rests on.

    Args:
        prediction: of the photo.
        evidence: name of each class to what each place of the photo adds to its logit, (h, w), in the classes' order;
            empty where the network does not give it.
        picture: the photo, upright, longest side at most 640 pixels.
        nearest: returns the similar photos; to look for them takes reading files, and only the page shows them.
    """

    prediction: Prediction
    evidence: dict[str, npt.NDArray[np.float32]]
    picture: Image.Image
    nearest: Callable[[], list[dict[str, str]]]

    @cached_property
    def similar(self) -> list[dict[str, str]]:
        """Licensed photos that the network learned from, most similar first, each with its credit (similar.py)."""
        return self.nearest()


class Classifier:
    """A model folder, opened, and run once, so that the first photo takes no longer than the others.

    Args:
        folder: holds `model.json` and the network.
        runtime: "onnx" opens `model.onnx`; "fastai" opens `learner.pkl`, a pickle, which runs whatever its maker put
            into it: only from people you trust. Both give the same probabilities.

    Raises:
        ModelError: a file is missing, is not the one that model.json describes, or needs other versions; model.json is
            not whole; or there is no such runtime.
    """

    def __init__(self, folder: Path, runtime: str = DEFAULT_RUNTIME) -> None:
        if runtime not in RUNTIMES:
            raise ModelError(f"There is no runtime {runtime!r}; use one of {', '.join(RUNTIMES)}.")
        self.folder = folder
        self.runtime = runtime
        self.facts = read_facts(folder)
        _check_score(folder, self.facts)
        check_facts(folder, self.facts)
        self._limit = float(self.facts["distance"]["limit"])
        self._run = RUNTIMES[runtime](folder, self.facts)
        # More photos at once than processors would only take longer, each and all.
        self._at_once = threading.Semaphore(usable_processors())
        _try_out(folder, self._run, len(self.classes))
        self._similar = Similar(folder, self.facts)

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the network's outputs."""
        return [str(entry["name"]) for entry in self.facts["classes"]]

    def predict(self, data: bytes) -> Prediction:
        """Compare a photo with the photos that the network learned from; may be called by many threads at once.

        Args:
            data: the bytes of a picture file.

        Raises:
            PictureError: they are not a picture, or too large a one.
        """
        return self.explain(data).prediction

    def explain(self, data: bytes) -> Explanation:
        """Compare a photo, and tell what the answer rests on; takes what `predict` takes, and as long.

        Args:
            data: the bytes of a picture file.

        Raises:
            PictureError: they are not a picture, or too large a one.
        """
        with self._at_once:
            picture = read_picture(data)
            output = self._run(picture)
        evidence = {} if output.evidence is None else dict(zip(self.classes, output.evidence, strict=True))
        nearest = partial(self._similar.nearest, output.embedding)
        return Explanation(self._prediction(output), evidence, picture, nearest)

    def _prediction(self, output: Output) -> Prediction:
        energies = np.array([output.energy])
        answered = is_answered(output.probabilities[None], energies, self.facts["threshold"], self._limit)[0]
        likeliest = sorted(zip(self.classes, output.probabilities.tolist(), strict=True), key=lambda pair: -pair[1])
        label = likeliest[0][0] if answered else NOT_SURE
        return Prediction(label, dict(likeliest), output.energy > self._limit)


def _try_out(folder: Path, run: Run, classes: int) -> None:
    """Run a network once, which may be a stranger's, and see that it gives probabilities and an energy."""
    with trying_out(folder) as picture:
        given = run(picture)
        whole = given.probabilities.shape == (classes,) and abs(given.probabilities.sum() - 1) < 0.01
        whole = whole and (given.evidence is None or given.evidence.shape[:-2] == (classes,))
    if not whole or not np.isfinite(given.energy) or given.probabilities.min() < 0:
        raise ModelError(
            f"The network in {folder} gives no probabilities, or evidence of another shape; export the model again."
        )


def _check_score(folder: Path, facts: dict[str, Any]) -> None:
    """See to it that photos out of distribution are told apart by the energy."""
    stored = facts.get("distance")
    if not isinstance(stored, dict) or stored.get("kind") != SCORE:
        raise ModelError(
            f"{folder / 'model.json'} is of another version, which told photos of no class apart in another way; "
            "export the model again."
        )
