"""Several processes that train one network together, fastai's own way: each takes a share of every epoch's photos.

    accelerate launch --num_processes 2 -m recognizer train RECIPE

All of them run the same program and come to the same weights; whatever is written, the first writes, and the others
wait for it meanwhile. With one process nothing here does anything, and accelerate is not needed.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from recognizer.errors import RecognizerError
from recognizer.recipe import Recipe

T = TypeVar("T")


def count() -> int:
    """Return how many processes train together; accelerate says so in the environment of each."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this is the process that writes and tells."""
    return count() == 1 or os.environ["RANK"] == "0"


def join(recipe: Recipe) -> None:
    """Make the processes known to each other, and give each its device; to be called before a network is made.

    Args:
        recipe: what is to be trained.

    Raises:
        RecognizerError: training on cached maps is no work for several processes, or accelerate is missing.
    """
    if count() == 1:
        return
    if recipe.train.in_two:
        raise RecognizerError(
            f"Training on cached layers uses one process, and {count()} were started; run recognizer train "
            f"{recipe.name} without accelerate, or set cached = false under [train] in the recipe."
        )
    _start(recipe)


def alone(do: Callable[[], T]) -> T | None:
    """Let the first process do something while the others wait, none of them in the middle of anything.

    Returns:
        What it gave, in the first process.
    """
    if count() == 1:
        return do()
    from torch.distributed import barrier

    barrier()
    result = do() if is_first() else None
    barrier()
    return result


def sharing(learner: Any) -> AbstractContextManager[None]:
    """Return a context within which a fastai learner is trained by all processes."""
    if count() == 1:
        return nullcontext()
    from recognizer.train.shares import shares

    return shares(learner)


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
