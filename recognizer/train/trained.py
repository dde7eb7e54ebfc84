"""The two ways of training: the tail on cached maps, with folds, or the whole network on newly varied photos."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fastai.callback.core import Callback
from fastai.callback.schedule import Learner
from torch import Tensor, nn

from recognizer.errors import RecognizerError
from recognizer.networks.backbone import Backbone, load_backbone
from recognizer.networks.cut import cut, join
from recognizer.networks.maps import photo_maps
from recognizer.recipe import Recipe
from recognizer.report import Watch
from recognizer.splits.split import Numbers, Parts, fold_numbers
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.cached import Curves, fold_curves, judge, learn, see, start_head
from recognizer.train.learner import freeze_early, gpu_callbacks, make_head, make_learner, observe
from recognizer.train.runs import Judged, Run
from recognizer.train.tail import Examples, drawn_by_trust, fit, halves


@dataclass(frozen=True)
class Trained:
    """What a round of training gives.

    Args:
        weights: state dict of the whole network, body and head.
        judged: what networks made of photos that they had not learned from.
        curves: how it went.
    """

    weights: dict[str, Tensor]
    judged: Judged
    curves: Curves


class Progress(Callback):
    """Tells a watcher about photos learned from."""

    def __init__(self, watch: Watch, done: list[int], total: int) -> None:
        self.watch, self.done, self.total = watch, done, total

    def after_batch(self) -> None:
        """Say the loss, and the accuracy where it has been measured."""
        if not self.training:
            return
        self.done[0] = min(self.done[0] + len(self.y) * processes.count(), self.total)
        rows = self.learn.recorder.values
        accuracy = f", accuracy {rows[-1][-1]:.0%}" if rows and len(rows[-1]) == 3 else ""
        self.watch(f"training, loss {self.loss.item():.2f}{accuracy}", self.done[0], self.total)


def train_cached(recipe: Recipe, parts: Parts, work: Path, number: int, watch: Watch) -> Trained:
    """Run the frozen layers once over each photo, then train the others on what they gave.

    Args:
        recipe: the recipe.
        parts: the photos.
        work: the work folder, which keeps what the frozen layers gave.
        number: of the round, from 1.
        watch: told about photos.
    """
    settings, photos = recipe.train, parts.learning
    backbone = load_backbone(settings.backbone, settings.weights, merged=settings.stages)
    network, examples = prepare_cached(recipe, photos, backbone, work, watch)
    folds = _deal(recipe, parts, examples.labels, number)
    listener = _listener(recipe, number, settings.folds * len(photos), watch)
    logits, curves = judge(network, examples, folds, settings, listener, watch)
    trained = learn(network, examples, settings, settings.seed + number, listener)
    join(trained[0], backbone.body)
    whole = nn.Sequential(backbone.body, make_head(backbone, settings.size, len(recipe.labels)))
    halves(whole)[1].load_state_dict(halves(trained)[1].state_dict())
    judged = Judged(
        np.array([photo.sha256 for photo in photos]), examples.labels, logits, folds, examples.label_quality
    )
    return Trained(_on_cpu(whole.state_dict()), judged, curves)


def prepare_cached(
    recipe: Recipe, photos: Sequence[Photo], backbone: Backbone, work: Path, watch: Watch
) -> tuple[nn.Sequential, Examples]:
    """Cut a backbone and run its frozen part over photos; without epochs, that is all but the last layer.

    Args:
        recipe: the recipe.
        photos: the photos.
        backbone: the backbone; its early layers are frozen.
        work: the work folder, which keeps what the frozen layers gave.
        watch: told about photos.

    Returns:
        The tail with an untrained head, and what they learn from.
    """
    settings = recipe.train
    head = make_head(backbone, settings.size, len(recipe.labels))
    trunk: nn.Module
    if settings.epochs:
        freeze_early(backbone.body, settings.tuned)
        trunk, tail = cut(backbone.body, settings.tuned, settings.backbone)
        network = nn.Sequential(tail, head)
    else:
        *pool, last = head.children()
        trunk, network = nn.Sequential(backbone.body, *pool), nn.Sequential(nn.Identity(), nn.Sequential(last))
    maps = photo_maps(photos, trunk, backbone, settings, work, watch)
    return network, Examples(maps, label_numbers(recipe, photos), see(network, maps), trusts(photos))


def train_whole(recipe: Recipe, parts: Parts, number: int, watch: Watch, before: Run | None) -> Trained:
    """Fine-tune the network on newly varied photos in every epoch; the validation photos stay unseen.

    Args:
        recipe: the recipe.
        parts: the photos.
        number: of the round, from 1.
        watch: told about photos.
        before: the run of the round before, which this one starts from.
    """
    settings = recipe.train
    backbone = load_backbone(settings.backbone, settings.weights, pretrained=before is None, merged=settings.stages)
    learner = make_learner(recipe, parts, backbone)
    labels, trust = label_numbers(recipe, parts.training), trusts(parts.training)
    if before:
        learner.model.load_state_dict(before.weights)
    else:
        features = observe(learner, parts.training).features[:, None]
        start_head(learner.model, features, labels, trust)
    listener = _listener(recipe, number, len(parts.training), watch)
    callbacks = [listener(), *gpu_callbacks(learner.dls.device, settings)]
    with drawn_by_trust(learner.dls.train, trust), processes.sharing(learner):
        fit(learner, settings, settings.seed + number, callbacks)
    return Trained(
        _on_cpu(learner.model.state_dict()),
        _judge_validation(recipe, parts.validation, learner),
        fold_curves([learner]),
    )


def _judge_validation(recipe: Recipe, photos: Sequence[Photo], learner: Learner) -> Judged:
    names, folds = np.array([photo.sha256 for photo in photos]), np.zeros(len(photos), dtype=int)
    return Judged(names, label_numbers(recipe, photos), observe(learner, photos).logits, folds, trusts(photos))


def trusts(photos: Sequence[Photo]) -> npt.NDArray[np.float64]:
    """Return how likely each photo's label is right, (photos,)."""
    return np.array([photo.label_quality for photo in photos])


def label_numbers(recipe: Recipe, photos: Sequence[Photo]) -> Numbers:
    """Return the number of each photo's class, (photos,)."""
    return np.array([recipe.labels.index(photo.label) for photo in photos])


def _deal(recipe: Recipe, parts: Parts, labels: Numbers, number: int) -> Numbers:
    """Deal folds out anew in each round; every class has to be in all of them but one."""
    groups = [parts.groups[photo.sha256] for photo in parts.learning]
    folds = fold_numbers(labels, groups, recipe.train.folds, recipe.train.seed + number)
    for fold in range(recipe.train.folds):
        lost = set(range(len(recipe.labels))) - set(labels[folds != fold].tolist())
        if lost:
            raise RecognizerError(
                f"The photos of “{recipe.labels[lost.pop()]}” are too few, or too alike, for "
                f"{recipe.train.folds} folds; collect more (recognizer collect {recipe.name})."
            )
    return folds


def _listener(recipe: Recipe, number: int, photos: int, watch: Watch) -> Callable[[], Progress]:
    """Return what makes a callback for each network of a round, all counting on together."""
    each = recipe.train.epochs * photos
    done = [(number - 1) * each]
    return lambda: Progress(watch, done, recipe.train.rounds * each)


def _on_cpu(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu() for name, tensor in weights.items()}
