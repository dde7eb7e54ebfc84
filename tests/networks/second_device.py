"""A stand-in for a second device, on the processor: it refuses operands of which some are on it and some are not.

As Apple's does, it refuses numbers of 64 bits, too.

    with second_device():
        torch.zeros(3, device=DEVICE) + torch.zeros(3)      # RuntimeError
        torch.zeros(3, device=DEVICE).double()              # TypeError

Its tensors say that they are on torch's device “meta”, which computes nothing, and hold one of the processor's each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device("meta")
MOVING = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}


class OnSecond(torch.Tensor):
    """A tensor on the second device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls: type["OnSecond"], held: torch.Tensor) -> "OnSecond":
        made: OnSecond = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), dtype=held.dtype, device=DEVICE
        )
        made.held = held
        return made

    def as_subclass(self, cls: Any) -> Any:
        """Stay what it is: fastai would make it a tensor of its own kind."""
        return self

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        return _run(func, args, kwargs or {})


class _Second(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
    on_second = [value for value in given if isinstance(value, OnSecond)]
    others = [value for value in given if not isinstance(value, OnSecond) and value.dim()]
    if on_second and others and func not in MOVING:
        raise RuntimeError(f"{func}: some operands are on {DEVICE}, others are not")
    device = kwargs.get("device")
    stays = bool(on_second) if device is None else torch.device(device).type == DEVICE.type
    if device is not None and stays:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    wrapper = {id(value.held): value for value in on_second}  # what is changed in place stays itself
    held_args, held_kwargs = tree_map_only(OnSecond, lambda value: value.held, (args, kwargs))
    found = func(*held_args, **held_kwargs)
    if func is torch.ops.aten.copy_.default:
        return args[0]
    if not stays:
        return found
    return tree_map_only(torch.Tensor, lambda value: wrapper[id(value)] if id(value) in wrapper else _put(value), found)


def _put(value: torch.Tensor) -> OnSecond:
    if value.dtype == torch.float64:
        raise TypeError(f"{DEVICE} has no float64")
    return OnSecond(value)


@contextmanager
def second_device() -> Iterator[None]:
    """Let tensors be on the second device."""
    with _Second():  # type: ignore[no-untyped-call]
        yield
