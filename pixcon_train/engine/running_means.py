"""Running means of a step's scalars that sync with the device only when they are read."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.records import shortened


class RunningMeans:
    """Sums of named scalars since the last reading (on the device) and over the epoch (on the host)."""

    def __init__(self, average: Callable[[Tensor], Tensor] = lambda sums: sums) -> None:
        """``average`` computes the mean of a tensor over processes; every process reads at the same points."""
        self._average = average
        self._names: tuple[str, ...] = ()
        self._window: Tensor | None = None
        self._window_count = 0
        self._epoch: list[float] = []
        self._epoch_count = 0

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Add one step's scalars.

        Raises:
            CheckpointError: they have other names than those before, which came from a file.
        """
        if self._names not in ((), tuple(values)):
            raise CheckpointError(
                f"The sums of the saved run are of {shortened(list(self._names))}, not of {', '.join(values)}. It was "
                "saved by another version: start a new run with --name."
            )
        stacked = torch.stack([value.detach().float() for value in values.values()])
        self._names = tuple(values)
        self._window = stacked if self._window is None else self._window + stacked
        self._window_count += 1

    def read(self) -> dict[str, float]:
        """Means since the last reading, which is a sync; empty if nothing was added."""
        if self._window is None:
            return {}
        sums = self._average(self._window).tolist()
        means = {name: total / self._window_count for name, total in zip(self._names, sums, strict=True)}
        self._epoch = [a + b for a, b in zip(self._epoch or [0.0] * len(sums), sums, strict=True)]
        self._epoch_count += self._window_count
        self._window, self._window_count = None, 0
        return means

    def finish_epoch(self) -> dict[str, float]:
        """Means over the epoch, empty for one without steps; the next epoch begins."""
        self.read()
        means = {name: total / self._epoch_count for name, total in zip(self._names, self._epoch, strict=True)}
        self._epoch, self._epoch_count = [], 0
        return means

    def state_dict(self) -> dict[str, Any]:
        """The sums as they are: reading them here would change their rounding compared with a run without this save."""
        return {
            "names": list(self._names),
            "window": self._window,
            "window_count": self._window_count,
            "epoch": list(self._epoch),
            "epoch_count": self._epoch_count,
        }

    def load_state_dict(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Load a saved state; its tensor is moved to ``device``."""
        # "mask_ratio" is the name of retention in checkpoints from before 0.1.0
        self._names = tuple("retention" if name == "mask_ratio" else name for name in state["names"])
        self._window = None if state["window"] is None else state["window"].to(device)
        self._window_count = state["window_count"]
        self._epoch = list(state["epoch"])
        self._epoch_count = state["epoch_count"]
