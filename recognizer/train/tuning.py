"""Fine-tuning of a branch beside the last layers of a pretrained network, which stay as they are (networks/branch.py).

    learner = fit_branch(branch, training, validation, task, backbone, settings, callbacks)
    shares = halve(branch, alone, both, shift)              # what it says and what the head says count alike
    network = joined(backbone, head, tuned, settings)

The layers before the branch run once over each augmented view (forward.py keeps what they give). Whether a branch is
kept, and after which epoch, is said by photos that it has not learned from: those of validation where there are several
outputs (outputs_tuning.py), all of them, in parts, where there are classes (classes_tuning.py).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from torch import Tensor, nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.branch import Branch, branch_head, join, scale_logits
from recognizer.networks.lda import Layer
from recognizer.recipe import TrainSettings
from recognizer.splits.values import Floats
from recognizer.train.curves import Curves
from recognizer.train.examples import BATCH, Examples, make_loaders
from recognizer.train.mixing import Choice

HALF = 0.5  # that the branch counts


class Task(NamedTuple):
    """What a branch learns.

    Args:
        loss: of its logits, and of what is known.
        metric: of the same, recorded after each epoch.
        drawn: how often each photo is that it learns from, (n,), compared with others.
    """

    loss: Callable[[Tensor, Tensor], Tensor]
    metric: Callable[[Tensor, Tensor], Tensor]
    drawn: Floats


class Tuned(NamedTuple):
    """What a fine-tuning gives.

    Args:
        branch: the tuned layers, whose logits are halved and calibrated; None where nothing is kept.
        shares: by what each logit of the head is to be multiplied before the branch's is added, (width,).
        logits: of photos that were not learned from, by both together, or by the head alone, (n, width).
        choice: which epoch is kept.
        curves: how it went, of the branch alone.
    """

    branch: Branch | None
    shares: Floats
    logits: Floats
    choice: Choice
    curves: Curves


def fit_branch(
    branch: Branch,
    training: Examples,
    validation: Examples,
    task: Task,
    backbone: Backbone,
    settings: TrainSettings,
    callbacks: Sequence[Callback],
) -> Learner:
    """Fine-tune a branch by one cycle of learning rates, and return its learner.

    Args:
        branch: as `make_branch` made it; its layers are changed.
        training: what it learns from: what the layers before it gave.
        validation: what is recorded after each epoch.
        task: what it learns.
        backbone: that it is of.
        settings: of the recipe, which wants some epochs.
        callbacks: for this training only.
    """
    network = nn.Sequential(branch.layers, branch_head(backbone, branch, settings))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third quicker on processors
    dls = make_loaders(training, validation, settings.batch, task.drawn)
    # Batch normalisation can make nothing of a single photo.
    dls.train.drop_last = len(training.labels) % dls.train.bs == 1
    learner = Learner(dls, network, task.loss, metrics=task.metric)
    learner.remove_cb(ProgressCallback)
    with learner.no_logging():
        learner.fit_one_cycle(settings.epochs, settings.learning_rate, cbs=list(callbacks))
    learner.model.cpu().eval()
    return learner


@torch.inference_mode()
def say(network: nn.Module, photos: Examples) -> Floats:
    """Return what a branch, its head included, says of photos as they are served, (n, width)."""
    device, numbers = next(network.eval().parameters()).device, range(len(photos.labels))
    parts = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
    batches = (torch.from_numpy(photos.as_served(part)).float() for part in parts)
    return np.concatenate([network(batch.to(device)).cpu().double().numpy() for batch in batches])


def together(head: Floats, branch: Floats) -> Floats:
    """Return the logits of a head and of its branch together, each calibrated, (n, width)."""
    return head * (1 - HALF) + branch * HALF


def halve(branch: Branch, alone: Floats, both: Floats, shift: Floats) -> Floats:
    """Scale what a branch says to its half, and return by what the head's logits are to be multiplied, (width,).

    Args:
        branch: its last layer is changed.
        alone: what calibrates the branch's logits: each is divided by one, (width,).
        both: what calibrates those of both together, (width,).
        shift: to be added to the branch's before, (width,).
    """
    scale_logits(branch.last, HALF / both / alone, shift)
    return np.asarray((1 - HALF) / both)


def joined(backbone: Backbone, head: Layer, tuned: Tuned, settings: TrainSettings) -> nn.Sequential:
    """Return the network whose logits are those of a backbone's head and of its branch together.

    Args:
        backbone: the backbone.
        head: of all cells, calibrated.
        tuned: has a branch.
        settings: of the recipe.
    """
    assert tuned.branch is not None
    scaled = Layer(head.weight * tuned.shares[:, None], head.bias * tuned.shares)
    return join(backbone, tuned.branch, scaled, settings)
