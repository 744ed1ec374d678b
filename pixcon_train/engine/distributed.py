"""The machine as the configuration asks for it: device, precision, processes, and how a batch is cut over them."""

from typing import TypeGuard

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pixcon_train.config.schema import RuntimeConfig, ScheduleConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.loading import Share


def open_machine(runtime: RuntimeConfig) -> Accelerator:
    """Accelerator for the device and precision asked for; under torchrun, one of several processes.

    Raises:
        ConfigError: the device is not there, or cannot do the precision.
    """
    # accelerate keeps one precision and one device per process; each run has its own
    AcceleratorState._reset_state(reset_partial_state=True)
    precision = "no" if runtime.precision == "fp32" else runtime.precision
    try:
        accelerator = Accelerator(cpu=runtime.device == "cpu", mixed_precision=precision)
    except (ValueError, RuntimeError) as error:  # how accelerate says that a device lacks fp16 or bf16
        raise ConfigError(f"runtime.precision={runtime.precision} does not work here: {error}") from error
    found = accelerator.device.type
    if runtime.device not in {"auto", found}:
        raise ConfigError(
            f"runtime.device is '{runtime.device}', but only '{found}' is usable here. Use --device auto."
        )
    return accelerator


def share_of(schedule: ScheduleConfig, accelerator: Accelerator) -> Share:
    """This process's share of the effective batch; without ``micro_batch``, one forward pass per process and step.

    Raises:
        ConfigError: the effective batch cannot be cut that way.
    """
    processes = accelerator.num_processes
    micro = schedule.micro_batch or schedule.batch // processes
    pieces, rest = divmod(schedule.batch, max(micro, 1) * processes)
    if rest or not pieces:
        raise ConfigError(
            f"schedule.batch is {schedule.batch}, no multiple of {max(micro, 1)} images in each of {processes} "
            "processes. Change schedule.batch or schedule.micro_batch."
        )
    return Share(micro=micro, accumulation=pieces, processes=processes, rank=accelerator.process_index)


def average_gradients(module: nn.Module, accelerator: Accelerator) -> None:
    """Replace each gradient of ``module`` by its mean over the processes; nothing to do for one process.

    DistributedDataParallel is not used: it allows one forward pass per backward pass, and a step has two, of which only
    one uses the projection head.
    """
    _average([p.grad for p in module.parameters() if p.grad is not None], accelerator)


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


def _average(tensors: list[Tensor], accelerator: Accelerator) -> None:
    """Replace tensors by their means over the processes, in one transfer."""
    if accelerator.num_processes == 1 or not tensors:
        return
    mean = over_processes(torch.cat([tensor.flatten() for tensor in tensors]), accelerator)
    for tensor, piece in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(piece.view_as(tensor))


def over_processes(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """Mean of ``tensor`` over the processes; every process calls this at the same point."""
    return accelerator.reduce(tensor, reduction="mean")


def any_process(flag: bool, accelerator: Accelerator) -> bool:
    """Whether ``flag`` is set in any process; every process calls this at the same point and waits for the others."""
    return bool(over_processes(torch.tensor(float(flag), device=accelerator.device), accelerator).item() > 0)
