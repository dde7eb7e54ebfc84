"""Files of pretrained weights: what is read, and how it is put into a network.

state = read_weights("resnet34.pth")        # or .safetensors; a checkpoint's inner state dict is found
fit_weights(model, state, "resnet34.pth")   # by name, or in order where no name is known and all kinds agree
"""

import functools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recognizer.errors import WeightsUnavailable

IN_ORDER = "_conv_stem.weight"  # begins the files of the packages that come with this program, whose order is known
INNER = ("state_dict", "model", "model_state_dict")  # where checkpoints keep the weights; "model" is fastai's
PARALLEL = "module."  # what torch puts before each name where several devices trained
COUNTER = "num_batches_tracked"  # of batch normalisation; files of old versions have none, and nothing here needs it


def read_weights(path: str) -> dict[str, Tensor]:
    """Return the state dict in a file: one saved by torch.save, a checkpoint that holds one, or safetensors.

    Args:
        path: of the file; nothing in it is run.

    Raises:
        WeightsUnavailable: there is no such file, or no weights are in it.
    """
    try:
        stored = _load(path)
    except FileNotFoundError as error:
        raise WeightsUnavailable(f"There is no file of weights {path}; correct `weights` in the recipe.") from error
    except Exception as error:  # torch and safetensors raise several kinds for a file that is none of theirs
        raise WeightsUnavailable(
            f"{path} is not a file of weights saved by torch.save(model.state_dict()), nor a .safetensors file; name "
            "such a file as `weights` in the recipe."
        ) from error
    state = next((stored[key] for key in INNER if isinstance(stored.get(key), Mapping)), stored)
    tensors = {str(name).removeprefix(PARALLEL): value for name, value in state.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsUnavailable(f"{path} holds no weights; name a file that does as `weights` in the recipe.")
    return tensors


def _load(path: str) -> Mapping[str, Any]:
    stored = torch.load(path, map_location="cpu", weights_only=True)  # which reads .safetensors as well
    if not isinstance(stored, Mapping):
        raise TypeError("no state dict")
    return stored


def fit_weights(model: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Put weights into a model: by name, or in order, with a warning, where another library gave all other names.

    Args:
        model: the whole published network.
        state: as `read_weights` returns it.
        source: the file's path, for the error.

    Raises:
        WeightsUnavailable: the weights do not fit.
    """
    own = model.state_dict()
    needed = {name for name in own if not name.endswith(COUNTER)}
    if needed <= state.keys():
        found = {name: state[name] for name in own if name in state}
    elif own.keys().isdisjoint(state):
        found = _in_order(own, state)
    else:  # some names are another network's, so that no order can be relied on
        found = {}
    if not all(tensor.isfinite().all() for tensor in found.values()):
        raise WeightsUnavailable(f"The weights in {Path(source).name} are not all numbers; name a file whose are.")
    if not found or any(found[name].shape != own[name].shape for name in found):
        raise WeightsUnavailable(f"The weights in {Path(source).name} do not fit this backbone; name the right one.")
    if found.keys().isdisjoint(state) and IN_ORDER not in state:
        _warn(Path(source).name, len(found))
    model.load_state_dict(found, strict=False)


@functools.cache
def _warn(name: str, count: int) -> None:
    """Say once that weights were matched by order, which no check can prove right."""
    logging.getLogger(__name__).warning(
        "The names in %s are those of another library: %d tensors were matched by their order. Make sure that they are "
        "of this backbone, or name a file that has its own names as `weights` in the recipe.",
        name,
        count,
    )


def _in_order(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a model's names with the tensors of another library, in order; none where their kinds differ.

    The tensors of a normalisation have one shape, so that only the ends of their names (weight, bias, running_mean,
    running_var) tell them apart.
    """
    kinds, others = ([name.rpartition(".")[2] for name in names] for names in (own, state))
    return dict(zip(own, state.values(), strict=True)) if kinds == others else {}
