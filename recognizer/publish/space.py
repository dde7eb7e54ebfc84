"""Assembles a complete Space: deployment/, the few modules that serving needs, and the model folder.

publish(work / "model", Path("space"))
"""

import shutil
from pathlib import Path

from recognizer.errors import RecognizerError
from recognizer.serve.classifier import Classifier

PACKAGE = Path(__file__).parents[1]
DEPLOYMENT = PACKAGE.parent / "deployment"
# All that deployment/app.py imports of this package, as a test sees to.
MODULES = (
    "__init__.py",
    "errors.py",
    "images/__init__.py",
    "images/bounds.py",
    "images/colours.py",
    "images/cut_off.py",
    "images/decode.py",
    "images/directories.py",
    "calibration/__init__.py",
    "calibration/abstain.py",
    "networks/__init__.py",
    "networks/torchvision_cure.py",
    "serve/__init__.py",
    "serve/body.py",
    "serve/classifier.py",
    "serve/facts.py",
    "serve/guard.py",
    "serve/interface.py",
    "serve/uploads.py",
    "serve/waiting.py",
)
NEVER_SERVED = shutil.ignore_patterns("*.onnx", "*.safetensors")


def publish(model: Path, to: Path) -> list[Path]:
    """Write the folder of a Space.

    Args:
        model: the model folder.
        to: the folder to write; it must be empty, missing, or a Space that was written before.

    Returns:
        The files written, relative to `to`.

    Raises:
        ModelError: the model folder is not whole.
        RecognizerError: `to` holds something else, or this is no checkout with a deployment folder.
    """
    if not (DEPLOYMENT / "app.py").is_file():
        raise RecognizerError(f"There is no {DEPLOYMENT}; publish from a checkout of the project.")
    if to.exists() and any(to.iterdir()) and not (to / "model" / "model.json").is_file():
        raise RecognizerError(f"{to} holds other files; name an empty folder, or one that publish wrote before.")
    Classifier(model)
    half = to.with_name(f"{to.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    _assemble(model, half)
    _put(half, to)
    return sorted(path.relative_to(to) for path in to.rglob("*") if path.is_file() and ".git" not in path.parts)


def _assemble(model: Path, to: Path) -> None:
    shutil.copytree(DEPLOYMENT, to, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(model, to / "model", ignore=NEVER_SERVED)
    for module in MODULES:
        place = to / "recognizer" / module
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / module, place)


def _put(half: Path, to: Path) -> None:
    """Move each part into place, so that a git checkout of the Space keeps its own folder."""
    to.mkdir(parents=True, exist_ok=True)
    for part in half.iterdir():
        place = to / part.name
        shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        part.replace(place)
    half.rmdir()
