"""What the same training would claim if the photos were split at random, copies and all.

Many published figures are made so. Copies of a photo then lie on both sides, and the network is asked what it knows
by heart. The figure is for comparison only; nothing is chosen by it.
"""

import numpy as np

from recognizer.evaluate.metrics import accuracy_of
from recognizer.networks.backbone import load_backbone
from recognizer.recipe import Recipe
from recognizer.report import Watch, unwatched
from recognizer.store.photo_store import PhotoStore
from recognizer.train.cached import learn
from recognizer.train.tail import look
from recognizer.train.trained import Progress, prepare_cached


def claim_of_random_split(recipe: Recipe, store: PhotoStore, watch: Watch = unwatched) -> dict[str, object]:
    """Train once on a random part of the kept photos and the dropped copies of them, and judge by the rest.

    Args:
        recipe: the recipe, with `train.cached`.
        store: the photo store.
        watch: told about photos.

    Returns:
        accuracy, accuracy_interval and photos.
    """
    settings = recipe.train
    copies = {issue.photo for issue in store.issues.all() if issue.twin}
    kept = {photo.sha256 for photo in store.photos.kept()}
    photos = [photo for photo in store.photos.all() if photo.sha256 in kept | copies]
    backbone = load_backbone(settings.backbone, settings.weights, merged=settings.stages)
    network, examples = prepare_cached(recipe, photos, backbone, store.work, watch)
    judged = np.random.default_rng(settings.seed).random(len(photos)) < settings.held_out
    unseen = examples.of(judged)
    total = settings.epochs * int((~judged).sum())
    trained = learn(network, examples.of(~judged), settings, settings.seed, lambda: Progress(watch, [0], total))
    return accuracy_of(look(trained, unseen.maps).probabilities.argmax(axis=1) == unseen.labels)
