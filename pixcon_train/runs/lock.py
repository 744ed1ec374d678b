"""The lock of a run's folder: one process trains in it."""

from contextlib import ExitStack
from pathlib import Path

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.locks import exclusive
from pixcon_train.core.progress import Notify

LOCK = "run.lock"


class RunLock:
    """Keeps other processes from training in ``folder`` until it is closed; ``notify`` as in :func:`exclusive`."""

    def __init__(self, folder: Path, notify: Notify) -> None:
        self._folder, self._notify = folder, notify
        self._held = ExitStack()
        self._acquired = False

    def acquire(self) -> None:
        """Lock the folder, which is created; nothing happens where this object has locked it before.

        Raises:
            ConfigError: another process trains in the folder.
            PixConError: the folder cannot be written.
        """
        if not self._acquired:
            self._held.enter_context(exclusive(self._folder / LOCK, self._refuse, self._notify))
            self._acquired = True

    def close(self) -> None:
        """Release the lock if it is held."""
        self._held.close()

    def _refuse(self, holder: str) -> None:
        raise ConfigError(
            f"{self._folder} is being trained by {holder}. Wait for its end or stop it, then go on with --resume "
            f"{self._folder}; or train beside it with --name OTHER-NAME."
        )
