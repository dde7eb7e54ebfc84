"""What of a model folder goes beside a site that answers in the visitor's own browser."""

from pathlib import Path

from recognizer.errors import RecognizerError

FACTS, NETWORK = "model.json", "model.fp16.onnx"


def browser_files(model: Path) -> dict[str, Path]:
    """Return the files that such a site takes, by their names there: facts, network, what finds faces, and examples.

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
    return {name: model / name for name in (FACTS, NETWORK)} | faces | examples
