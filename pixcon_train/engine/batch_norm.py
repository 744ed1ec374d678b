"""Batch norm's running statistics over several processes."""

from typing import TypeGuard

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class RunningStatistics:
    """Batch norm's running statistics over processes: equal to those of one process that runs all forward passes.

    Rank 0's passes come first. On CUDA :class:`torch.nn.SyncBatchNorm` synchronises the forward pass and this class
    does nothing; PyTorch has no synchronised batch norm for other devices.
    """

    def __init__(self, module: nn.Module, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        several = accelerator.num_processes > 1
        self._norms = [module for module in module.modules() if several and _keeps_its_own(module)]
        self._before: list[tuple[Tensor, int]] = []

    def remember(self) -> None:
        """Store the statistics before an optimizer step's forward passes."""
        self._before = [(_read(norm), _passes(norm)) for norm in self._norms]

    def compose(self) -> None:
        """Combine the updates by all processes' passes since :meth:`remember`.

        A pass turns r into (1 − m)·r + m·s, so the a passes of a process turn it into d·r + u, with d = (1 − m)^a and u
        its own share, and P processes in turn into d^P·r + Σ_k d^(P−1−k)·u_k.
        """
        if not self._norms:
            return
        decays, shares = [], []
        for norm, (before, passes) in zip(self._norms, self._before, strict=True):
            decays.append((1 - (norm.momentum or 0.0)) ** (_passes(norm) - passes))
            shares.append(_read(norm) - decays[-1] * before)
        rows = self._accelerator.gather(torch.cat(shares)[None]).split([share.numel() for share in shares], dim=1)
        for norm, (before, passes), decay, of_processes in zip(self._norms, self._before, decays, rows, strict=True):
            result = before
            for share in of_processes:
                result = decay * result + share
            _write(norm, result, passes + len(of_processes) * (_passes(norm) - passes))


def _keeps_its_own(module: nn.Module) -> TypeGuard[_BatchNorm]:
    """Whether ``module`` is a batch norm with statistics of this process alone."""
    return isinstance(module, _BatchNorm) and module.track_running_stats and not isinstance(module, nn.SyncBatchNorm)


def _read(norm: _BatchNorm) -> Tensor:
    """A copy of the running mean and variance, concatenated."""
    return torch.cat([norm.get_buffer("running_mean"), norm.get_buffer("running_var")])


def _write(norm: _BatchNorm, statistics: Tensor, passes: int) -> None:
    norm.get_buffer("running_mean").copy_(statistics[: norm.num_features])
    norm.get_buffer("running_var").copy_(statistics[norm.num_features :])
    norm.get_buffer("num_batches_tracked").fill_(passes)


def _passes(norm: _BatchNorm) -> int:
    return int(norm.get_buffer("num_batches_tracked"))
