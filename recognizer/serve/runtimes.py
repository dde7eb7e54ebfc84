"""Two ways to run the network of a model folder, which give the same numbers.

"onnx"      model.onnx by ONNX Runtime: quick to start, and no pickle is opened
"fastai"    learner.pkl by fastai itself

Both take a picture as `read_picture` returns it and squash it in the same way (images/pixels.py; fastai's own Resize
does the same, as a test shows).
"""

import importlib.metadata
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.calibration.abstain import energy
from recognizer.errors import ModelError
from recognizer.images.decode import sha256
from recognizer.images.pixels import squish

PICKLE = "learner.pkl"
TRIED = 64  # pixels, the side of the picture that a network is tried out on
NETWORK = "model.onnx"
NEEDED = ("probabilities", "energy")
OUTPUTS = (*NEEDED, "evidence", "embedding")  # the last two are missing from networks of earlier versions
FITTING = ("fastai", "torch")  # whose pickles open only in the version, up to its patches, that wrote them


class Output(NamedTuple):
    """What the network gives for one picture.

    Args:
        probabilities: calibrated, (classes,).
        energy: larger is less like any class (calibration/abstain.py).
        evidence: what each place adds to the logit of each class, (classes, h, w) (networks/evidence.py).
        embedding: the feature maps' mean, (channels,), of length 1.

    The last two are None where the network does not give them.
    """

    probabilities: npt.NDArray[np.float64]
    energy: float
    evidence: npt.NDArray[np.float32] | None
    embedding: npt.NDArray[np.float32] | None


Run = Callable[[Image.Image], Output]


def open_onnx(folder: Path, facts: dict[str, Any]) -> Run:
    """Return the network of `model.onnx`, which may be run in many threads at once.

    Args:
        folder: the model folder.
        facts: its model.json, checked.

    Raises:
        ModelError: the file is missing, is not the one that model.json describes, or is of another shape.
    """
    size, session = facts["preprocessing"]["size"], open_network(folder, facts)
    _check_shape(folder, session, size, len(facts["classes"]))
    offered = {one.name for one in session.get_outputs()}
    names = [name for name in OUTPUTS if name in offered]

    def run(image: Image.Image) -> Output:
        pixels = squish(image, size)[None].astype(np.float32) / 255
        given = dict(zip(names, session.run(names, {"pixels": pixels}), strict=True))
        probabilities = np.asarray(given["probabilities"][0], dtype=np.float64)
        evidence, embedding = (given[name][0] if name in given else None for name in OUTPUTS[2:])
        return Output(probabilities, float(given["energy"][0]), evidence, embedding)

    return run


def open_fastai(folder: Path, facts: dict[str, Any]) -> Run:
    """Return the network of `learner.pkl`, run by fastai, one picture after the other.

    The file is a pickle, and opening one runs whatever its maker put into it. Its sha256 in model.json proves the copy
    whole, not safe, since whoever changes the one can write the other: open only folders of people you trust.

    Args:
        folder: the model folder.
        facts: its model.json, checked.

    Raises:
        ModelError: the file is missing, is not the one that model.json describes, or needs other versions.
    """
    learner = load_learner_of(folder / PICKLE, facts)
    from recognizer.networks.evidence import evidence_of

    _check_classes(folder, PICKLE, len(learner.dls.vocab), len(facts["classes"]))
    evidence = evidence_of(learner.model, facts["preprocessing"]["size"])
    kept: dict[str, Any] = {}
    # fastai hands on probabilities only; the energy is one of logits, and evidence lies in the maps before the head.
    learner.model.register_forward_hook(lambda _network, _inputs, logits: kept.update(logits=logits))
    learner.model[0].register_forward_hook(lambda _layers, _inputs, maps: kept.update(maps=maps))
    lock = threading.Lock()  # a learner holds the state of the batch that it is at

    def run(image: Image.Image) -> Output:
        with lock:
            _, _, probabilities = learner.predict(image)
            maps, energies = kept["maps"], energy(kept["logits"].numpy())
            mean = maps.mean(dim=(2, 3))[0].numpy()
            embedding = mean / max(np.linalg.norm(mean), 1e-12)
            return Output(np.array(probabilities.tolist()), float(energies[0]), evidence(maps)[0].numpy(), embedding)

    return run


