"""What each of several processes does in test_processes.py: trains with the others, and writes down what came of it.

accelerate launch --num_processes 2 -m tests.whole.shared_training RECIPE WORK FOLDER
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
from recognizer.train.learner import make_learner, make_network
from recognizer.train.whole import train_whole


def main() -> None:
    recipe, work, folder = load_recipe(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    processes.start(recipe)
    with PhotoStore(work, recipe.labels) as store:
        split = split_kept(recipe, store)
    backbone = load_backbone(recipe.train.backbone)
    learner = make_learner(recipe, split, backbone, make_network(recipe, backbone))
    loaders = learner.dls.loaders
    with processes.training_together(learner):
        share = list(learner.dls.train.get_idxs())
    told: list[int] = []
    trained = train_whole(recipe, split, store.work, 1, lambda what, done, total: told.append(done))
    found = {
        "share": share,
        "batches": len(told),
        "told": told[-1],
        "training": len(split.training),
        "weights": hashlib.sha256(b"".join(one.numpy().tobytes() for one in trained.weights.values())).hexdigest(),
        "restored": learner.dls.loaders is loaders,
    }
    (folder / f"{os.environ['RANK']}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
