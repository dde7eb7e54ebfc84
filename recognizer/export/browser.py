"""What of a model folder goes beside a site that answers in the visitor's own browser."""

from pathlib import Path

from recognizer.errors import RecognizerError
from recognizer.report import finite, json_bytes, read_json

FACTS, NETWORK = "model.json", "model.fp16.onnx"


def browser_files(model: Path) -> dict[str, Path | bytes]:
    """Return the files that such a site takes, by their names there: facts, network, what finds faces, and examples.

    The facts go as bytes, without the photos that may stand beside an answer: the site shows none of these.

    Args:
        model: the model folder.

    Raises:
        RecognizerError: it lacks one, as one that an earlier version exported does.
    """
    for name in (FACTS, NETWORK):
        if not (model / name).is_file():
            raise RecognizerError(f"{model} has no {name}; run recognizer export again.")
    faces = {file.name: file for file in sorted(model.glob("faces.*"))}
    examples = {f"examples/{file.name}": file for file in sorted((model / "examples").glob("*.jpg"))}
    return {FACTS: _facts(model / FACTS), NETWORK: model / NETWORK, **faces, **examples}


def _facts(file: Path) -> bytes:
    """Return model.json without `similar`, which names photos."""
    facts = read_json(file, {}, "run recognizer export again")
    return json_bytes(finite({name: fact for name, fact in facts.items() if name != "similar"}))
