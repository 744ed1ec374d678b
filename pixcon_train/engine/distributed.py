"""The accelerator as the configuration asks for it: device, precision, processes, and how a batch is cut over them."""

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from pixcon_train.config.schema import RuntimeConfig, ScheduleConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.sampling import BatchLayout


def open_accelerator(runtime: RuntimeConfig) -> Accelerator:
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


def batch_layout(schedule: ScheduleConfig, accelerator: Accelerator) -> BatchLayout:
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
    return BatchLayout(micro=micro, accumulation=pieces, processes=processes, rank=accelerator.process_index)


def average_gradients(module: nn.Module, accelerator: Accelerator) -> None:
    """Replace each gradient of ``module`` by its mean over the processes; nothing to do for one process.

    DistributedDataParallel is not used: it allows one forward pass per backward pass, and a step has two, of which only
    one uses the projection head.
    """
    _average([p.grad for p in module.parameters() if p.grad is not None], accelerator)


def _average(tensors: list[Tensor], accelerator: Accelerator) -> None:
    """Replace tensors by their means over the processes, in one transfer."""
    if accelerator.num_processes == 1 or not tensors:
        return
    mean = over_processes(torch.cat([tensor.flatten() for tensor in tensors]), accelerator)
    for tensor, piece in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(piece.view_as(tensor))


def over_processes(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """Mean of ``tensor`` over the processes; every process calls this at the same point."""
    mean: Tensor = accelerator.reduce(tensor, reduction="mean")
    return mean


def any_process(flag: bool, accelerator: Accelerator) -> bool:
    """Whether ``flag`` is set in any process; every process calls this at the same point and waits for the others."""
    return bool(over_processes(torch.tensor(float(flag), device=accelerator.device), accelerator).item() > 0)
