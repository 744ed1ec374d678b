"""A guard against operations that make the host wait for the device; works on a CPU too."""

from typing import Any

from torch import Tensor, bool, uint8
from torch.utils._python_dispatch import TorchDispatchMode


class NoWaiting(TorchDispatchMode):
    """Fails on every operation whose result's shape or value the host would have to wait for on a GPU."""

    FORBIDDEN = ("local_scalar_dense", "nonzero", "masked_select", "bincount", "unique", "is_nonzero", "equal")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__.split(".")[0]
        if name.lstrip("_") in self.FORBIDDEN or _indexes_by_mask(name, args) or _assigns_a_number(name, args):
            raise AssertionError(f"{func} makes the host wait")
        return func(*args, **(kwargs or {}))


def _indexes_by_mask(name: str, args: Any) -> Any:
    indexes: list[Tensor | None] = args[1] if name in {"index", "index_put", "index_put_"} else []
    return any(index is not None and index.dtype in (bool, uint8) for index in indexes)


def _assigns_a_number(name: str, args: Any) -> bool:
    """Whether ``x[indices] = number``, for which PyTorch makes a tensor of the CPU and sends it to the GPU."""
    return name.lstrip("_").startswith("index_put") and args[2].ndim == 0
