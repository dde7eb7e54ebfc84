"""Any model folder, opened: a `Classifier`, or an `OutputsClassifier` where the network has several outputs."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from recognizer.serve.classifier import DEFAULT_RUNTIME, Classifier
from recognizer.serve.facts import read_facts
from recognizer.serve.outputs import OutputsClassifier


def open_model(
    folder: Path, runtime: str = DEFAULT_RUNTIME, count_faces: Callable[[Image.Image], int] | None = None
) -> Classifier | OutputsClassifier:
    """Open a model folder, of classes or of several outputs.

    Args:
        folder: the model folder.
        runtime: see `Classifier`.
        count_faces: see `OutputsClassifier`.

    Raises:
        ModelError: it cannot be opened.
    """
    has_outputs = "outputs" in read_facts(folder)
    return OutputsClassifier(folder, runtime, count_faces) if has_outputs else Classifier(folder, runtime)
