"""Noticing a non-finite loss without waiting for the device in every iteration."""

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from pixcon_train.core.errors import TrainingError


@dataclass(frozen=True)
class _Pending:
    iteration: int
    names: tuple[str, ...]
    finite: Tensor
    """Bool scalar in host memory, valid once ``ready`` has happened."""
    ready: "torch.cuda.Event | None"


class FiniteWatch:
    """Queues one flag per iteration and looks at each when it has arrived by itself.

    On CUDA the flag travels by an asynchronous copy and is looked at some iterations later; elsewhere at once.
    """

    def __init__(self) -> None:
        self._pending: deque[_Pending] = deque()

    def add(self, iteration: int, loss: Tensor, names: list[str]) -> None:
        """Watch the scalar ``loss`` of ``iteration``, computed from the files ``names``.

        Raises:
            TrainingError: as :meth:`check`.
        """
        finite = torch.isfinite(loss.detach())
        event = None
        if finite.is_cuda:
            finite = finite.to("cpu", non_blocking=True)
            event = torch.cuda.Event()
            event.record()
        self._pending.append(_Pending(iteration, tuple(names), finite, event))
        self.check()

    def check(self, *, wait: bool = False) -> None:
        """Look at every flag that has arrived; with ``wait``, at all of them (before weights are saved, say).

        Raises:
            TrainingError: a loss was NaN or infinite; the message names the iteration and its files.
        """
        while self._pending and (wait or self._pending[0].ready is None or self._pending[0].ready.query()):
            entry = self._pending.popleft()
            if entry.ready is not None:
                entry.ready.synchronize()
            if not entry.finite:
                raise TrainingError(
                    f"The loss is not finite at iteration {entry.iteration}, on {', '.join(entry.names)}. "
                    "The last saved checkpoint is intact. Try a lower optimizer.lr, a longer optimizer.warmup, "
                    "or runtime.precision=fp32; if it is always these files, look at them."
                )
