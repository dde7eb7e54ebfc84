"""model.json to checked facts, and to addresses that are safe on a page; the folder may be a stranger's.

facts = read_facts(folder)               # some JSON object
check_facts(folder, facts)               # all that serving needs is there
example_files(folder, facts)             # the pictures inside the folder that may be shown
"""

import json
import re
from pathlib import Path
from typing import Any

from recognizer.errors import ModelError

LARGEST_FACTS = 10_000_000  # bytes
LARGEST_EXAMPLE = 20_000_000  # bytes
LARGEST_NUMBER = 10**15
PICTURES = frozenset([".jpg", ".jpeg", ".png", ".webp"])  # shown by browsers, and never run
AGAIN = "export the model again, or ask whoever made it"

SIDES = range(16, 2049)  # pixels that a network may take
CREDIT = ("label", "title", "author", "licence", "page")
EVERY = "*"  # whatever key it is

# What serving needs of model.json: a type, one shape for all items of a list, or the keys of an object; in a tuple it
# may be null.
SHAPE: dict[str, Any] = {
    "title": str,
    "description": str,
    "classes": [{"name": str, "description": str, "link": str}],
    "examples": [{"file": str}],
    "threshold": float,
    "metrics": {"accuracy": (float,), "accuracy_interval": ([float],), "photos": int},
    "distance": {"limit": float},
    "preprocessing": {"size": int},
    "recipe": {"collect": {"engines": [str]}},
    "sha256": {EVERY: str},
    "versions": {EVERY: str},
}
SEEN = {"share": float, "photos": int, "interval_further": [float]}
# The same of a model with several outputs; its pages show figures, too.
ACCURACY = {"accuracy": (float,), "accuracy_interval": ([float],)}
GROUP = {"group": str, "photos": int, **ACCURACY}
OUTPUTS_SHAPE: dict[str, Any] = {
    **{name: SHAPE[name] for name in ("title", "description", "preprocessing", "sha256", "versions")},
    "recipe": {**SHAPE["recipe"], "train": {"backbone": str}},
    "photos": {"learned_from": int, "held_out": int},
    "gaps": [{"output": str, "by": str, "best": GROUP, "worst": GROUP}],
    "crossed": [{"rows": str, "columns": str, "counts": {EVERY: {EVERY: int}}}],
    "outputs": [{"name": str, "kind": str, "description": str, "start": int, "stop": int, "metrics": {"photos": int}}],
}
CLASSES_SHAPE: dict[str, Any] = {
    "classes": [{"name": str, "description": str, "link": str}],
    "threshold": float,
    "metrics": {**ACCURACY, "per_class": {EVERY: {"photos": int, **ACCURACY}}, "constant": {"answer": str}},
}
NUMBER_SHAPE: dict[str, Any] = {
    **{"unit": str, "range": [float], "centres": [float], "interval": [float], "coverage": float},
    "metrics": {"mean_absolute_error": (float,), "constant": {"answer": str}},
}
_KINDS = {str: "text", float: "a number", int: "a whole number"}


def read_facts(folder: Path) -> dict[str, Any]:
    """Return what `model.json` says: classes, preprocessing, threshold, limit, metrics, versions, sha256 of the files.

    Args:
        folder: the model folder.

    Raises:
        ModelError: it is missing, over `LARGEST_FACTS` bytes, or no JSON object.
    """
    file = folder / "model.json"
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_FACTS + 1)
        facts = json.loads(data) if len(data) <= LARGEST_FACTS else None
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} has no model.json; it is not a model folder. Run recognizer export first."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read ({error}); {AGAIN}.") from error
    if facts is None:
        raise ModelError(f"{file} has over {LARGEST_FACTS // 1_000_000} MB, so it is not read; {AGAIN}.")
    if not isinstance(facts, dict):
        raise ModelError(f"{file} holds no facts about a model; {AGAIN}.")
    return facts


def check_facts(folder: Path, facts: dict[str, Any]) -> None:
    """See to it that `model.json` has all that serving needs, of classes or of several outputs.

    Args:
        folder: the model folder.
        facts: what `read_facts` returned.

    Raises:
        ModelError: something is missing or of another kind; it names the first such place.
    """
    has_outputs = "outputs" in facts
    fault = _fault(facts, OUTPUTS_SHAPE if has_outputs else SHAPE, "")
    fault = fault or (_odd_outputs(facts) if has_outputs else _odd(facts)) or _odd_size(facts)
    if fault:
        raise ModelError(f"{folder / 'model.json'} is not whole: {fault}; {AGAIN}.")


def _odd_outputs(facts: dict[str, Any]) -> str | None:
    """Return what is wrong with the outputs."""
    if not facts["outputs"]:
        return "outputs has none"
    return next((fault for one in facts["outputs"] if (fault := _odd_output(one))), None)


def _odd_output(one: dict[str, Any]) -> str | None:
    is_number, place = one["kind"] == "number", f"outputs.{one['name'][:60]}"
    if fault := _fault(one, NUMBER_SHAPE if is_number else CLASSES_SHAPE, place):
        return fault
    width = len(one["centres"] if is_number else one["classes"])
    pairs = [one["range"], one["interval"]] if is_number else []
    if one["start"] < 0 or one["stop"] - one["start"] != width or any(len(pair) != 2 for pair in pairs):
        return f"{place} is not of its own size"
    if is_number and one["range"][0] >= one["range"][1]:
        return f"{place}.range does not rise"
    return None


