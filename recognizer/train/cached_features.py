"""What the tuned layers and the head make of features that are cached."""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from recognizer.networks.forward import Outputs
from recognizer.networks.head import split_last
from recognizer.report import Watch, unwatched
from recognizer.train.examples import BATCH, Features


@torch.inference_mode()
def predict_features(network: nn.Module, features: Features, watch: Watch = unwatched) -> Outputs:
    """Return what a network makes of photos as a whole, by the features of their first view.

    Args:
        network: tuned layers and head.
        features: of at least one photo, (n, views, …).
        watch: told about photos done.
    """
    embedder, last = split_last(network)
    rows = run_on(embedder, features, last.weight.device, watch)
    return Outputs(last(rows).cpu().double().numpy(), rows.cpu().numpy())


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


def embed_views(network: nn.Sequential, features: Features, watch: Watch = unwatched) -> npt.NDArray[np.float32]:
    """Return what the last layer takes of all augmented views, (n, views, channels)."""
    each = features.reshape(-1, 1, *features.shape[2:])
    return predict_features(network, each, watch).embeddings.reshape(*features.shape[:2], -1)
