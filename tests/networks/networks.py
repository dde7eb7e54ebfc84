"""Networks with random weights, and photos for them."""

import recognizer.networks.torchvision_cure  # noqa: F401

import hashlib
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from fastai.vision.learner import TimmBody, create_body
from PIL import Image
from torch import nn

from recognizer.networks.backbone import Backbone
from recognizer.networks.extractors import SIZE as CLEAN_SIZE
from recognizer.store.rows import Photo

SIZE = 64


def random_network(name: str) -> nn.Module:
    """A network without its classifier; the same at each call."""
    torch.manual_seed(0)
    if name.startswith("torchvision."):
        network: nn.Module = create_body(torchvision.models.get_model(name.removeprefix("torchvision.")))
    else:
        network = TimmBody(timm.create_model(name, num_classes=0))
    return network.eval()


def random_backbone(name: str, merged: int = 2, size: int = CLEAN_SIZE) -> Backbone:
    return Backbone.of(random_network(name), merged, size)


def draw_photo(folder: Path, number: int = 0) -> Photo:
    """A photo of noise, which differs from those of other numbers."""
    pixels = np.random.default_rng(number).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    file = folder / f"{number}.jpg"
    Image.fromarray(pixels).resize((360, 270)).save(file)
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return Photo(sha256, "0" * 16, 360, 270, "Kilim", "Kilim", "", "", "", "", "", file)