def example_files(folder: Path, facts: dict[str, Any]) -> list[Path]:
    """Return the example pictures that are there.

    Args:
        folder: the model folder.
        facts: checked.

    Raises:
        ModelError: one lies outside the folder, is no picture by its name, or is too large.
    """
    found = []
    for example in facts["examples"]:
        try:
            file = (folder / example["file"]).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(_example(folder, example["file"], "cannot be a file")) from error
        if not file.is_relative_to(folder.resolve()):
            raise ModelError(_example(folder, example["file"], "lies outside the folder"))
        if file.suffix.lower() not in PICTURES:
            raise ModelError(_example(folder, example["file"], "is no picture"))
        if file.is_file():  # else it was forgotten
            found.append(file)
    if any(file.stat().st_size > LARGEST_EXAMPLE for file in found):
        raise ModelError(f"An example in {folder} has over {LARGEST_EXAMPLE // 1_000_000} MB; {AGAIN}.")
    return found


def example_credits(facts: dict[str, Any], files: list[Path]) -> list[dict[str, str]]:
    """Return what each example shows, who made it, and where it is served: `file`, `label`, `title`, `page`, ...

    Args:
        facts: checked.
        files: as `example_files` returns them.
    """
    told = {Path(example["file"]).name: example for example in facts["examples"]}
    return [_credit(told.get(file.name, {}), file, number) for number, file in enumerate(files, start=1)]


def told_credit(photo: dict[str, Any]) -> dict[str, str]:
    """Return `label`, `title`, `author`, `licence` and `page` of a photo; whatever is no text, or no link, is empty."""
    found = {key: photo[key] if isinstance(photo.get(key), str) else "" for key in CREDIT}
    return found | {"page": web_link(found["page"]) or ""}


def _credit(example: dict[str, Any], file: Path, number: int) -> dict[str, str]:
    told = told_credit(example)
    return told | {"file": f"examples/{file.name}", "label": told["label"] or f"Example {number}"}


def web_link(address: str) -> str | None:
    """Return an address for a link, or None if it is none of the web or could end the link.

    Args:
        address: as model.json has it.
    """
    address = address.replace("(", "%28").replace(")", "%29")
    return address if re.fullmatch(r"https?://[\w.:/?&=%~+,;@#!$*-]+", address) else None


def contact_link(facts: dict[str, Any]) -> str | None:
    """Return the address, `mailto:` or of a page, of whoever can take a photo out; None where none is told.

    Args:
        facts: checked.
    """
    contact = facts.get("contact")
    if not isinstance(contact, str) or not contact:
        return None
    if re.fullmatch(r"[\w.+-]+@[\w.-]+", contact):
        return f"mailto:{contact}"
    return web_link(contact)


def seen_accuracy(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Return how often answers are what people saw in a blind sample, as `share`, `photos` and `interval_further`.

    Args:
        metrics: of model.json.

    Returns:
        None where nobody has looked, or where the figures are not whole.
    """
    blind = metrics.get("blind")
    found = blind.get("accuracy") if isinstance(blind, dict) else None
    if not isinstance(found, dict) or _fault(found, SEEN, "") or len(found["interval_further"]) != 2:
        return None
    return {name: found[name] for name in SEEN}


def _fault(value: Any, shape: Any, place: str) -> str | None:
    """Return where a value is not of a shape, and how."""
    if isinstance(shape, tuple):
        return None if value is None else _fault(value, shape[0], place)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{place} is no object"
        parts = dict.fromkeys(value, shape[EVERY]) if EVERY in shape else shape
        inner = ((value.get(key), part, f"{place}.{key}".strip(".")) for key, part in parts.items())
    elif isinstance(shape, list):
        if not isinstance(value, list):
            return f"{place} is no list"
        inner = ((part, shape[0], f"{place}[{number}]") for number, part in enumerate(value))
    else:
        return None if _is_of(value, shape) else f"{place} is not {_KINDS[shape]}"
    return next((fault for one in inner if (fault := _fault(*one))), None)


def _is_of(value: Any, kind: type) -> bool:
    """Tell whether a value is a text, or a number that can be reckoned with."""
    if kind is str:
        return isinstance(value, str)
    kinds = (int, float) if kind is float else (int,)
    return isinstance(value, kinds) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _odd(facts: dict[str, Any]) -> str | None:
    """Return what is of the right kind and makes no sense."""
    names = [entry["name"] for entry in facts["classes"]]
    if not names or len(set(names)) < len(names):
        return "classes has none, or one name twice"
    metrics = facts["metrics"]
    if metrics["accuracy"] is not None and len(metrics["accuracy_interval"] or ()) != 2:
        return "metrics.accuracy_interval is not two numbers"
    return None


def _odd_size(facts: dict[str, Any]) -> str | None:
    if facts["preprocessing"]["size"] in SIDES:
        return None
    return f"preprocessing.size is not from {SIDES.start} to {SIDES.stop - 1} pixels"


def _example(folder: Path, name: str, what: str) -> str:
    return f"{folder / 'model.json'} names the example {name[:200]!r}, which {what}; it is not served. Take it out."
