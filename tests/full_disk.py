"""A disk that becomes full while a file is written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def longest_file(length: int) -> Iterator[None]:
    """Within the block, a write beyond the first ``length`` bytes of a file fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)  # Python ignores the signal that comes with the error
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
