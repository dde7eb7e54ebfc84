"""Accuracy against the truth, of the model trained on cleaned photos and of the same model on uncleaned ones.

    python -m benchmarks.clothing ../shared/photos

Builds the recipe `clothing` through the small web in FOLDER with the real command and the unmodified search client,
then trains once more on the photos as they were found. Both are judged on the held-out photos by FOLDER/truth.csv,
which nothing but this script reads. Photos that show none of the classes are left out of the judgement.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from recognizer.photos import Photo, PhotoStore
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits import split_kept
from recognizer.train import load_trained, predict, train
from tests.web import SmallWeb


def main() -> None:
    arguments = _arguments()
    recipe = load_recipe("clothing")
    _build(arguments.folder, arguments.work)
    truth = _truth(arguments.folder)
    with PhotoStore(arguments.work, recipe.labels) as store:
        photos = [photo for photo in split_kept(recipe, store).held_out if truth[photo.image] in recipe.labels]
        _print("trained on cleaned photos", recipe, store, photos, truth)
    with PhotoStore(_uncleaned(arguments.work, recipe), recipe.labels) as store:
        _print("trained on uncleaned photos", recipe, store, photos, truth)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path("data/clothing"))
    return parser.parse_args()


def _build(folder: Path, work: Path) -> None:
    """Run the real command; what is built already is not built again."""
    command = [sys.executable, "-m", "recognizer", "build", "clothing", "--work", str(work)]
    with SmallWeb(folder) as web:
        subprocess.run(command, env={**os.environ, **web.environment}, check=True)


def _uncleaned(work: Path, recipe: Recipe) -> Path:
    """Make a twin of the work folder in which nothing is decided, and train in it."""
    twin = work.with_name(f"{work.name}-uncleaned")
    if not twin.exists():
        shutil.copytree(work, twin, ignore=shutil.ignore_patterns("runs", "model", "reports"))
    with PhotoStore(twin, recipe.labels) as store:
        store.replace_automatic([])
        train(recipe, store, lambda what, done, total: print(f"\r{what} {done}/{total}  ", end="", file=sys.stderr))
    return twin


def _truth(folder: Path) -> dict[str, str]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {row["url"]: row["truth"] for row in csv.DictReader(file)}


def _print(what: str, recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], truth: dict[str, str]) -> None:
    learner, _ = load_trained(recipe, store)
    answers = np.array(recipe.labels)[predict(learner, photos).argmax(axis=1)]
    right = int((answers == [truth[photo.image] for photo in photos]).sum())
    interval = binomtest(right, len(photos)).proportion_ci(method="wilson")
    used = split_kept(recipe, store)
    print(
        f"{what}: {right / len(photos):.1%} (95 % interval {interval.low:.1%} to {interval.high:.1%}) of {len(photos)} "
        f"held-out photos; {len(used.training) + len(used.validation)} photos used"
    )


if __name__ == "__main__":
    main()
