"""Progress bars as text on standard error, for scripts and notebooks; the command line has its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from pixcon_train.core.progress import Progress

DELAY = 2.0
"""Seconds after which a bar appears."""


class Bar(tqdm):  # type: ignore[type-arg]
    """A bar of tqdm without its thread, beside which no process may be forked."""

    monitor_interval = 0

    def show(self, done: int, total: int) -> None:
        """Move the bar to ``done`` of ``total``."""
        self.total = total
        self.update(done - self.n)


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A bar that appears if the block takes more than :data:`DELAY` seconds, and disappears at its end."""
    with Bar(desc=description, delay=DELAY, leave=False) as bar:
        yield bar.show
