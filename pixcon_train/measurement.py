"""The base of every measurement: a torchmetrics Metric whose result is a frozen dataclass."""

import functools
from collections.abc import Callable
from typing import Any

from torchmetrics import Metric


class _Sealed:
    """Carries a result through torchmetrics, which walks into dataclasses and refuses frozen ones."""

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
