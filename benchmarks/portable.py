"""learner.pkl of each backbone, in a fresh virtual environment that holds only fastai, and timm where it is used.

    python -m benchmarks.portable [--torch 2.8.0]

Builds the sample for each backbone with small pictures; the weights of the resnets are random ones, written to a file
that the recipe names. A virtual environment is made far from this checkout, with torch of the version that is here, or
of another, torchvision and fastai; the resnets are opened in it, then timm is installed too, and EfficientNet-Lite0 is
opened.
tests/export/plain.py does that in an empty folder, without this package and without any variable of this process; only
pip's cache is shared. What counts is the largest difference of a probability from what fastai says here.

Beside a CPU torch the torchvision of PyPI cannot be imported, and then nor can fastai, whatever the learner
(recognizer/networks/torchvision_cure.py). There the program declares the two operators that are missing, and it is
said here.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import venv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from fastai.learner import load_learner

from recognizer.collect.collect import collect
from recognizer.evaluate.evaluate import evaluate
from recognizer.export.export import export
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train.train import train
from tests.conftest import write_tiny_recipe
from tests.paths import ROOT

RESNETS = ("resnet18", "resnet34")
LITE0 = "tf_efficientnet_lite0"
PHOTOS = 10
MOST = 1e-4  # difference of a probability that is allowed
PLAIN = ROOT / "tests" / "export" / "plain.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", default=_version("torch"), help="the version that opens what this one has made")
    wanted = parser.parse_args().torch
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = _fresh(folder / "fresh", f"torch=={wanted}", "torchvision", "fastai")
        differences = [_compare(name, folder, python) for name in RESNETS]
        _install(python, "timm")
        differences.append(_compare(LITE0, folder, python))
    if max(differences) > MOST:
        sys.exit(f"A probability differs by more than {MOST}.")


def _compare(name: str, folder: Path, python: Path) -> float:
    """Build a model, open it here and there, and say how far they differ."""
    learner, photos = _build(name, folder / name)
    there = _open(python, learner, photos, folder)
    found = there["learners"][str(learner)]
    probabilities = np.array(found["probabilities"])
    difference = float(np.abs(probabilities - _open_here(learner, photos)).max())
    packages = ", ".join(f"{package} {version or 'absent'}" for package, version in there["packages"].items())
    cured = "; its torchvision had to be cured first" if there["cured"] else ""
    said = f"{difference:.1e} on {len(photos)} photos, of probabilities up to {probabilities.max():.2f}"
    print(f"{name}: {said}; in a fresh environment with {packages}{cured}", flush=True)
    return difference


def _build(name: str, work: Path) -> tuple[Path, list[Path]]:
    """Return the exported learner of a small model, and held-out photos."""
    work.mkdir()
    recipe = _with_backbone(load_recipe(write_tiny_recipe(work)), name, work)
    with PhotoStore(work / "work", recipe.labels) as store:
        for stage in (collect, train, evaluate, export):
            stage(recipe, store)
        photos = [photo.path for photo in split_kept(recipe, store).held_out[:PHOTOS]]
    return work / "work" / "model" / "learner.pkl", photos


def _with_backbone(recipe: Recipe, name: str, folder: Path) -> Recipe:
    changes = {"backbone": name}
    if name in RESNETS:
        changes["weights"] = str(folder / "random.pth")
        torch.manual_seed(0)
        torch.save(torchvision.models.get_model(name).state_dict(), changes["weights"])
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=changes)})


def _open_here(learner: Path, photos: list[Path]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="load_learner")
        opened = load_learner(learner)
    return np.array([opened.predict(str(photo))[2].tolist() for photo in photos])


def _open(python: Path, learner: Path, photos: list[Path], folder: Path) -> dict[str, Any]:
    """Open a learner in another environment: an empty folder is its home and where it works."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        command = [*map(str, (python, "-I", PLAIN, learner, "--photos", *photos))]
        done = subprocess.run(
            command, cwd=empty, env={"HOME": empty, "PATH": os.defpath}, stdout=subprocess.PIPE, text=True, check=True
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _fresh(folder: Path, *packages: str) -> Path:
    """Make a virtual environment with packages, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _install(python, *packages)
    return python


def _install(python: Path, *packages: str) -> None:
    ours = {"PYTHONPATH", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    subprocess.run([python, "-m", "pip", "install", "-qq", *packages], env=environment, check=True)


def _version(package: str) -> str:
    return importlib.metadata.version(package).split("+")[0]


if __name__ == "__main__":
    main()
