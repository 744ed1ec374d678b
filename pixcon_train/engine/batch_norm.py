"""Batch norm's running statistics over several processes."""

from typing import TypeGuard

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class RunningStatistics:
    """Batch norm's running statistics over processes: those of one process that does all forward passes in turn.

    Rank 0's passes count as the first ones. On CUDA batch norm is synchronised in its forward pass
    (:class:`torch.nn.SyncBatchNorm`) and nothing is left to do; PyTorch has no synchronised one for other devices.
    """

    def __init__(self, module: nn.Module, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        several = accelerator.num_processes > 1
        self._norms = [module for module in module.modules() if several and _keeps_its_own(module)]
        self._before: list[tuple[Tensor, int]] = []

    def remember(self) -> None:
        """Keep the statistics before an optimizer step's forward passes."""
        self._before = [(_read(norm), _passes(norm)) for norm in self._norms]

    def compose(self) -> None:
        """Put together what the processes' passes since :meth:`remember` made of them.

        A pass turns r into (1 − m)·r + m·s, so a process's a passes make d·r + u of r, with d = (1 − m)^a and u its own
        share; P processes in turn make d^P·r + Σ_k d^(P−1−k)·u_k of it.
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
    """Whether ``module`` is a batch norm whose statistics are of this process alone."""
    return isinstance(module, _BatchNorm) and module.track_running_stats and not isinstance(module, nn.SyncBatchNorm)


def _read(norm: _BatchNorm) -> Tensor:
    """A copy of the running mean and variance, one behind the other."""
    assert norm.running_mean is not None and norm.running_var is not None
    return torch.cat([norm.running_mean, norm.running_var])


def _write(norm: _BatchNorm, statistics: Tensor, passes: int) -> None:
    assert norm.running_mean is not None and norm.running_var is not None and norm.num_batches_tracked is not None
    norm.running_mean.copy_(statistics[: norm.num_features])
    norm.running_var.copy_(statistics[norm.num_features :])
    norm.num_batches_tracked.fill_(passes)


def _passes(norm: _BatchNorm) -> int:
    assert norm.num_batches_tracked is not None
    return int(norm.num_batches_tracked)
