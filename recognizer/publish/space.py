"""Assembles a Space in which a program of ours answers: deployment/, the modules that serving needs, and the model.

assemble_space(model, facts, half, order)
"""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recognizer.errors import RecognizerError
from recognizer.files import carried, write_whole, writing
from recognizer.publish.modules import PACKAGE, served_files
from recognizer.publish.order import Order
from recognizer.publish.readme import space_readme
from recognizer.serve.classifier import DEFAULT_RUNTIME
from recognizer.store.spaces import MODEL

DEPLOYMENT = carried("publish/deployment", "deployment")
SPACES = "spaces==0.51.3"  # Hugging Face's package for ZeroGPU; needs no torch
NEVER_SERVED = shutil.ignore_patterns("*.fp16.onnx", "*.safetensors", "browser.onnx")


def assemble_space(model: Path, facts: dict[str, Any], to: Path, order: Order) -> None:
    """Fill the folder of a Space.

    Args:
        model: the model folder.
        facts: of its model.json.
        to: the folder; made if it is missing.
        order: its form, and what runs the network.

    Raises:
        RecognizerError: the deployment folder is missing.
        Unwritable: the disk is full, or the folder may not be written.
    """
    if not (DEPLOYMENT / "app.py").is_file():
        raise RecognizerError(f"There is no {DEPLOYMENT}; install this program anew.")
    _copy(DEPLOYMENT, to, shutil.ignore_patterns("__pycache__", "docker", *(["zero.py"] * (order.form.name != "zero"))))
    if order.form.sdk == "docker":
        _copy(DEPLOYMENT / "docker", to)
    _copy(model, to / MODEL, NEVER_SERVED)
    for file in served_files(DEPLOYMENT / "app.py"):
        write_whole(to / PACKAGE.name / file, (PACKAGE / file).read_bytes())
    write_whole(to / "README.md", space_readme(facts, order).encode())
    write_whole(to / "requirements.txt", _requirements(order).encode())
    if order.runtime != DEFAULT_RUNTIME:
        app = to / "app.py"
        text = app.read_text(encoding="utf-8")
        write_whole(app, text.replace(f'RUNTIME = "{DEFAULT_RUNTIME}"', f'RUNTIME = "{order.runtime}"').encode())


def _requirements(order: Order) -> str:
    """Return the requirements, each in the version with which the model was tried here."""
    lines = (DEPLOYMENT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.removeprefix("# ") for line in lines[1:] if order.runtime == "fastai" or not line.startswith("#")]
    return "\n".join([*map(_pinned, wanted), *([SPACES] if order.form.name == "zero" else []), ""])


def _pinned(requirement: str) -> str:
    name = requirement.partition("=")[0].rstrip("<>=~")
    return f"{name}=={version(name).partition('+')[0]}"  # behind a + stands how it was built


def _copy(folder: Path, to: Path, ignore: Any = None) -> None:
    """Copy a folder; the first file that cannot be written ends it, and not a list of them all."""

    def copy(source: str, place: str) -> None:
        with writing(to):
            shutil.copyfile(source, place)

    shutil.copytree(folder, to, ignore=ignore, copy_function=copy, dirs_exist_ok=True)
