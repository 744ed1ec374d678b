"""A pretended device without float64, as Apple's GPUs (MPS) are: its tensors are computed with on the CPU.

It goes by the name of a device that torch knows and has nothing built for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_map_only

DEVICE = torch.device("lazy")


class OnDevice(Tensor):
    """A tensor that says it is on the device."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "OnDevice":
        """Refuse float64, as the device does."""
        if inner.dtype in (torch.float64, torch.complex128):
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        wrapper = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=DEVICE
        )
        wrapper.inner = inner
        return wrapper

    def __repr__(self) -> str:  # type: ignore[override]
        """For the messages of failed tests."""
        return f"OnDevice({self.inner!r})"

    def tolist(self) -> Any:
        """As of any tensor; torch refuses it for subclasses."""
        return self.inner.tolist()

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute on the CPU; the result is where the arguments are, or where it was asked to be."""
        return _dispatched(function, args, kwargs or {})


def _dispatched(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    tensors = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, Tensor)]
    ours = [each for each in tensors if isinstance(each, OnDevice)]
    moves = "_to_copy" in str(function) or "copy_" in str(function)
    assert (
        moves
        or len(ours) in (0, len(tensors))
        or all(each.ndim == 0 for each in tensors if not isinstance(each, OnDevice))
    ), f"{function} was given tensors of two devices"
    target = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
    on_device = target.type == DEVICE.type if target is not None else bool(ours)
    kwargs = kwargs | ({"device": torch.device("cpu")} if target is not None else {})
    args, kwargs = tree_map_only(OnDevice, lambda each: each.inner, (args, kwargs))
    result = function(*args, **kwargs)
    if function._schema.is_mutable and isinstance(tensors[0], OnDevice):
        return tensors[0]  # in place
    return tree_map(lambda each: OnDevice(each) if on_device and isinstance(each, Tensor) else each, result)


class _Pretend(TorchDispatchMode):
    """Makes tensors on the device where code asks for them."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See :func:`_dispatched`."""
        return _dispatched(function, args, kwargs or {})


@contextmanager
def pretended() -> Iterator[torch.device]:
    """The device, there for a while."""
    made = torch.tensor  # it makes tensors of Python's numbers without asking the mode

    def tensor(*args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        return made(*args, **kwargs).to(device or "cpu")

    with _Pretend(), patch.object(torch, "tensor", tensor):
        yield DEVICE
