"""Locks between processes: a lock file, and beside it the process that holds the lock.

The operating system releases the lock when its holder ends, however it ends. On network file systems the lock holds
between machines where the file system provides ``flock`` (NFS since version 3 on Linux, with its lock service; Lustre
mounted with ``flock``). Where it provides none, processes are not kept apart, and a note says so.
"""

import errno
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import is_running, read_bytes, write_text
from pixcon_train.core.progress import Notify, no_notes

HOLDER = ".holder"
"""Suffix of the file that names the holder of a lock."""

ORPHANS = 30.0
"""Seconds to wait for the loader workers of a killed process, which inherit its lock and notice its end after 5."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of file systems without locks."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (since {self.since})"

    @property
    def ended(self) -> bool:
        """Whether it is a process of this machine that has ended."""
        return self.host == socket.gethostname() and not is_running(self.pid)


@contextmanager
def exclusive(file: Path, busy: Callable[[str], None], notify: Notify = no_notes) -> Iterator[None]:
    """Hold the lock ``file`` within the block, alone among all processes.

    Args:
        file: the lock file; it is created, and stays.
        busy: called with the holder in words where another process holds the lock; unless it raises, the lock is
            waited for.
        notify: called with a note where the file system has no locks.

    Raises:
        PixConError: the file cannot be written.
    """
    lock, holder = FileLock(file), file.with_suffix(HOLDER)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not _acquired(lock, 0) and not (_ended(holder) and _acquired(lock, ORPHANS)):
            busy(str(_read(holder) or "another process"))
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise PixConError(f"Could not write {file}: {error.strerror or error}.") from error
        notify(f"note: {file.parent} has no file locks; nothing keeps a second process from writing there.")
    try:
        with suppress(PixConError):  # the name is only for messages
            write_text(holder, f"{os.getpid()} {socket.gethostname()} {datetime.now():%Y-%m-%dT%H:%M}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquired(lock: FileLock, seconds: float) -> bool:
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def _ended(holder: Path) -> bool:
    found = _read(holder)
    return found is not None and found.ended


def _read(holder: Path) -> Holder | None:
    """The holder that a file names; None where there is none or the file is damaged."""
    try:
        text = read_bytes(holder, 300).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.fullmatch(r"(\d{1,9}) ([\w.-]{1,255}) ([\dT:-]{16})\n", text)
    return Holder(int(found[1]), found[2], found[3].replace("T", " ")) if found else None
