"""What each of several processes does in test_processes.py: trains with the others, and writes down what it saw.

accelerate launch --num_processes 2 -m tests.train.shared_training RECIPE WORK FOLDER
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from recognizer.networks.backbone import load_backbone
from recognizer.recipe import load_recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.train import processes
from recognizer.train.learner import make_learner
from recognizer.train.trained import train_whole


def main() -> None:
    recipe, work, folder = load_recipe(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    processes.join(recipe)
    with PhotoStore(work, recipe.labels) as store:
        parts = split_kept(recipe, store)
    learner = make_learner(recipe, parts, load_backbone(recipe.train.backbone))
    loaders = learner.dls.loaders
    with processes.sharing(learner):
        share = list(learner.dls.train.get_idxs())
    told: list[int] = []
    trained = train_whole(recipe, parts, 1, lambda what, done, total: told.append(done), None)
    seen = {
        "share": share,
        "batches": len(told),
        "told": told[-1],
        "training": len(parts.training),
        "weights": hashlib.sha256(b"".join(one.numpy().tobytes() for one in trained.weights.values())).hexdigest(),
        "restored": learner.dls.loaders is loaders,
    }
    (folder / f"{os.environ['RANK']}.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
