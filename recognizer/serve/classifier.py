"""A model folder to predictions: all that serving needs, and nothing of how the model was made.

classifier = Classifier(Path("data/textiles/model"))
prediction = classifier.predict(Path("photo.jpg").read_bytes())
prediction.label                    # "Tartan", or NOT_SURE
prediction.probabilities            # {"Tartan": 0.93, ...}
prediction.out_of_distribution      # False
"""

import importlib.metadata
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recognizer.calibration.abstain import NOT_SURE, SCORE, energy, is_answered
from recognizer.errors import ModelError
from recognizer.images.decode import read_picture, sha256
from recognizer.serve.facts import check_facts
from recognizer.serve.facts import read_facts as read_facts  # where others look for it

PICKLE = "learner.pkl"
FITTING = ("fastai", "torch")  # whose pickles open only in the version, up to its patches, that wrote them


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


class Classifier:
    """A model folder, opened.

    `learner.pkl` is a pickle, and opening one runs whatever its maker put into it. Its sha256 in model.json proves the
    copy whole, not safe, since whoever changes the one can write the other: open only folders of people you trust.

    Args:
        folder: holds `model.json` and `learner.pkl`.

    Raises:
        ModelError: a file is missing, is not the one that model.json describes, or needs other versions; or model.json
            is not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = read_facts(folder)
        _check_score(folder, self.facts)
        check_facts(folder, self.facts)
        self._limit = float(self.facts["distance"]["limit"])
        self._learner = _load_learner(folder / PICKLE, self.facts)
        self._check_outputs()
        self._logits: npt.NDArray[np.float32]
        self._learner.model.register_forward_hook(self._keep_logits)
        # A learner holds the state of the batch that it is at.
        self._lock = threading.Lock()

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the network's outputs."""
        return [str(entry["name"]) for entry in self.facts["classes"]]

    def predict(self, data: bytes) -> Prediction:
        """Compare a photo with the photos that the network learned from.

        Args:
            data: the bytes of a picture file.

        Raises:
            PictureError: they are not a picture, or too large a one.
        """
        image = read_picture(data)
        with self._lock:
            _, _, outputs = self._learner.predict(image)
            energies = energy(self._logits)
        probabilities = np.array(outputs.tolist())
        answered = is_answered(probabilities[None], energies, self.facts["threshold"], self._limit)[0]
        likeliest = sorted(zip(self.classes, probabilities.tolist(), strict=True), key=lambda pair: -pair[1])
        label = likeliest[0][0] if answered else NOT_SURE
        return Prediction(label, dict(likeliest), bool(energies[0] > self._limit))

    def _check_outputs(self) -> None:
        """See to it that model.json names as many classes as the network tells apart."""
        outputs = len(self._learner.dls.vocab)
        if outputs != len(self.classes):
            raise ModelError(
                f"{self.folder / 'model.json'} names {len(self.classes)} classes, and {PICKLE} tells {outputs} apart; "
                "export the model again."
            )

    def _keep_logits(self, _network: Any, _inputs: Any, logits: Any) -> None:
        """Keep the logits of a forward pass, whose energy `predict` takes; fastai hands on probabilities only."""
        self._logits = logits.numpy()


def _check_score(folder: Path, facts: dict[str, Any]) -> None:
    """See to it that photos out of distribution are told apart by the energy."""
    stored = facts.get("distance")
    if not isinstance(stored, dict) or stored.get("kind") != SCORE:
        raise ModelError(
            f"{folder / 'model.json'} is of another version, which told photos of no class apart in another way; "
            "export the model again."
        )


def _load_learner(file: Path, facts: dict[str, Any]) -> Any:
    """Open the pickle only if the copy is whole; that makes nothing safe which was not so when it was exported."""
    if not file.is_file():
        raise ModelError(f"{file} is missing; export the model again.")
    if sha256(file.read_bytes()) != facts["sha256"][PICKLE]:
        raise ModelError(
            f"{file} is not the file that model.json describes, so it is not opened; export it again. (Where the two "
            "agree, the copy is whole. It is safe only if you trust whoever made it: a pickle runs code.)"
        )
    _check_versions(file, facts)
    from fastai.learner import load_learner

    from recognizer.networks import torchvision_cure  # noqa: F401 - must come before fastai

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner")
        try:
            return load_learner(file)
        except Exception as error:  # whatever unpickling runs
            raise ModelError(f"{file} cannot be opened here ({error}); {_versions(facts)}") from error


def _check_versions(file: Path, facts: dict[str, Any]) -> None:
    """Name the versions that are needed before a pickle is opened, since afterwards errors name anything but them."""
    wrong = [name for name in FITTING if _minor(_installed(name)) != _minor(facts["versions"][name])]
    if wrong:
        needed = " ".join(f'"{name}=={_minor(facts["versions"][name])}.*"' for name in wrong)
        raise ModelError(f"{file} is not opened: {_versions(facts)} Use pip install {needed}.")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _versions(facts: dict[str, Any]) -> str:
    """Compare the versions that the model was made with to those that are here."""
    made = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    here = ", ".join(f"{name} {_installed(name)}" for name in facts["versions"])
    return f"it was made with {made}; here are {here}."


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"
