"""Progress bars that a study opens."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from pixcon_train.core.progress import Progress, silent

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Opens a progress bar with a description."""


@contextmanager
def no_bar(description: str) -> Iterator[Progress]:
    """Show no progress."""
    yield silent
