"""The accelerator of a configuration (device, precision, processes), and the division of a batch among processes."""

import warnings

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pixcon_train.config.schema import RuntimeConfig, ScheduleConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.sampling import BatchLayout


def open_accelerator(runtime: RuntimeConfig) -> Accelerator:
    """Accelerator with the configured device and precision; under torchrun, of one of several processes.

    Raises:
        ConfigError: the device is not available, or does not support the precision.
    """
    # accelerate keeps one precision and one device per process; each run has its own
    AcceleratorState._reset_state(reset_partial_state=True)
    precision = "no" if runtime.precision == "fp32" else runtime.precision
    try:
        accelerator = Accelerator(cpu=runtime.device == "cpu", mixed_precision=precision)
    except (ValueError, RuntimeError) as error:  # accelerate's errors for a device without fp16 or bf16
        raise ConfigError(f"runtime.precision={runtime.precision} does not work here: {error}") from error
    found = accelerator.device.type
    if runtime.device not in {"auto", found}:
        raise ConfigError(
            f"runtime.device is '{runtime.device}', but only '{found}' is usable here. Use --device auto."
        )
    return accelerator


def batch_layout(schedule: ScheduleConfig, accelerator: Accelerator) -> BatchLayout:
    """This process's share of the effective batch; without ``micro_batch``, one forward pass per process and step.

    Raises:
        ConfigError: the effective batch cannot be divided that way.
    """
    processes = accelerator.num_processes
    micro = schedule.micro_batch or schedule.batch // processes
    pieces, rest = divmod(schedule.batch, max(micro, 1) * processes)
    if rest or not pieces:
        raise ConfigError(
            f"schedule.batch is {schedule.batch}, no multiple of {max(micro, 1)} images in each of {processes} "
            "processes. Change schedule.batch or schedule.micro_batch."
        )
    return BatchLayout(micro=micro, accumulation=pieces, processes=processes, rank=accelerator.process_index)


def averaging_gradients(forward: nn.Module, accelerator: Accelerator) -> nn.Module:
    """``forward`` whose backward pass leaves the mean of the gradients over the processes; itself for one process.

    The running statistics of batch norm are left alone. Parameters that no loss uses (the encoder's mask token, a
    unit of the deepest fusion) are found in each pass; they have no gradient.
    """
    if accelerator.num_processes == 1:
        return forward
    with warnings.catch_warnings():  # newer versions of PyTorch have another name for broadcast_buffers
        warnings.simplefilter("ignore", FutureWarning)
        return DistributedDataParallel(
            forward, broadcast_buffers=False, find_unused_parameters=True, gradient_as_bucket_view=True
        )


def over_processes(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """Mean of ``tensor`` over the processes; every process calls this at the same point."""
    mean: Tensor = accelerator.reduce(tensor, reduction="mean")
    return mean


def any_process(flag: bool, accelerator: Accelerator) -> bool:
    """Whether ``flag`` is set in any process; every process calls this at the same point, which is a sync."""
    return bool(over_processes(torch.tensor(float(flag), device=accelerator.device), accelerator).item() > 0)
