"""Questions about paths that come from outside: no name makes them fail.

A name may be too long for a file system, hold a NUL byte, be a link to itself, or begin with the home of a user whom
this machine does not know. The methods of :class:`pathlib.Path` raise three classes of errors then.
"""

import os
from collections.abc import Callable
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether anything is at ``path``."""
    return _is(path.exists)


def is_file(path: Path) -> bool:
    """Whether a file is at ``path``."""
    return _is(path.is_file)


def is_folder(path: Path) -> bool:
    """Whether a folder is at ``path``."""
    return _is(path.is_dir)


def _is(asked: Callable[[], bool]) -> bool:
    """The answer; False for a name that no file can have."""
    try:
        return asked()
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """``path`` as an absolute one with links followed as far as they lead; itself where no file can have its name."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return path


def expanded(path: Path) -> Path:
    """``path`` with the home folder for ``~``; itself where there is none."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
