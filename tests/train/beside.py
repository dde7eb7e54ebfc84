"""A branch that is kept, whether it helps or not: that of the small recipe would not be."""

import numpy as np
import pytest

from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched
from recognizer.store.photo_store import PhotoStore
from recognizer.train import mixing
from recognizer.train.train import TrainedNetwork, load_trained, train


def tuning(recipe: Recipe, **settings: object) -> Recipe:
    changed = {"epochs": 2, "learning_rate": 3e-3, "size": 32, "tuned": 0.5, **settings}
    return recipe.model_copy(update={"train": recipe.train.model_copy(update=changed)})


def train_kept(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> TrainedNetwork:
    """Train, keep what was fine-tuned, and return the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixing, "SURE", -np.inf)
        train(recipe, store, watch)
    return load_trained(recipe, store)
