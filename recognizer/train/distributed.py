"""A fastai loader of which each process takes its part, on GPUs or, to prove it, on processors."""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence

import torch
from fastai.distributed import DistributedDL


class DistributedLoader(DistributedDL):
    """The part of a loader's photos that is this process's own, in every epoch another."""

    def _broadcast(self, t: Sequence[int], rank: int) -> list[int]:
        """Send the order of photos by way of the device that is trained on; fastai's own takes a GPU for granted."""
        order = torch.tensor(t, device=self.device)
        torch.distributed.broadcast(order, rank)
        return [int(place) for place in order.tolist()]
