"""One network trained by several processes: fastai's distributed training on GPUs or, to prove it, on processors.

with shares(learner):
    learner.fit_one_cycle(10)
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from fastai.callback.schedule import Learner
from fastai.distributed import DistributedDL


class Share(DistributedDL):
    """The part of a loader's photos that is this process's own, in every epoch another."""

    def _broadcast(self, t: Sequence[int], rank: int) -> list[int]:
        """Send the order of photos by way of the device that is trained on; fastai's own takes a GPU for granted."""
        order = torch.tensor(t, device=self.device)
        torch.distributed.broadcast(order, rank)
        return [int(place) for place in order.tolist()]


@contextmanager
def shares(learner: Learner) -> Iterator[None]:
    """Train a learner by all processes within; afterwards only its weights have changed, the same way in all.

    Args:
        learner: with the same network and photos in each process. The first one's weights are what all start from.
    """
    whole = learner.dls.loaders
    learner.dls.loaders = [Share(loader, device=loader.device) for loader in whole]
    try:
        # Batch normalisation keeps its pretrained statistics (tail.py), so there are none to be made the same.
        with learner.distrib_ctx(sync_bn=False):
            yield
    finally:
        learner.dls.loaders = whole
