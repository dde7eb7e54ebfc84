"""Training: wall time and accuracy against the plain fastai way, calibration, and photos of none of the classes.

    python -m benchmarks.train_clothing ../shared/photos --work data/clothing [--seeds 5] [--plain] [--resnet]

Takes a collected and cleaned work folder of the recipe `clothing`, copies it without what training left there, and
trains in the copy. Accuracy is against FOLDER/truth.csv, which nothing but benchmarks reads, on the same held-out
photos in all ways. Only ratios within one run say anything about a busy machine.

The plain way is the one of fastai's own tutorials with the settings of `data/recipes/seed.toml` and the same pretrained
backbone, again and again until its validation loss stops falling (training_peers.py).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import argparse
import csv
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torchvision
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from benchmarks.training_peers import plain_fastai
from recognizer.calibration.abstain import energy
from recognizer.networks.forward import Outputs
from recognizer.recipe import Recipe, load_recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.train import load_trained, train

NONE = -1  # the number of what shows none of the classes


class Clock:
    """Wall time and processor time, that of worker processes included; the latter bears a busy machine better."""

    def __init__(self) -> None:
        self.wall, self.processor = time.monotonic(), sum(os.times()[:4])

    def spent(self) -> str:
        """Say both."""
        return f"{time.monotonic() - self.wall:.0f} s, {sum(os.times()[:4]) - self.processor:.0f} s of a processor"


@dataclass(frozen=True)
class Truth:
    """The truth about photos.

    Args:
        shown: address of a photo to what it shows.
        names: of the classes.
    """

    shown: dict[str, str]
    names: list[str]

    def labels(self, photos: Sequence[Photo]) -> npt.NDArray[np.int_]:
        """Return the number of what each photo shows."""
        shown = (self.shown[photo.image] for photo in photos)
        return np.array([self.names.index(name) if name in self.names else NONE for name in shown])

    def say(self, what: str, photos: Sequence[Photo], answers: npt.NDArray[np.int_], spent: str) -> None:
        """Print accuracy with its interval, of photos that show one of the classes."""
        labels = self.labels(photos)
        right = (answers == labels)[labels != NONE]
        interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
        print(
            f"{what}: {spent}, {right.mean():.1%} ({interval.low:.1%} to {interval.high:.1%}) "
            f"of {len(right)} held-out photos",
            flush=True,
        )


def main() -> None:
    arguments = _arguments()
    recipe = load_recipe("clothing")
    with (arguments.folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = Truth({row["url"]: row["truth"] for row in csv.DictReader(file)}, recipe.labels)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(arguments.work, work, ignore=shutil.ignore_patterns("features", "runs", "model", "reports"))
        with PhotoStore(work, recipe.labels) as store:
            if arguments.resnet:
                _time_resnet(recipe, store)
            for seed in range(arguments.seeds):
                _ours(_seeded(recipe, seed), store, truth)
            _say_out_of_distribution(_seeded(recipe, arguments.seeds - 1), store, truth)
            for seed in range(arguments.plain):
                _plain(_seeded(recipe, seed), store, truth)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path("data/clothing"))
    parser.add_argument(
        "--plain", type=int, nargs="?", const=1, default=0, metavar="SEEDS", help="train the plain way, too"
    )
    parser.add_argument("--resnet", action="store_true", help="time resnet34, its weights random")
    parser.add_argument("--seeds", type=int, default=1)
    return parser.parse_args()


def _seeded(recipe: Recipe, seed: int) -> Recipe:
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"seed": recipe.train.seed + seed})})


def _ours(recipe: Recipe, store: PhotoStore, truth: Truth) -> None:
    shutil.rmtree(store.work / "features", ignore_errors=True)
    clock = Clock()
    train(recipe, store)
    spent = clock.spent()
    trained = load_trained(recipe, store)
    photos = trained.split.held_out
    outputs = trained.predict(photos)
    truth.say(f"ours, seed {recipe.train.seed}", photos, outputs.probabilities.argmax(axis=1), spent)
    found = trained.run.metrics["judged"]
    error = f"ECE {found['ece']} (expected under perfect calibration: {found['ece_by_chance']})"
    print(f"  out of fold, {found['photos']} photos: {error}, labels met {found['accuracy']:.1%}")
    _say_answered(truth, photos, outputs, trained.calibration.threshold)


def _say_answered(truth: Truth, photos: Sequence[Photo], outputs: Outputs, threshold: float) -> None:
    labels = truth.labels(photos)
    answered = (outputs.probabilities.max(axis=1) >= threshold)[labels != NONE]
    right = (outputs.probabilities.argmax(axis=1) == labels)[labels != NONE]
    print(f"  answered {answered.mean():.1%}, of these right {right[answered].mean():.1%}")


def _say_out_of_distribution(recipe: Recipe, store: PhotoStore, truth: Truth) -> None:
    """Print how well the last learner tells photos of none of the classes from held-out photos, by several scores."""
    trained = load_trained(recipe, store)
    split = trained.split
    learned = {photo.sha256 for photo in split.learning}
    others = [p for p in store.photos.all() if truth.labels([p])[0] == NONE and p.sha256 not in learned]
    known = truth.labels(split.held_out) != NONE
    held_out, other = (trained.predict(photos) for photos in (split.held_out, others))
    expected = [0] * int(known.sum()) + [1] * len(others)
    scores: dict[str, Callable[[Outputs], npt.NDArray[Any]]] = {
        "energy": lambda outputs: energy(outputs.logits),
        "largest probability": lambda outputs: -outputs.probabilities.max(axis=1),
    }
    values = {name: np.concatenate([score(held_out)[known], score(other)]) for name, score in scores.items()}
    found = ", ".join(f"{name} {roc_auc_score(expected, score):.3f}" for name, score in values.items())
    print(f"AUROC of {len(others)} photos of no class: {found}")


def _plain(recipe: Recipe, store: PhotoStore, truth: Truth) -> None:
    clock = Clock()
    photos = split_kept(recipe, store).held_out
    answers = plain_fastai(recipe, store, photos)
    truth.say(f"plain, seed {recipe.train.seed}", photos, answers, clock.spent())


def _time_resnet(recipe: Recipe, store: PhotoStore) -> None:
    weights = store.work / "resnet34.pth"
    torch.save(torchvision.models.resnet34().state_dict(), weights)
    changed = recipe.train.model_copy(update={"backbone": "resnet34", "weights": str(weights)})
    clock = Clock()
    train(recipe.model_copy(update={"train": changed}), store)
    print(f"ours, resnet34 with random weights: {clock.spent()}", flush=True)


if __name__ == "__main__":
    main()
