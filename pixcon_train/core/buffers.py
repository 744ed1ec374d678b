"""Reading bytes of a file into tensors, in pieces that are hashed as they arrive."""

from collections.abc import Callable
from io import BufferedReader

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError

_CHUNK = 1 << 20


def fill(handle: BufferedReader, size: int, include: Callable[[memoryview], None]) -> Tensor:
    """The next ``size`` bytes of an open file; ``include`` is called with each piece.

    The memory is PyTorch's own, aligned as that of any tensor.

    Raises:
        CheckpointError: the file ends before.
        MemoryError: memory does not suffice.
    """
    try:
        content = torch.empty(size, dtype=torch.uint8)
    except RuntimeError as error:
        raise MemoryError(f"{size:,} bytes are needed at once") from error
    view = content.numpy().data
    for start in range(0, size, _CHUNK):
        piece = view[start : start + _CHUNK]
        if handle.readinto(piece) != len(piece):
            raise CheckpointError(f"{handle.name} is cut short. Is it still being written? Copy or download it again.")
        include(piece)
    return content


def skip(handle: BufferedReader, size: int, include: Callable[[bytes], None]) -> None:
    """Pass the next ``size`` bytes of an open file, or the rest of it, to ``include``."""
    while size > 0 and (piece := handle.read(min(size, _CHUNK))):
        size -= len(piece)
        include(piece)
