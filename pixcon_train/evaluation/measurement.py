"""The base of every measurement: a torchmetrics Metric whose result is a frozen dataclass."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module
from torchmetrics import Metric

from pixcon_train.core.float64 import float64_device


class _Sealed:
    """A wrapper of a result: torchmetrics recurses into dataclasses and fails on frozen ones."""

    def __init__(self, result: Any) -> None:
        self.result = result


class Measurement(Metric):
    """A metric fed batch by batch; :meth:`compute` gives a frozen result with ``to_dict()``.

    A subclass declares its sufficient statistics with ``add_state(..., dist_reduce_fx="sum")``, so that the results of
    several batches, or of several processes, add up. Everything else is torchmetrics' own: ``update``, ``compute``,
    ``reset``, ``forward``, synchronisation, ``MetricCollection``.
    """

    is_differentiable = False
    full_state_update = False

    def _wrap_compute(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        """torchmetrics' wrapping (caching, synchronisation) around ``compute``, with the result sealed inside it."""
        sealed = super()._wrap_compute(functools.wraps(compute)(lambda: _Sealed(compute())))
        return functools.wraps(compute)(lambda: sealed().result)

    def _apply(self, fn: Callable[..., Any], exclude_state: Sequence[str] = "") -> Module:
        """As torchmetrics moves a metric to a device, but statistics in float64 stay where the device has none."""
        return super()._apply(lambda tensor: _moved(fn, tensor), exclude_state)

    def snapshot(self) -> dict[str, np.ndarray]:
        """A copy of the sufficient statistics, those of a list joined; an empty list is left out."""
        states = {name: getattr(self, name) for name in self._defaults}
        copies = {
            name: torch.cat(state) if isinstance(state, list) else state.clone()
            for name, state in states.items()
            if not isinstance(state, list) or state
        }
        return {name: copy.detach().cpu().numpy() for name, copy in copies.items()}

    def take_rows(self) -> dict[str, np.ndarray]:
        """A snapshot of the statistics of each image, those of a list, which become empty."""
        lists = [name for name, default in self._defaults.items() if isinstance(default, list)]
        taken = {name: rows for name, rows in self.snapshot().items() if name in lists}
        for name in lists:
            setattr(self, name, [])
        return taken

    def restore(self, states: Mapping[str, np.ndarray]) -> None:
        """Restore a :meth:`snapshot` of a metric with the same arguments.

        Raises:
            KeyError: a statistic is missing.
        """
        self.reset()
        for name, default in self._defaults.items():
            if not isinstance(default, list):
                setattr(self, name, self._placed(states[name]))
            elif name in states:
                setattr(self, name, [self._placed(states[name])])
        self._update_count = 1  # torchmetrics would warn that nothing was counted yet

    def _placed(self, state: np.ndarray) -> Tensor:
        """A copy on the metric's device, or on the CPU for float64 if the device lacks it."""
        wide = state.dtype == np.float64
        return torch.tensor(state, device=float64_device(self.device) if wide else self.device)


def _moved(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.float64:
        return fn(tensor)
    target = fn(torch.zeros(0, device=tensor.device)).device
    return fn(tensor) if float64_device(target) == target else tensor


def add_rows(rows: list[Tensor], found: Tensor, *, continued: bool) -> None:
    """Append the rows of a batch's images, or add them to the last ones where they count further pixels of these."""
    if continued:
        rows[-1] += found
    else:
        rows.append(found)
