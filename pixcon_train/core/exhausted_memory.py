"""Out of memory, of the CPU or of an accelerator, as one message."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pixcon_train.core.errors import ConfigError

_PHRASES = (
    "DefaultCPUAllocator",
    "out of memory",
    "Cannot allocate memory",
    "bad_alloc",
    "could not create a primitive",  # oneDNN's convolutions
    "STATUS_ALLOC_FAILED",  # cuBLAS and cuDNN
)
"""In the messages of PyTorch's errors for exhausted memory, most of which are plain RuntimeErrors."""


def out_of_memory(error: BaseException) -> str | None:
    """What could not be allocated, in words, where ``error`` says that memory is exhausted; None for other errors.

    Python and NumPy raise MemoryError, PyTorch ``torch.OutOfMemoryError`` for an accelerator and RuntimeError for the
    CPU, and the operating system ENOMEM.
    """
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return text.split(". ")[0].rstrip(".") or "the machine has no more memory for this process"
    if isinstance(error, OSError):
        return text if error.errno == errno.ENOMEM else None
    start = min((text.index(phrase) for phrase in _PHRASES if phrase in text), default=None)
    if not isinstance(error, RuntimeError) or start is None:
        return None
    return text[start if text[start:].startswith(_PHRASES[0]) else 0 :].split(". ")[0].rstrip(".")


@contextmanager
def explain_out_of_memory(remedy: Callable[[], str]) -> Iterator[None]:
    """Turn exhausted memory within the block into a message that ends in ``remedy()``.

    Raises:
        ConfigError: the memory is exhausted.
    """
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        reason = out_of_memory(error)
        if reason is None:
            raise
        raise ConfigError(f"Out of memory: {reason[:300]}. {remedy()}") from error
