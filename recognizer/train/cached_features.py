"""What the tuned layers and the head make of features that are cached."""

import recognizer.networks.torchvision_cure  # noqa: F401

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from recognizer.networks.forward import Outputs
from recognizer.networks.head import split_last
from recognizer.train.examples import BATCH, Features


@torch.inference_mode()
def predict_features(network: nn.Module, features: Features) -> Outputs:
    """Return what a network makes of photos as a whole, by the features of their first view.

    Args:
        network: tuned layers and head.
        features: of at least one photo, (n, views, …).
    """
    embedder, last = split_last(network)
    device = next(network.parameters()).device
    batches = (torch.from_numpy(features[start : start + BATCH, 0]) for start in range(0, len(features), BATCH))
    rows = torch.cat([embedder(batch.float().to(device)) for batch in batches])
    return Outputs(last(rows).cpu().double().numpy(), rows.cpu().numpy())


def embed_views(network: nn.Sequential, features: Features) -> npt.NDArray[np.float32]:
    """Return what the last layer takes of all augmented views, (n, views, channels)."""
    views = range(features.shape[1])
    return np.stack([predict_features(network, features[:, view:]).embeddings for view in views], axis=1)
