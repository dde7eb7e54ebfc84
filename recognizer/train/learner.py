"""The fastai learner of a recipe, built from fastai's own parts alone, so that its pickle needs nothing of ours."""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
import math
import os
from collections.abc import Sequence

import numpy as np
import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import Callback
from fastai.callback.fp16 import MixedPrecision
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import Learner
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.core import DataLoaders
from fastai.data.transforms import IndexSplitter, ItemGetter, Normalize
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, ResizeMethod, aug_transforms
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from fastai.vision.learner import default_split
from PIL import Image
from torch import nn

from recognizer.networks.backbone import Backbone, windows
from recognizer.networks.cut import count_frozen
from recognizer.recipe import Recipe, TrainSettings
from recognizer.splits.split import Parts
from recognizer.store.rows import Photo
from recognizer.train import processes
from recognizer.train.tail import Outputs, halves

CELLS = 3  # along each side of a picture: where things are tells classes apart (docs/experiments.md)


def make_learner(recipe: Recipe, parts: Parts, backbone: Backbone) -> Learner:
    """Build a learner with a backbone's weights and an untrained linear head.

    Args:
        recipe: the recipe.
        parts: the photos.
        backbone: its body is copied.
    """
    settings = recipe.train
    set_seed(settings.seed, reproducible=True)
    dls = _data(recipe, parts.training, parts.validation)
    dls.add_tfms([Normalize.from_stats(backbone.mean, backbone.std)], "after_batch")
    network = nn.Sequential(copy.deepcopy(backbone.body), make_head(backbone, settings.size, len(recipe.labels)))
    learner = Learner(dls, network, splitter=default_split, metrics=accuracy)
    learner.remove_cb(ProgressCallback)
    freeze_early(learner.model[0], settings.tuned)
    return learner


def make_head(backbone: Backbone, size: int, classes: int) -> nn.Sequential:
    """Return the layers that make logits, (n, classes), of a backbone's feature maps, averaged over cells.

    Args:
        backbone: the backbone.
        size: pixels, the side of what it sees.
        classes: how many.
    """
    channels, side = backbone.shape(size)
    cells = min(CELLS, side)
    return nn.Sequential(nn.AvgPool2d(*windows(side, cells)), nn.Flatten(), nn.Linear(channels * cells**2, classes))


def freeze_early(body: nn.Module, tuned: float) -> None:
    """Keep the layers of a body that are not tuned as they are."""
    for parameter in list(body.parameters())[: count_frozen(body, tuned)]:
        parameter.requires_grad_(False)


def gpu_callbacks(device: torch.device, settings: TrainSettings) -> list[Callback]:
    """Return what training on a GPU is given besides, for `fit`, which takes it away again at the end.

    Mixed precision: Micikevicius et al., 2018, https://arxiv.org/abs/1710.03740. Both are fastai's, whose autocast is
    for CUDA alone.

    Args:
        device: that the network is trained on.
        settings: whether it is wanted.
    """
    wanted = settings.mixed_precision and device.type == "cuda"
    return [ChannelsLast(), MixedPrecision()] if wanted else []


@torch.inference_mode()
def observe(learner: Learner, photos: Sequence[Photo]) -> Outputs:
    """Return what a learner makes of at least one photo: logits and the features behind them."""
    pooled, last = halves(learner.model)
    loader = learner.dls.test_dl([str(photo.path) for photo in photos], num_workers=0)
    rows = torch.cat([torch.as_tensor(pooled(batch)) for (batch,) in loader])
    return Outputs(last(rows).double().cpu().numpy(), rows.cpu().numpy())


def _data(recipe: Recipe, training: Sequence[Photo], validation: Sequence[Photo]) -> DataLoaders:
    items = [(str(photo.path), photo.label) for photo in (*training, *validation)]
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=recipe.labels, sort=False)),
        get_x=ItemGetter(0),
        get_y=ItemGetter(1),
        splitter=IndexSplitter(list(range(len(training), len(items)))),
        item_tfms=Resize(recipe.train.size, method=ResizeMethod.Squish),
        batch_tfms=aug_transforms(min_scale=0.75),
    )
    share = math.ceil(len(training) / processes.count())
    dls = block.dataloaders(items, bs=min(recipe.train.batch, share), num_workers=_workers())
    # What `predict` accepts, beside the items that it was trained with.
    dls.train_ds.tls[0].types = [tuple, (str, bytes, np.ndarray, torch.Tensor, Image.Image), PILImage]
    return dls


def _workers() -> int:
    return min(8, max(1, (os.cpu_count() or 1) // processes.count()))
