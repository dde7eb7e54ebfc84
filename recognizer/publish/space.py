"""Assembles a complete Space: deployment/, the few modules that serving needs, and the model folder.

publish(work / "model", Path("space"))
"""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from recognizer.errors import RecognizerError
from recognizer.files import alone_in, write_whole, writing
from recognizer.report import write_report
from recognizer.serve.classifier import DEFAULT_RUNTIME, Classifier
from recognizer.serve.facts import read_facts
from recognizer.store.spaces import MARKER, MODEL, note_space
from recognizer.words.sources import describe_source
from recognizer.words.words import languages

PACKAGE = Path(__file__).parents[1]
DEPLOYMENT = PACKAGE.parent / "deployment"
# All that deployment/app.py imports of this package, as a test sees to.
MODULES = (
    "__init__.py",
    "errors.py",
    "names.py",
    "images/__init__.py",
    "images/apart.py",
    "images/bounds.py",
    "images/colours.py",
    "images/cut_off.py",
    "images/data_url.py",
    "images/decode.py",
    "images/decoding_process.py",
    "images/directories.py",
    "images/pixels.py",
    "calibration/__init__.py",
    "calibration/abstain.py",
    "networks/__init__.py",
    "networks/onnx_session.py",
    "networks/torchvision_cure.py",  # for the runtime fastai alone
    "serve/__init__.py",
    "serve/binding.py",
    "serve/body.py",
    "serve/classifier.py",
    "serve/page/answer.html",
    "serve/page/below.html",
    "serve/page/docs.html",
    "serve/page/style.css",
    "serve/page/top.html",
    "serve/facts.py",
    "serve/guard.py",
    "serve/inline.py",
    "serve/interface.py",
    "serve/parts.py",
    "serve/process.py",
    "serve/queue.py",
    "serve/refusals.py",
    "serve/rendering.py",
    "serve/rest.py",
    "serve/runtimes.py",
    "serve/scripts.py",
    "serve/server.py",
    "serve/uploads.py",
    "serve/waiting.py",
    "serve/wording.py",
    "words/__init__.py",
    "words/sources.py",
    "words/words.py",
    *(f"words/{language}.json" for language in languages()),
)
HALF = ".part"  # the folder within a Space in which the next one is put together
# What a fresh clone of a Space holds, and what systems put into any folder.
CLONED = {".git", ".gitattributes", "README.md", ".DS_Store", "Thumbs.db"}
NEVER_SERVED = shutil.ignore_patterns("*.int8.onnx", "*.safetensors")


def publish(model: Path, to: Path, runtime: str = DEFAULT_RUNTIME) -> list[Path]:
    """Write the folder of a Space.

    Args:
        model: the model folder in a work folder, whose `reports/publish.json` then names `to`.
        to: the folder to write; it must be empty, missing, a fresh clone of a Space, or one that was written before.
        runtime: what runs the network there: "onnx" or "fastai".

    Returns:
        The files written, relative to `to`.

    Raises:
        ModelError: the model folder is not whole.
        RecognizerError: `to` holds something else, or this is no checkout with a deployment folder.
        WorkInUse: another run is at work in the work folder.
        Unwritable: the disk is full, or the folder may not be written.
    """
    if not (DEPLOYMENT / "app.py").is_file():
        raise RecognizerError(f"There is no {DEPLOYMENT}; publish from a checkout of the project.")
    _check_place(model, to)
    read_facts(model)  # before a folder is made for what is not there
    with alone_in(model.parent):
        return _publish(model, to, runtime)


def _publish(model: Path, to: Path, runtime: str) -> list[Path]:
    begun = time.monotonic()
    facts = Classifier(model, runtime).facts
    noted = note_space(model.parent, to)  # first, so that `forget` knows of the folder however this ends
    _write_space(model, facts, to, runtime)
    files = sorted(path.relative_to(to) for path in to.rglob("*") if path.is_file() and ".git" not in path.parts)
    counts = {"files": len(files)}
    write_report(model.parent, "publish", facts["recipe"]["name"], time.monotonic() - begun, counts, **noted)
    return files


def _write_space(model: Path, facts: dict[str, Any], to: Path, runtime: str) -> None:
    half = to / HALF
    with writing(to):
        to.mkdir(parents=True, exist_ok=True)
        (to / MARKER).touch()  # first, so that a stop below leaves what can be written again
        shutil.rmtree(half, ignore_errors=True)
        try:
            _assemble(model, facts, half, runtime)
            _put(half, to)
        finally:
            shutil.rmtree(half, ignore_errors=True)


def _check_place(model: Path, to: Path) -> None:
    """Refuse a folder in which something else than a Space would be overwritten or published."""
    here, there = to.resolve(), model.resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise RecognizerError(f"{to} holds the model itself, or lies in it; name another folder for the Space.")
    if to.exists() and not to.is_dir():
        raise RecognizerError(f"{to} is a file; name a folder for the Space, an empty or a missing one.")
    held = {path.name for path in to.iterdir()} if to.is_dir() else set()
    others = sorted(held - CLONED)
    is_space = MARKER in held or {"app.py", "model", "recognizer"} <= held
    if others and not is_space:
        raise RecognizerError(
            f"{to} holds other files, such as {others[0]}; name an empty folder, a fresh clone of a Space, or one that "
            "publish wrote before."
        )


def _assemble(model: Path, facts: dict[str, Any], to: Path, runtime: str) -> None:
    _copy(DEPLOYMENT, to, shutil.ignore_patterns("__pycache__"))
    _copy(model, to / MODEL, NEVER_SERVED)
    for module in MODULES:
        write_whole(to / "recognizer" / module, (PACKAGE / module).read_bytes())
    readme = to / "README.md"
    readme.write_text(_readme(readme.read_text(encoding="utf-8"), facts), encoding="utf-8")
    if runtime == "fastai":
        _change(to / "app.py", f'RUNTIME = "{DEFAULT_RUNTIME}"', f'RUNTIME = "{runtime}"')
        _change(to / "requirements.txt", "\n# ", "\n")


def _change(file: Path, old: str, new: str) -> None:
    """Put words in the place of others in a file of the Space."""
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _copy(folder: Path, to: Path, ignore: Any) -> None:
    """Copy a folder; the first file that cannot be written ends it, and not a list of them all."""

    def copy(source: str, place: str) -> None:
        with writing(to):
            shutil.copyfile(source, place)

    shutil.copytree(folder, to, ignore=ignore, copy_function=copy, dirs_exist_ok=True)


def _readme(template: str, facts: dict[str, Any]) -> str:
    """Put a model's own title, and where its photos come from, into the README of a Space."""
    source = describe_source(facts["recipe"]["collect"]["engines"]).photos
    # JSON is YAML, in which a title may hold a colon or a quote only in quotes.
    title = json.dumps(facts["title"], ensure_ascii=False)
    return template.replace("TITLE", title, 1).replace("SOURCE", source, 1)


def _put(half: Path, to: Path) -> None:
    """Move each part into place, so that a git checkout of the Space keeps its own folder."""
    for part in half.iterdir():
        place = to / part.name
        shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        part.replace(place)
