"""Failures of a run: a non-finite loss, detected without a device sync every iteration, and the way out of one of
memory."""

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import TrainingError


@dataclass(frozen=True)
class _Pending:
    iteration: int
    names: tuple[str, ...]
    finite: Tensor
    """Bool scalar in host memory, valid once ``ready`` is recorded."""
    ready: "torch.cuda.Event | None"


class NonFiniteLossDetector:
    """Queues one flag per iteration and checks each once it is in host memory.

    On CUDA the flag is copied asynchronously and checked some iterations later; elsewhere at once.
    """

    def __init__(self) -> None:
        self._pending: deque[_Pending] = deque()

    def add(self, iteration: int, loss: Tensor, names: list[str]) -> None:
        """Queue the check of the scalar ``loss`` of ``iteration``, computed from the files ``names``.

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
        """Check every flag that has arrived; with ``wait``, all of them (before weights are saved, for example).

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


def lower_memory(config: TrainConfig) -> str:
    """What a run of ``config`` can lower where memory is out, in words."""
    micro = config.schedule.micro_batch or config.schedule.batch
    lower = [f"--micro-batch (now {micro}; the effective batch stays)"] if micro > 2 else []
    if not config.runtime.activation_checkpointing:
        lower.append("--set runtime.activation_checkpointing=true")
    if config.runtime.precision == "fp32":
        lower.append("--precision bf16")
    if config.runtime.workers != 0:
        lower.append("fewer --workers")
    return (
        f"What was saved is intact. Try {', '.join([*lower, f'--crop (now {config.data.crop})'])}; only the runtime "
        "options can change with --resume."
    )
