"""An answer as programs get it, from `POST /predict` and from `classify --json` alike; no web server is needed.

answer_json(classifier.predict(data), model_facts(classifier))
"""

from typing import Any

from recognizer.names import NOT_SURE
from recognizer.serve.classifier import Classifier, Prediction
from recognizer.serve.outputs import OutputsClassifier, Readings


def model_facts(classifier: Classifier | OutputsClassifier) -> dict[str, Any]:
    """Return what an answer tells of the model.

    Args:
        classifier: the opened model folder.

    Returns:
        `model`: its title, its runtime and the sha256 of its files; of a model of classes also `threshold`, the
        probability below which it is not sure, which each output of several has of its own.
    """
    facts = classifier.facts
    model = {"title": facts["title"], "runtime": classifier.runtime, "sha256": facts["sha256"]}
    return {"model": model} if "outputs" in facts else {"threshold": facts["threshold"], "model": model}


def answer_json(answer: Prediction | Readings, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a program.

    Args:
        answer: what the model says of a photo.
        facts: as `model_facts` returns them.

    Returns:
        `label` ("Not sure" where it is not), `not_sure`, `far` (unlike all classes), `probabilities` by class,
        likeliest first, and the facts; of several outputs `outputs`, what each says by its name, and the facts.
    """
    if isinstance(answer, dict):
        return {"outputs": {name: reading.json() for name, reading in answer.items()}, **facts}
    return {
        "label": answer.label,
        "not_sure": answer.label == NOT_SURE,
        "far": answer.out_of_distribution,
        "probabilities": answer.probabilities,
        **facts,
    }
