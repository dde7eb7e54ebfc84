"""Accuracy against the truth, of the model trained on cleaned photos, on photos as they were found, and on the truth.

    python -m benchmarks.clothing ../shared/photos

Builds the recipe `clothing` through the small web in FOLDER with the real command and the unmodified search client,
then trains twice more, in twins of the work folder: on the photos as they were found, and on the truth, where wrong
labels are put right and photos of none of the classes and copies are dropped. All are judged on the same held-out
photos by FOLDER/truth.csv, which nothing but this script reads. Photos that show none of the classes are left out of
the judgement.
"""

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from benchmarks.twins import decide_by_truth, twin
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.train import load_trained, train
from tests.web import SmallWeb


def main() -> None:
    arguments = _arguments()
    recipe = load_recipe("clothing")
    _build(arguments.folder, arguments.work)
    truth = _truth(arguments.folder)
    with PhotoStore(arguments.work, recipe.labels) as store:
        photos = [photo for photo in split_kept(recipe, store).held_out if truth[photo.image] in recipe.labels]
        cleaned = _measure("trained on cleaned photos", recipe, store, photos, truth)
    with twin(arguments.work, "uncleaned", recipe) as store:
        _train(recipe, store)
        found = _measure("trained on photos as found", recipe, store, photos, truth)
    with twin(arguments.work, "truth", recipe) as store:
        store.decisions.add(*decide_by_truth(recipe, store, truth))
        _train(recipe, store)
        best = _measure("trained on the truth", recipe, store, photos, truth)
    print(f"cleaned less as found: {cleaned - found:+.1f} points; truth less cleaned: {best - cleaned:+.1f} points")


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


def _train(recipe: Recipe, store: PhotoStore) -> None:
    train(recipe, store, lambda what, done, total: print(f"\r{what} {done}/{total}  ", end="", file=sys.stderr))


def _truth(folder: Path) -> dict[str, str]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {row["url"]: row["truth"] for row in csv.DictReader(file)}


def _measure(what: str, recipe: Recipe, store: PhotoStore, photos: Sequence[Photo], truth: dict[str, str]) -> float:
    """Print how many of the photos a trained model gets right, and return it in percent."""
    trained = load_trained(recipe, store)
    answers = np.array(recipe.labels)[trained.predict(photos).logits.argmax(axis=1)]
    right = int((answers == [truth[photo.image] for photo in photos]).sum())
    interval = binomtest(right, len(photos)).proportion_ci(method="wilson")
    print(
        f"{what}: {right / len(photos):.1%} (95 % interval {interval.low:.1%} to {interval.high:.1%}) of {len(photos)} "
        f"held-out photos; {len(trained.split.learning)} photos used"
    )
    return 100 * right / len(photos)


if __name__ == "__main__":
    main()
