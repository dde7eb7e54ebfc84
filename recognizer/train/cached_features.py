"""What layers make of features that are cached."""

import recognizer.networks.torchvision_cure  # noqa: F401

import torch
from torch import Tensor, nn

from recognizer.report import Watch, unwatched
from recognizer.train.examples import BATCH, Features


@torch.inference_mode()
def run_on(layers: nn.Module, features: Features, device: torch.device, watch: Watch = unwatched) -> Tensor:
    """Return what layers give for photos, by the features of their first view, (n, …), on their device.

    Args:
        layers: ready to predict; perhaps none with weights.
        features: of at least one photo, (n, views, …).
        device: of the layers.
        watch: told about photos done.
    """
    done = []
    for start in range(0, len(features), BATCH):
        done.append(layers(torch.from_numpy(features[start : start + BATCH, 0]).float().to(device)))
        watch("running the last layers", min(start + BATCH, len(features)), len(features))
    return torch.cat(done)
