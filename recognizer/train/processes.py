"""Several processes that train one network together, fastai's own way: each takes its part of every epoch's photos.

    accelerate launch --num_processes 2 -m recognizer train RECIPE

All of them run the same program and come to the same weights; whatever is written, rank 0 writes, and the others wait
for it meanwhile. With one process nothing here does anything, and accelerate is not needed.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe

T = TypeVar("T")


def count() -> int:
    """Return how many processes train together; accelerate says so in the environment of each."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_rank_0() -> bool:
    """Return whether this is the process that writes and tells."""
    return count() == 1 or os.environ["RANK"] == "0"


def start(recipe: Recipe) -> None:
    """Make the processes known to each other, and give each its device; to be called before a network is made.

    Args:
        recipe: what is to be trained.

    Raises:
        RecognizerError: training on cached features, or of several outputs, is no work for several processes, or
            accelerate is missing.
    """
    if count() == 1:
        return
    if recipe.has_outputs:
        raise RecognizerError(
            f"Training several outputs uses one process, and {count()} were started; run {recipe.command('train')} "
            "without accelerate."
        )
    if recipe.train.in_two:
        raise RecognizerError(
            f"Training on cached layers uses one process, and {count()} were started; run "
            f"{recipe.command('train')} without accelerate, or set cached = false under [train] in the recipe."
        )
    _start(recipe)


def _start(recipe: Recipe) -> None:
    from fastai.torch_core import default_device

    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise RecognizerError(
            f"Training {recipe.name} with {count()} processes needs a package: pip install accelerate."
        ) from error
    if Accelerator().device.type == "cpu":
        default_device(use=False)  # fastai would take a GPU even where accelerate was told not to


def on_rank_0(do: Callable[[], T]) -> T | None:
    """Let rank 0 do something while the others wait, none of them in the middle of anything.

    Returns:
        What it gave, on rank 0.
    """
    if count() == 1:
        return do()
    from torch.distributed import barrier

    barrier()
    result = do() if is_rank_0() else None
    barrier()
    return result


@contextmanager
def training_together(learner: Any) -> Iterator[None]:
    """Train a fastai learner by all processes within; afterwards only its weights have changed, the same way in all.

    Args:
        learner: with the same network and photos in each process. All start from the weights of rank 0.
    """
    if count() == 1:
        yield
        return
    from recognizer.train.distributed import DistributedLoader

    whole = learner.dls.loaders
    learner.dls.loaders = [DistributedLoader(loader, device=loader.device) for loader in whole]
    try:
        # Batch normalisation keeps its pretrained statistics (fitting.py), so there are none to be made the same.
        with learner.distrib_ctx(sync_bn=False):
            yield
    finally:
        learner.dls.loaders = whole
