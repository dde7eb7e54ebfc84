"""Other ways to train on the same photos: plain fastai, and logistic regression on frozen features."""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import timm
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.callback.tracker import SaveModelCallback
from fastai.data.transforms import Normalize
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.augment import RandomResizedCrop, aug_transforms
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recognizer.networks.backbone import LITE0, load_for_training, packaged_weights
from recognizer.networks.extractors import head_extractor
from recognizer.networks.forward import extract
from recognizer.networks.weights import fit_weights, read_weights
from recognizer.recipe import Recipe
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import Photo
from recognizer.train.examples import label_numbers

Answers = npt.NDArray[np.int_]
TIMES = 4  # of fine_tune(10), as in data/recipes/seed.toml


def logistic_regression(recipe: Recipe, store: PhotoStore, photos: list[Photo]) -> Answers:
    """Return the classes of photos by logistic regression on the features that the closed-form head takes."""
    settings = recipe.train.model_copy(update={"size": 288, "stages": 3})
    learned = split_kept(recipe, store).learning
    extractor = head_extractor(load_for_training(settings), settings)
    features, shown = (extract(some, extractor, store.work)["embedding"][:, 0] for some in (learned, photos))
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    search = GridSearchCV(line, {"logisticregression__C": [1e-6, 1e-5, 1e-4, 1e-3, 1e-2]}, cv=3)
    search.fit(features.astype(np.float32), label_numbers(recipe.labels, learned))
    return np.asarray(search.predict(shown.astype(np.float32)))


def plain_fastai(recipe: Recipe, store: PhotoStore, photos: list[Photo]) -> Answers:
    """Return the classes of photos by fastai's own tutorial, repeated until its validation loss stops falling."""
    settings, folder = recipe.train, store.work / "plain"
    _lay_out(split_kept(recipe, store).learning, folder)
    set_seed(settings.seed, reproducible=True)
    crops = {"item_tfms": RandomResizedCrop(224, min_scale=0.5), "batch_tfms": aug_transforms()}
    dls = ImageDataLoaders.from_folder(folder, valid_pct=0.2, seed=settings.seed, bs=64, num_workers=0, **crops)
    network = timm.create_model(settings.backbone)
    source = settings.weights or packaged_weights(LITE0)
    fit_weights(network, read_weights(source), source)
    # As fastai does where it fetches the weights itself.
    dls.add_tfms([Normalize.from_stats(network.default_cfg["mean"], network.default_cfg["std"])], "after_batch")
    learner = vision_learner(dls, settings.backbone, pretrained=False, metrics=accuracy)
    learner.model[0].model.load_state_dict(network.state_dict(), strict=False)  # all but the classifier
    learner.remove_cb(ProgressCallback)
    learner.path = folder
    learner.add_cb(SaveModelCallback())  # which ends each time with the epoch of the lowest validation loss
    _tune_until_it_stops_helping(learner)
    loader = dls.test_dl([str(photo.path) for photo in photos], num_workers=0)
    order = [dls.vocab.o2i[name] for name in recipe.labels]
    probabilities = learner.get_preds(dl=loader)[0].numpy()[:, order]
    return np.asarray(probabilities.argmax(axis=1))


def _tune_until_it_stops_helping(learner: Learner) -> None:
    """Tune again while that lowers the validation loss, and keep the best; print the best epoch of each time."""
    best, kept = np.inf, {}
    for _ in range(TIMES):
        with learner.no_logging():
            learner.fine_tune(10)
        loss, right = min(tuple(values[1:3]) for values in learner.recorder.values)
        print(f"  plain fastai: validation loss {loss:.3f}, accuracy {right:.1%}", flush=True)
        if not loss < best:
            break
        best, kept = loss, copy.deepcopy(learner.model.state_dict())
    if kept:
        learner.model.load_state_dict(kept)


def _lay_out(photos: list[Photo], folder: Path) -> None:
    """Copy photos into a folder for each class."""
    for photo in photos:
        (folder / photo.label).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo.path, folder / photo.label / photo.path.name)
