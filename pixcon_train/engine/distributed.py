"""The accelerator of a configuration (device, precision, processes), and the division of a batch among processes."""

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

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


def average_gradients(module: nn.Module, accelerator: Accelerator) -> None:
    """Replace each gradient of ``module`` by its mean over the processes; a no-op for one process.

    DistributedDataParallel is not used: it allows one forward pass per backward pass, but a step has two, only one of
    which uses the projection head.
    """
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    if accelerator.num_processes == 1 or not gradients:
        return
    mean = over_processes(torch.cat([gradient.flatten() for gradient in gradients]), accelerator)  # one transfer
    for gradient, piece in zip(gradients, mean.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(piece.view_as(gradient))


def over_processes(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """Mean of ``tensor`` over the processes; every process calls this at the same point."""
    mean: Tensor = accelerator.reduce(tensor, reduction="mean")
    return mean


def any_process(flag: bool, accelerator: Accelerator) -> bool:
    """Whether ``flag`` is set in any process; every process calls this at the same point, which is a sync."""
    return bool(over_processes(torch.tensor(float(flag), device=accelerator.device), accelerator).item() > 0)
