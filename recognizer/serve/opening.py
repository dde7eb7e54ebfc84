"""Any model folder, opened: a `Classifier`, or an `OutputsClassifier` where the network has several outputs."""

from pathlib import Path

from recognizer.serve.classifier import DEFAULT_RUNTIME, Classifier
from recognizer.serve.facts import read_facts
from recognizer.serve.outputs import OutputsClassifier


def open_model(folder: Path, runtime: str = DEFAULT_RUNTIME) -> Classifier | OutputsClassifier:
    """Open a model folder, of classes or of several outputs.

    Args:
        folder: the model folder.
        runtime: see `Classifier`.

    Raises:
        ModelError: it cannot be opened.
    """
    has_outputs = "outputs" in read_facts(folder)
    return OutputsClassifier(folder, runtime) if has_outputs else Classifier(folder, runtime)
