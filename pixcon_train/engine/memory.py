"""Running out of memory, as a message that says what to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError

_CPU = "DefaultCPUAllocator"
"""How PyTorch begins to say that a CPU's memory is out, which has no class of its own."""


@contextmanager
def memory_explained(config: TrainConfig) -> Iterator[None]:
    """Turn what PyTorch raises when the memory is out into a message.

    Raises:
        ConfigError: the device's memory does not hold what ``config`` asks for.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ConfigError(_message(config, str(error))) from error
    except RuntimeError as error:
        if _CPU not in str(error):
            raise
        raise ConfigError(_message(config, str(error)[str(error).index(_CPU) :])) from error


def _message(config: TrainConfig, reason: str) -> str:
    micro = config.schedule.micro_batch or config.schedule.batch
    lower = [f"--micro-batch (now {micro}; the effective batch stays)"] if micro > 2 else []
    if not config.runtime.activation_checkpointing:
        lower.append("--set runtime.activation_checkpointing=true")
    if config.runtime.precision == "fp32":
        lower.append("--precision bf16")
    return (
        f"Out of memory: {reason.splitlines()[0].split('. ')[0]}. What was saved is intact. Try "
        f"{', '.join([*lower, f'--crop (now {config.data.crop})'])}; only the runtime options can change with --resume."
    )
