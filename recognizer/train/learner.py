"""The fastai learner of a recipe, built from fastai's own parts alone, so that its pickle needs nothing of ours."""

import recognizer.networks.torchvision_cure  # noqa: F401

import copy
import math
import os
import random
from functools import partial

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
from fastai.vision.augment import RandomResizedCrop, Resize, ResizeMethod, aug_transforms
from fastai.vision.core import PILImage
from fastai.vision.data import ImageBlock
from fastai.vision.learner import default_split
from fasttransform import Pipeline
from PIL import Image
from torch import nn

from recognizer.networks import device
from recognizer.networks.backbone import Backbone
from recognizer.networks.head import make_head
from recognizer.networks.stages import freeze_early
from recognizer.recipe import Recipe, TrainSettings
from recognizer.splits.split import Split
from recognizer.train import processes

LEAST = 0.5  # share of a photo that is trained on at once


def make_network(recipe: Recipe, backbone: Backbone) -> nn.Sequential:
    """Return a copy of a backbone's layers, the early ones frozen, and an untrained head."""
    settings = recipe.train
    layers = copy.deepcopy(backbone.layers)
    freeze_early(layers, settings.tuned)
    return nn.Sequential(layers, make_head(backbone, settings.size, len(recipe.labels)))


def make_learner(
    recipe: Recipe,
    split: Split,
    backbone: Backbone,
    network: nn.Sequential,
    covered: dict[str, str] | None = None,
    cropped: bool = False,
) -> Learner:
    """Build the learner of a network.

    Args:
        recipe: the recipe.
        split: the photos; those for training and validation become its data.
        backbone: knows how pixels are normalised.
        network: as `make_network` returns it.
        covered: for some photo files, another one that is to be drawn instead every other time; not for a learner that
            is stored.
        cropped: whether to train on parts of photos; a learner that is stored takes photos whole.
    """
    set_seed(recipe.train.seed, reproducible=True)
    dls = _make_data(recipe, split, covered, cropped)
    normalize = Normalize.from_stats(backbone.mean, backbone.std, cuda=False)
    normalize.mean, normalize.std = (values.to(dls.device) for values in (normalize.mean, normalize.std))
    dls.add_tfms([normalize], "after_batch")
    learner = Learner(dls, network, splitter=default_split, metrics=accuracy)
    learner.remove_cb(ProgressCallback)
    return learner


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


def _either(covered: dict[str, str], file: str) -> str:
    """Return a photo file, or as likely the one that covers it."""
    return random.choice((file, covered.get(file, file)))


def _make_data(recipe: Recipe, split: Split, covered: dict[str, str] | None, cropped: bool) -> DataLoaders:
    size = recipe.train.size
    items = [(str(photo.path), photo.label) for photo in split.learning]
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=recipe.labels, sort=False)),
        get_x=Pipeline([ItemGetter(0), partial(_either, covered)]) if covered else ItemGetter(0),
        get_y=ItemGetter(1),
        splitter=IndexSplitter(list(range(len(split.training), len(items)))),
        item_tfms=RandomResizedCrop(size, LEAST) if cropped else Resize(size, method=ResizeMethod.Squish),
        batch_tfms=aug_transforms(),
    )
    share = math.ceil(len(split.training) / processes.count())
    how = {"num_workers": _workers(), "device": device.chosen_device()}
    dls = block.dataloaders(items, bs=min(recipe.train.batch, share), **how)
    # What `predict` accepts, beside the items that it was trained with.
    dls.train_ds.tls[0].types = [tuple, (str, bytes, np.ndarray, torch.Tensor, Image.Image), PILImage]
    return dls


def _workers() -> int:
    return min(8, max(1, (os.cpu_count() or 1) // processes.count()))