RUNTIMES: dict[str, Callable[[Path, dict[str, Any]], Run]] = {"onnx": open_onnx, "fastai": open_fastai}


def open_network(folder: Path, facts: dict[str, Any]) -> Any:
    """Return a session of ONNX Runtime with `model.onnx`.

    Args:
        folder: the model folder.
        facts: its model.json, checked.

    Raises:
        ModelError: the file is missing, is not the one that model.json describes, or is no network.
    """
    from recognizer.networks.onnx_session import open_session

    data = whole_file(folder / NETWORK, facts)
    with opening(folder / NETWORK):
        return open_session(data)


@contextmanager
def opening(file: Path) -> Iterator[None]:
    """Turn whatever a runtime raises into a sentence, while it opens a file of a model folder.

    Raises:
        ModelError: it cannot be opened.
    """
    try:
        yield
    except Exception as error:  # the runtimes' own are many
        raise ModelError(f"{file} cannot be opened ({first_line(error)}); export the model again.") from error


@contextmanager
def trying_out(folder: Path) -> Iterator[Image.Image]:
    """Give a picture to run a network on, which may be a stranger's, and turn whatever it raises into a sentence.

    Raises:
        ModelError: the network of the model folder cannot be run.
    """
    try:
        yield Image.new("RGB", (TRIED, TRIED))
    except Exception as error:  # the runtimes' own are many
        raise ModelError(f"The network in {folder} cannot be run ({first_line(error)}); export it again.") from error


def whole_file(file: Path, facts: dict[str, Any]) -> bytes:
    """Return a file's bytes.

    Args:
        file: of a model folder.
        facts: its model.json, checked.

    Raises:
        ModelError: they are not those that model.json describes.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file} is missing or cannot be read; export the model again.") from error
    if sha256(data) != facts["sha256"].get(file.name):
        raise ModelError(
            f"{file} is not the file that model.json describes, so it is not opened; export it again. (Where the two "
            "agree, the copy is whole. It is safe only if you trust whoever made it: a pickle runs code.)"
        )
    return data


def _check_shape(folder: Path, session: Any, size: int, classes: int) -> None:
    """See to it that an ONNX network takes the pixels that it gets, and tells as many classes apart as are named."""
    takes = {one.name: one.shape[1:] for one in session.get_inputs()}
    gives = {one.name: one.shape[1:] for one in session.get_outputs()}
    if takes != {"pixels": [3, size, size]} or not gives.keys() >= set(NEEDED) or len(gives["probabilities"]) != 1:
        raise ModelError(
            f"{folder / NETWORK} takes {takes} and gives {sorted(gives)}, and not pixels of 3 x {size} x {size} and "
            f"{' and '.join(NEEDED)}; export the model again."
        )
    _check_classes(folder, NETWORK, gives["probabilities"][0], classes)


def _check_classes(folder: Path, file: str, outputs: int, named: int) -> None:
    if outputs != named:
        raise ModelError(
            f"{folder / 'model.json'} names {named} classes, and {file} tells {outputs} apart; export the model again."
        )


def load_learner_of(file: Path, facts: dict[str, Any]) -> Any:
    """Open the pickle only if the copy is whole; that makes nothing safe which was not so when it was exported.

    Args:
        file: the pickle.
        facts: model.json, checked.

    Raises:
        ModelError: it is not the one that model.json describes, or needs other versions.
    """
    whole_file(file, facts)
    _check_versions(file, facts)
    import recognizer.networks.torchvision_cure  # noqa: F401

    from fastai.learner import load_learner

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner")
        try:
            return load_learner(file)
        except Exception as error:  # whatever unpickling runs
            raise ModelError(f"{file} cannot be opened here ({first_line(error)}); {_versions(facts)}") from error


def _check_versions(file: Path, facts: dict[str, Any]) -> None:
    """Name the versions that are needed before a pickle is opened, since afterwards errors name anything but them."""
    wrong = [name for name in FITTING if _minor(_installed(name)) != _minor(facts["versions"].get(name, "none"))]
    if wrong:
        needed = " ".join(f'"{name}=={_minor(facts["versions"].get(name, "0"))}.*"' for name in wrong)
        raise ModelError(
            f"{file} is not opened: {_versions(facts)} Use pip install {needed}, or the runtime onnx, "
            "which needs neither."
        )


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


def first_line(error: Exception) -> str:
    """Return the beginning of what an error says, or its kind."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
