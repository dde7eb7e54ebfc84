"""What the same training would claim if the photos were split at random, copies and all.

    python -m benchmarks.random_split clothing

Many published figures are made so. Copies of a photo then lie on both sides, and the network is asked what it knows by
heart. Trains once on a random part of the kept photos and the dropped copies of them, evaluates on the rest, and prints
the accuracy beside that of the held-out photos. Needs a work folder in which `recognizer evaluate` has run, and a
recipe that fine-tunes nothing.
"""

import argparse
import json
import sys
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.evaluate.metrics import accuracy_of
from recognizer.networks.backbone import load_for_training
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import extract
from recognizer.networks.grid import stage_shares
from recognizer.networks.lda import fit_linear
from recognizer.recipe import Recipe, load_recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.train.examples import label_numbers, label_qualities
from recognizer.train.likeliest import as_likeliest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--work", type=Path, help="data/<recipe> by default")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    work = arguments.work or Path("data") / recipe.name
    with PhotoStore(work, recipe.labels) as store:
        _print("random split", claim_of_random_split(recipe, store))
    _print("held-out photos", json.loads((work / "reports" / "evaluate.json").read_text(encoding="utf-8")))


def claim_of_random_split(recipe: Recipe, store: PhotoStore) -> dict[str, Any]:
    """Return accuracy, accuracy_interval and photos of a random split."""
    settings = recipe.train
    copies = {issue.photo for issue in store.issues.all() if issue.twin}
    kept = {photo.sha256 for photo in store.photos.kept()}
    photos = [photo for photo in store.photos.all() if photo.sha256 in kept | copies]
    backbone = load_for_training(settings)
    shares = stage_shares(backbone, settings.size)
    embeddings = extract(photos, head_extractor(backbone, settings), store.work, watch=_watch)["embedding"]
    labels = label_numbers(recipe.labels, photos)
    held_out = np.random.default_rng(settings.seed).random(len(photos)) < settings.held_out
    learned = as_likeliest(list(compress(photos, ~held_out)), recipe.labels)
    head = fit_linear(embeddings[~held_out], label_numbers(recipe.labels, learned), label_qualities(learned), shares)
    logits = embeddings[held_out, 0] @ head.weight.T + head.bias
    return accuracy_of(logits.argmax(axis=1) == labels[held_out])


def _watch(what: str, done: int, total: int) -> None:
    print(f"\r{what} {done}/{total}  ", end="", file=sys.stderr)


def _print(what: str, figures: dict[str, Any]) -> None:
    low, high = figures["accuracy_interval"]
    print(f"{what}: {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}) of {figures['photos']} photos")


if __name__ == "__main__":
    main()
