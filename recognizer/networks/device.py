"""The one device that networks and their batches are on."""

import recognizer.networks.torchvision_cure  # noqa: F401

import torch
from fastai.torch_core import default_device


def chosen_device() -> torch.device:
    """Return the device to compute on: a GPU where there is one that may be used, else the processor.

    It is fastai's, which knows what accelerate gave to this process (train/processes.py).
    """
    device: torch.device = default_device()
    return device
