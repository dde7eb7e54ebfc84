"""Many photos in, a line for each out, also for those that are no photos.

are_fine = classify_all(classifier, [Path("a.jpg"), Path("notes.txt")], as_json=False)
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.errors import PictureError

if TYPE_CHECKING:  # no --help needs numpy
    from recognizer.serve.classifier import Classifier, Prediction
    from recognizer.serve.outputs import OutputsClassifier, Reading, Readings


def classify_all(classifier: "Classifier | OutputsClassifier", photos: Iterable[Path], as_json: bool) -> bool:
    """Print what each photo looks like, or why that cannot be said; what is no photo keeps none from its answer.

    Args:
        classifier: the opened model.
        photos: picture files.
        as_json: whether each line is a JSON object; one without an answer has an `error`.

    Returns:
        Whether all of them got an answer.
    """
    answers = [_classify(classifier, photo, as_json) for photo in photos]
    return all(answers)


def _classify(classifier: "Classifier | OutputsClassifier", photo: Path, as_json: bool) -> bool:
    from recognizer.serve.answers import model_facts

    try:
        answer = classifier.predict(_read(photo))
    except PictureError as error:
        _print_error(photo, str(error), as_json)
        return False
    print_answer(photo, answer, model_facts(classifier) if as_json else None)
    return True


def _read(photo: Path) -> bytes:
    """Return the bytes of a file, of which no more are read than a picture may have."""
    from recognizer.images.decode import Limits

    try:
        with photo.open("rb") as file:
            return file.read(Limits().bytes + 1)
    except OSError as error:
        raise PictureError("no_such_file", f"It cannot be read: {error.strerror}.") from error


def _print_error(photo: Path, why: str, as_json: bool) -> None:
    if as_json:
        _print_json({"photo": str(photo), "error": why})
    else:
        print(f"{photo}: {why}", file=sys.stderr)


def print_answer(photo: Path, answer: "Prediction | Readings", facts: dict[str, Any] | None = None) -> None:
    """Print what a photo looks like: a line of words, or a JSON object with the fields that /predict gives.

    Args:
        photo: its file.
        answer: what the model says of it.
        facts: what the JSON object tells of the model, as `model_facts` returns it; None for words.
    """
    from recognizer.serve.answers import answer_json

    if facts is None:
        print(f"{photo}: {_said(answer)}")
    else:
        _print_json({"photo": str(photo), **answer_json(answer, facts)})


def _said(answer: "Prediction | Readings") -> str:
    if isinstance(answer, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_said_of(reading)}" for name, reading in answer.items())
    if answer.out_of_distribution:
        return _unlike_all(answer.probabilities)
    return _classes(answer.label, answer.probabilities)


def _unlike_all(probabilities: Mapping[str, float]) -> str:
    """Say that a photo is unlike all classes: probabilities compare these only with one another."""
    from recognizer.words.words import SOURCE, words_in

    unlike = words_in(SOURCE).say("answer.far", number=len(probabilities))
    why = "not close enough to the photos of any class"
    return f"{unlike} ({why}; compared only with one another: {_likeliest(probabilities)})"


def _said_of(reading: "Reading") -> str:
    """Return what an output says: a class with its share, or a number with its interval."""
    if reading.kind == "classes":
        return _classes(reading.label, reading.probabilities)
    value, low, high = (reading.rounded(number) for number in (reading.value, reading.low, reading.high))
    return f"{value} {reading.unit} ({low} to {high})".replace("  ", " ")


def _classes(label: str, probabilities: Mapping[str, float]) -> str:
    return f"{label} ({_likeliest(probabilities)})"


def _likeliest(probabilities: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {_percent(share)}" for name, share in list(probabilities.items())[:3])


def _percent(share: float) -> str:
    """Return a share as the page does, never certain, with a space that every terminal has."""
    from recognizer.words.words import NO_BREAK, SOURCE, words_in

    return words_in(SOURCE).percent(share).replace(NO_BREAK, " ")


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value))
