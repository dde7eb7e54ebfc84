"""A model folder of several outputs to readings: what each output says of a photo.

classifier = OutputsClassifier(Path("data/fairface/model"))
classifier.answer(data)["age"]              # NumberReading(value=31.2, low=22.0, high=42.5, unit="years")
"""

import logging
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.calibration.abstain import NOT_SURE
from recognizer.errors import ModelError, PictureError
from recognizer.faces.counting import FACES, Count, face_counter
from recognizer.faces.detector import INSTALL
from recognizer.images.decode import read_picture
from recognizer.networks.onnx_session import usable_processors
from recognizer.serve.evidence_map import rather
from recognizer.serve.facts import check_facts, read_facts
from recognizer.serve.outputs_runtimes import OUTPUTS_RUNTIMES, Logits, Run
from recognizer.serve.runtimes import TRIED, opening, trying_out, whole_file
from recognizer.words.figures import round_within

NO_FACE = "No face was found in this photo, and the answers are about photos of one face; choose another."
SEVERAL = "{count} faces were found in this photo, and the answers are about photos of one face; choose another."
UNCHECKED = f"""Photos without a face, or with several, are answered too, since this model was exported where no face \
detector is installed: {INSTALL}, and export it again."""


class FacesError(PictureError):
    """A photo shows no face, or several, where the answers are about photos of one."""

    def __init__(self, count: int) -> None:
        super().__init__("no_single_face", SEVERAL.format(count=count) if count else NO_FACE)


@dataclass(frozen=True)
class ClassesReading:
    """What an output of classes says.

    Args:
        kind: "classes".
        label: the likeliest class, or `NOT_SURE` where none is likely enough.
        not_sure: whether that is so.
        probabilities: of every class, likeliest first.
        threshold: probability below which it is not sure.
    """

    kind: Literal["classes"]
    label: str
    not_sure: bool
    probabilities: dict[str, float]
    threshold: float

    def json(self) -> dict[str, Any]:
        """Return it as a program is answered."""
        return asdict(self)


@dataclass(frozen=True)
class NumberReading:
    """What an output that is a number says.

    Args:
        kind: "number".
        value: the number.
        low: where its interval begins.
        high: where it ends.
        unit: such as years.
    """

    kind: Literal["number"]
    value: float
    low: float
    high: float
    unit: str

    def rounded(self, number: float) -> str:
        """Return a number of it with as many digits as its interval leaves of meaning."""
        return round_within(number, self.low, self.high)

    def json(self) -> dict[str, Any]:
        """Return it as a program is answered."""
        return asdict(self)


Reading = ClassesReading | NumberReading
Readings = dict[str, Reading]


@dataclass(frozen=True)
class Explained:
    """What each output says of a photo, and what that rests on.

    Args:
        readings: name of an output to what it says, in the recipe's order.
        evidence: name of an output to what speaks for its answer at each place of the photo, (h, w), against it where
            negative; of a number, for numbers near the one it tells. Empty where the network does not tell.
        picture: the photo, upright, longest side at most 640 pixels.
    """

    readings: Readings
    evidence: dict[str, npt.NDArray[np.float32]]
    picture: Image.Image


class OutputsClassifier:
    """A model folder of several outputs, opened, and run once.

    Args:
        folder: holds `model.json` and the network.
        runtime: "onnx", or "fastai", which opens a pickle: only from people you trust.

    Attributes:
        looks_for_faces: whether a photo that shows no face, or several, gets no answer: where answers are about photos
            of one face and the folder holds `FACES`, the detector's network.

    Raises:
        ModelError: a file is missing, is not the one that model.json describes, or model.json is not whole.
    """

    def __init__(self, folder: Path, runtime: str = "onnx") -> None:
        self.folder = folder
        self.runtime = runtime
        self.facts = read_facts(folder)
        check_facts(folder, self.facts)
        self.looks_for_faces = FACES in self.facts["sha256"]
        self._count_faces = _open_counter(folder, self.facts) if self.looks_for_faces else None
        if self.facts.get("one_face") and not self.looks_for_faces:
            logging.getLogger(__name__).warning(UNCHECKED)
        self._run = OUTPUTS_RUNTIMES[runtime](folder, self.facts)
        self._at_once = threading.Semaphore(usable_processors())
        _try_out(folder, self._run, max(one["stop"] for one in self.facts["outputs"]))

    def answer(self, data: bytes) -> Readings:
        """Return what each output says of a photo, in the recipe's order; may be called by many threads at once.

        Args:
            data: the bytes of a picture file.

        Raises:
            PictureError: they are not a picture, or too large a one.
            FacesError: it shows no face, or several, where one is wanted.
        """
        return self.explain(data).readings

    predict = answer  # what a `Classifier` is asked

    def explain(self, data: bytes) -> Explained:
        """Return the same, and what it rests on; takes what `answer` takes, and as long."""
        with self._at_once:
            picture = read_picture(data)
            if self._count_faces and (count := self._count_faces(picture)) != 1:
                raise FacesError(count)
            given = self._run(picture)
        shares = {one["name"]: _softmax(given.logits[one["start"] : one["stop"]]) for one in self.facts["outputs"]}
        readings = {one["name"]: _read(one, shares[one["name"]]) for one in self.facts["outputs"]}
        if given.evidence is None:
            return Explained(readings, {}, picture)
        maps = {one["name"]: given.evidence[one["start"] : one["stop"]] for one in self.facts["outputs"]}
        evidence = {name: rather(maps[name], _told(readings[name], shares[name])) for name in readings}
        return Explained(readings, evidence, picture)


def _open_counter(folder: Path, facts: dict[str, Any]) -> Count:
    """Return what counts faces, tried out on a picture: it may be any network of a stranger."""
    data = whole_file(folder / FACES, facts)
    with opening(folder / FACES):
        count = face_counter(data)
        count(Image.new("RGB", (TRIED, TRIED)))
        return count


def _try_out(folder: Path, run: Run, total: int) -> None:
    """Run a network once, which may be a stranger's, and see that it gives so many logits."""
    with trying_out(folder) as picture:
        given = run(picture)
    if given.logits.shape != (total,) or (given.evidence is not None and given.evidence.shape[:-2] != (total,)):
        raise ModelError(f"The network in {folder} has not the outputs that model.json names; export it again.")
    if not np.isfinite(given.logits).all():
        raise ModelError(f"The network in {folder} gives no numbers; export it again.")


def _softmax(logits: Logits) -> Logits:
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum())


def _told(reading: Reading, shares: Logits) -> Logits:
    """Return how much each logit counts in what is told: the likeliest class, or all parts of a number's range."""
    return shares if reading.kind == "number" else np.eye(len(shares))[shares.argmax()]


def _read(one: dict[str, Any], probabilities: Logits) -> Reading:
    if one["kind"] == "number":
        value = float(probabilities @ np.array(one["centres"]))
        low, high = (float(np.clip(value + end, *one["range"])) for end in one["interval"])
        return NumberReading("number", value, low, high, one["unit"])
    names = [entry["name"] for entry in one["classes"]]
    likely = dict(sorted(zip(names, probabilities.tolist(), strict=True), key=lambda pair: -pair[1]))
    label, share = next(iter(likely.items()))
    not_sure = share < one["threshold"]
    return ClassesReading("classes", NOT_SURE if not_sure else label, not_sure, likely, one["threshold"])
